"""Django's settings, derived from :mod:`safelight.server.config` and from the keys handed to this process.

Nothing here is meant to be edited by an operator: what may be set is in ``config.py``.
"""

from __future__ import annotations

from typing import Any, Final

from safelight.keys import Purpose
from safelight.server.config import load
from safelight.server.databases import database_settings
from safelight.server.people.identity_provider import provider_settings
from safelight.server.secrets import process_keys

CONFIG: Final = load()
_keys = process_keys()

SECRET_KEY = _keys.subkey(Purpose.DJANGO_SECRET).hex()
SECRET_KEY_FALLBACKS = [
    _keys.subkey(Purpose.DJANGO_SECRET, id_).hex() for id_ in sorted(_keys.ids() - {_keys.primary_id})
]
DEBUG = False
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "safelight.server.urls"
WSGI_APPLICATION = "safelight.server.wsgi.application"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    # First, so that their templates come before those of allauth.
    "safelight.server.console.apps.Config",
    "safelight.server.people.apps.Config",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.humanize",
    "django.forms",  # its templates, which the renderer below extends by ours
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "safelight.server.intake.apps.Config",
    "safelight.server.lookups.apps.Config",
    "safelight.server.cases.apps.Config",
    "safelight.server.vault.apps.Config",
    "safelight.server.ledger.apps.Config",
    "safelight.server.jobs.apps.Config",
    "safelight.server.webhooks.apps.Config",
    "safelight.server.alerts.apps.Config",
    "safelight.server.lists.apps.Config",
    "safelight.server.assessment.apps.Config",
    "safelight.server.review.apps.Config",
    "safelight.server.hotlines.apps.Config",
    "safelight.server.bundle.apps.Config",
]

MIDDLEWARE = [
    "safelight.server.operations.metrics.measured",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
]

DATABASES: dict[str, dict[str, Any]] = {"default": database_settings(CONFIG)}

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "safelight.server.people.standing.standing",
            ]
        },
    }
]

FORM_RENDERER = "safelight.server.console.rendering.FormRenderer"

AUTH_USER_MODEL = "people.Person"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "console_home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Nobody signs up: people join by invitation (people/invitations.py), and allauth's own forms stay closed.
ACCOUNT_ADAPTER = "safelight.server.people.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
SOCIALACCOUNT_ADAPTER = "safelight.server.people.adapters.IdentityAdapter"
SOCIALACCOUNT_PROVIDERS = provider_settings(CONFIG.oidc)
MFA_ADAPTER = "safelight.server.people.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Safelight"
# Mail goes out in one place only (alerts/mailing.py); whatever a library might send goes nowhere.
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# Attempts to sign in are counted here, by all web processes together and across restarts.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "people_cache"}}

# Served on loopback over plain HTTP; a reverse proxy that adds TLS sets its own transport headers.
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_TRUSTED_ORIGINS = [CONFIG.public_url]
SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": browsers then send forms with "Origin: null", which the CSRF check has to refuse.
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
LOGGING_CONFIG = None  # operations/logs.py
# Files of a form never touch disk as plaintext; bodies are limited before Django sees them.
FILE_UPLOAD_HANDLERS = ["safelight.server.operations.uploads.SpoolUploadHandler"]

SILENCED_SYSTEM_CHECKS = [
    # All four ask for TLS, which this server does not speak: it is reached over the loopback only, where
    # nothing is carried by a network. A reverse proxy that adds TLS sets HSTS and redirects by itself.
    "security.W004",  # SECURE_HSTS_SECONDS: a browser would refuse http://localhost from then on
    "security.W008",  # SECURE_SSL_REDIRECT: there is nowhere to redirect to
    "security.W012",  # SESSION_COOKIE_SECURE: Safari keeps no secure cookie of http://localhost
    "security.W016",  # CSRF_COOKIE_SECURE: the same
]
