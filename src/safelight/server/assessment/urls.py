"""The routes of assessments."""

from __future__ import annotations

from django.urls import URLPattern, path

from safelight.server.assessment import opinion_pages, outcome_pages, pages

_ITEM = "cases/<uuid:case_id>/items/<uuid:item_id>/"

urlpatterns: list[URLPattern] = [
    path(_ITEM, pages.item, name="assessment_item"),
    path(_ITEM + "stack/", pages.stack, name="assessment_stack"),
    path(_ITEM + "same/", pages.same, name="assessment_same"),
    path("cases/<uuid:case_id>/places/<uuid:occurrence_id>/decide/", pages.place, name="assessment_place"),
    path("cases/<uuid:case_id>/finish/", pages.finish, name="assessment_finish"),
    path("opinions/", opinion_pages.opinions, name="assessment_opinions"),
    path("opinions/next/", opinion_pages.next_opinion, name="assessment_opinion_next"),
    path("opinions/<uuid:opinion_id>/", opinion_pages.opinion, name="assessment_opinion"),
    path("opinions/<uuid:opinion_id>/back/", opinion_pages.back, name="assessment_opinion_back"),
    path("agreement/", outcome_pages.agreement, name="assessment_agreement"),
    path("agreement/golden/", outcome_pages.golden_rate, name="assessment_golden_rate"),
    path("suggestions/", outcome_pages.suggestions, name="assessment_suggestions"),
    path("suggestions/<uuid:suggestion_id>/", outcome_pages.suggestion, name="assessment_suggestion"),
    path("corrections/", outcome_pages.corrections, name="assessment_corrections"),
    path("corrections/<uuid:correction_id>/", outcome_pages.correction, name="assessment_correction"),
]
