"""The routes of people. What is not named here does not exist: no sign-up, no reset by mail."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa import urls as mfa
from allauth.socialaccount import views as socialaccount
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from allauth.usersessions import views as usersessions
from django.urls import URLPattern, URLResolver, include, path

from safelight.server.people import administration, views
from safelight.server.people.demo_entrance import demo_entrance
from safelight.server.people.factor_ledger import accounted

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.account, name="people_account"),
    path("join/<str:token>/", views.join_view, name="people_join"),
    path("demo/<str:token>/", demo_entrance, name="people_demo"),
    path("people/", administration.people, name="people_people"),
    path("people/invite/", administration.invite_view, name="people_invite"),
    path("people/<uuid:person_id>/", administration.person_view, name="people_person"),
    path("proposals/<uuid:proposal_id>/", administration.decide_view, name="people_decide"),
    path("invitations/<uuid:invitation_id>/", administration.withdraw_view, name="people_withdraw"),
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("sessions/", usersessions.list_usersessions, name="usersessions_list"),
    path("factors/", include(accounted(mfa.urlpatterns))),
    path("oidc/cancelled/", socialaccount.login_cancelled, name="socialaccount_login_cancelled"),
    path("oidc/error/", socialaccount.login_error, name="socialaccount_login_error"),
    path("oidc/<str:provider_id>/login/", views.to_provider, name="openid_connect_login"),
    path("oidc/<str:provider_id>/callback/", openid_connect.callback, name="openid_connect_callback"),
]
