"""The routes of looking: views are opened and fetched here; the pages of exposure stand beside them."""

from __future__ import annotations

from django.urls import URLPattern, path

from safelight.server.review import inside_pages, looking, pages

urlpatterns: list[URLPattern] = [
    path("review/cases/<uuid:case_id>/items/<uuid:item_id>/", looking.open_, name="review_open"),
    path("review/renderings/<str:token>/", looking.rendering, name="review_rendering"),
    path(
        "review/cases/<uuid:case_id>/items/<uuid:item_id>/loudness/",
        looking.loudness,
        name="review_loudness",
    ),
    path(
        "review/cases/<uuid:case_id>/items/<uuid:item_id>/inside/", inside_pages.inside, name="review_inside"
    ),
    path("review/segments/<str:token>/", looking.segment, name="review_segment"),
    path("review/viewings/<uuid:viewing_id>/", looking.beat, name="review_beat"),
    path(
        "review/cases/<uuid:case_id>/items/<uuid:item_id>/metadata/", looking.metadata, name="review_metadata"
    ),
    path("review/cases/<uuid:case_id>/release/", looking.release, name="review_release"),
    path("review/cases/<uuid:case_id>/escalation/", looking.escalation, name="review_escalation"),
    path("exposure/", pages.own, name="review_own"),
    path("exposure/do/", pages.do, name="review_do"),
    path("exposure/team/", pages.team, name="review_team"),
    path("exposure/search/", pages.search, name="review_search"),
    path("exposure/people/<uuid:person_id>/", pages.person, name="review_person"),
]
