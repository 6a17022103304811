"""The routes of the console."""

from __future__ import annotations

from django.urls import URLPattern, path

from safelight.server.console import (
    about,
    api_docs,
    cases,
    complaints,
    configuration,
    home,
    jobs,
    keys,
    ledger,
    lists,
    surfaces,
    unscanned,
    webhooks,
)

urlpatterns: list[URLPattern] = [
    path("", home.home, name="console_home"),
    path("cases/", cases.queue, name="console_cases"),
    path("cases/next/", cases.take_next, name="console_case_next"),
    path("cases/<uuid:case_id>/", cases.case, name="console_case"),
    path("cases/<uuid:case_id>/do/", cases.do, name="console_case_do"),
    path("cases/<uuid:case_id>/words/<uuid:occurrence_id>/", cases.words, name="console_case_words"),
    path("complaints/", complaints.complaints, name="console_complaints"),
    path("complaints/<uuid:complaint_id>/", complaints.answer, name="console_complaint"),
    path("unscanned/", unscanned.unscanned, name="console_unscanned"),
    path("unscanned/<uuid:item_id>/", unscanned.rescan, name="console_unscanned_rescan"),
    path("lists/", lists.lists, name="console_lists"),
    path("lists/new/", lists.make, name="console_list_new"),
    path("lists/named/<str:name>/", lists.one_list, name="console_list"),
    path("lists/named/<str:name>/settings/", lists.change_list, name="console_list_change"),
    path("lists/named/<str:name>/entries/", lists.propose_entries, name="console_list_propose"),
    path("lists/named/<str:name>/batches/<uuid:batch_id>/", lists.decide_batch, name="console_list_batch"),
    path("lists/named/<str:name>/do/", lists.do, name="console_list_do"),
    path("keys/", keys.keys, name="console_keys"),
    path("keys/<uuid:key_id>/", keys.change_key, name="console_key_change"),
    path("surfaces/", surfaces.surfaces, name="console_surfaces"),
    path("surfaces/<uuid:surface_id>/", surfaces.surface, name="console_surface"),
    path("surfaces/<uuid:surface_id>/retire/", surfaces.retire, name="console_surface_retire"),
    path("bases/<uuid:basis_id>/withdraw/", surfaces.withdraw, name="console_surface_withdraw"),
    path("webhooks/", webhooks.webhooks, name="console_webhooks"),
    path("webhooks/<uuid:endpoint_id>/", webhooks.change_endpoint, name="console_webhook_change"),
    path("deliveries/<uuid:delivery_id>/", webhooks.resend_delivery, name="console_webhook_resend"),
    path("alerts/<uuid:alert_id>/", home.acknowledge_alert, name="console_alert"),
    path("jobs/", jobs.jobs, name="console_jobs"),
    path("jobs/<uuid:job_id>/retry/", jobs.retry_job, name="console_job_retry"),
    path("ledger/", ledger.ledger, name="console_ledger"),
    path("settings/", configuration.configuration, name="console_settings"),
    path("api/", api_docs.api_docs, name="console_api"),
    path("api/openapi.json", api_docs.api_schema, name="console_api_schema"),
    path("about/", about.about, name="console_about"),
]
