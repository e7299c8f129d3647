"""Settings of every process: one file, everything from the environment (design section 7).

Three modes. Production is the default and falls back to nothing. Development is `make run` (or DEBUG=1): embedded
database, secrets made once into .data/. Test is the test suite's own.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from accounts import limits
from project import (
    alert_settings,
    embedded_postgres,
    env,
    limit_settings,
    mail_settings,
    queue_settings,
    storage_settings,
    stripe_settings,
)
from project.openapi_settings import SETTINGS as SPECTACULAR_SETTINGS  # noqa: F401 - read by drf-spectacular

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / ".data")) or "")
DEBUG = bool(env.flag("DEBUG", default=False))

_mode = os.environ.get("FRAMEHOUSE_MODE", "")
if _mode not in ("", "production", "development", "test"):
    raise ImproperlyConfigured("FRAMEHOUSE_MODE must be production, development or test.")
if not _mode:
    # A checkout on which `make run` was used is a development one, until a SECRET_KEY says otherwise.
    _marked = (DATA_DIR / "development").exists() and not env.text("SECRET_KEY") and env.flag("DEBUG") is None
    _mode = "development" if DEBUG or _marked else "production"
MODE = _mode
PRODUCTION = MODE == "production"
TESTING = MODE == "test"


def _made_once(name: str) -> str:
    """A secret of development and tests, made at the first start and kept in DATA_DIR."""
    path = DATA_DIR / f"{name.lower()}.secret"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64), encoding="ascii")
        try:
            os.link(draft, path)  # the first of several processes wins, the others read its value
        except FileExistsError:
            pass
        finally:
            draft.unlink()
        return path.read_text(encoding="ascii")


def _secret(name: str, why: str) -> str:
    return env.required(name, why) if PRODUCTION else env.text(name) or _made_once(name)


SECRET_KEY = _secret("SECRET_KEY", "it signs sessions and links. Set 50 random characters or more.")
API_KEY_PEPPER = _secret("API_KEY_PEPPER", "stored API keys are hashed with it. Set 50 random characters or more.")
SECRET_KEY_FALLBACKS = list(env.listed("SECRET_KEY_FALLBACKS"))  # earlier ones: they open links and mail of before
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG must be off in production.")
for _name, _value in (("SECRET_KEY", SECRET_KEY), ("API_KEY_PEPPER", API_KEY_PEPPER)):
    if len(_value) < 50:
        raise ImproperlyConfigured(f"{_name} must have at least 50 characters, not {len(_value)}.")
if SECRET_KEY == API_KEY_PEPPER:
    raise ImproperlyConfigured("API_KEY_PEPPER must differ from SECRET_KEY, or changing one ends the other.")

# --- where we are -----------------------------------------------------------------------------------------------
_site = env.base_url("SITE_URL", None if PRODUCTION else "http://localhost:8000")
if _site is None:
    raise ImproperlyConfigured("SITE_URL is missing: providers call back to it. Set the public address.")
if PRODUCTION and not _site.startswith("https://"):
    raise ImproperlyConfigured("SITE_URL must be an https address in production.")
SITE_URL: str = _site
ALLOWED_HOSTS = list(env.listed("ALLOWED_HOSTS"))
if not ALLOWED_HOSTS:
    if PRODUCTION:
        raise ImproperlyConfigured("ALLOWED_HOSTS is missing: name the hosts that this service answers for.")
    ALLOWED_HOSTS = ["localhost", "127.0.0.1", "[::1]", ".localhost", "testserver"]

# --- database ---------------------------------------------------------------------------------------------------
EMBEDDED_POSTGRES: Path | None = None
_database_url = env.text("DATABASE_URL")
_database: dict[str, Any]
if _database_url:
    try:
        _database = dict(environ.Env.db_url_config(_database_url))
    except (ValueError, ImproperlyConfigured) as error:
        raise ImproperlyConfigured("DATABASE_URL must look like postgres://user:password@host:5432/name.") from error
    if _database.get("ENGINE") not in (
        "django.db.backends.postgresql",
        "django.db.backends.postgresql_psycopg2",
    ):
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL server: there is no other dialect.")
    _database["ENGINE"] = "django.db.backends.postgresql"
elif PRODUCTION:
    raise ImproperlyConfigured(
        "DATABASE_URL is missing: a production start needs a PostgreSQL server of its own. "
        "For development use `make run`, or set DEBUG=1."
    )
else:
    EMBEDDED_POSTGRES = DATA_DIR / "postgres"
    _database = dict(embedded_postgres.config(EMBEDDED_POSTGRES))
_database["CONN_MAX_AGE"] = None  # stack.md section 3: 2,000 requests/s instead of 187
_database["CONN_HEALTH_CHECKS"] = True
# Sums of many days (the desk of costs) are added up in memory instead of sorted on disk: half the time.
_database.setdefault("OPTIONS", {})["options"] = "-c work_mem=16MB"
# invariants.md section 3; commands that take longer (migrate) lift them by DB_TIMEOUTS=off.
if env.flag("DB_TIMEOUTS", default=True):
    _database["OPTIONS"]["options"] += (
        " -c lock_timeout=3s -c statement_timeout=10s -c idle_in_transaction_session_timeout=15s"
    )
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- providers (addresses are data; production uses the providers' own) ------------------------------------------
KIE_API_KEY = env.text("KIE_API_KEY")
KIE_API_BASE = env.base_url("KIE_API_BASE", "https://api.kie.ai")
KIE_UPLOAD_BASE = env.base_url("KIE_UPLOAD_BASE", "https://kieai.redpandaai.co")
KIE_WEBHOOK_KEY = env.text("KIE_WEBHOOK_KEY")
FAL_KEY = env.text("FAL_KEY")
FAL_QUEUE_BASE = env.base_url("FAL_QUEUE_BASE", "https://queue.fal.run")
FAL_REST_BASE = env.base_url("FAL_REST_BASE", "https://rest.fal.ai")
FAL_API_BASE = env.base_url("FAL_API_BASE", "https://api.fal.ai")  # the platform API: our balance
FAL_ADMIN_KEY = env.text("FAL_ADMIN_KEY")  # what the platform API asks for; without it FAL_KEY is tried
FAL_JWKS_URL = env.base_url("FAL_JWKS_URL") or f"{FAL_REST_BASE}/.well-known/jwks.json"
if PRODUCTION:
    for _name, _key in (("KIE_API_KEY", KIE_API_KEY), ("FAL_KEY", FAL_KEY)):
        if not _key:
            raise ImproperlyConfigured(f"{_name} is missing: a production start never falls back to the sandbox.")
    for _name in ("KIE_API_BASE", "KIE_UPLOAD_BASE", "FAL_QUEUE_BASE", "FAL_REST_BASE", "FAL_API_BASE", "FAL_JWKS_URL"):
        if not str(globals()[_name]).startswith("https://"):
            raise ImproperlyConfigured(f"{_name} must be an https address in production.")
OUTBOUND_ALLOW_HOSTS = env.listed("OUTBOUND_ALLOW_HOSTS")
if PRODUCTION and OUTBOUND_ALLOW_HOSTS:
    raise ImproperlyConfigured("OUTBOUND_ALLOW_HOSTS opens the outbound guard: it is only for development and tests.")
OUTBOUND_CA_FILE = env.text("OUTBOUND_CA_FILE")
STRIPE = stripe_settings.read(
    env.text("STRIPE_SECRET_KEY"),
    env.text("STRIPE_WEBHOOK_SECRET"),
    env.base_url("STRIPE_API_BASE"),
    production=PRODUCTION,
)
ALERTS = alert_settings.read(production=PRODUCTION)

# --- apps -------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "project",
    "accounts",
    "billing",
    "generations",
    "accounts.staff_config.StaffConfig",  # django.contrib.admin behind our gate
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "template_partials",
    "django_htmx",
    "heroicons",
    "django_q",
    "csp",
]
MIDDLEWARE = [
    "project.middleware.RequestIdMiddleware",
    "project.access_log.AccessLogMiddleware",
    "project.origin.OriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "project.middleware.BodyCapMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sessions.SessionAgeMiddleware",
    "accounts.viewing.ViewingMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "project.middleware.ProblemMiddleware",
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "generations.context.house",
                "project.appearance.theme",
            ],
        },
    },
    *mail_settings.templates(BASE_DIR / "templates", strict=not PRODUCTION),
]

# How many proxies of ours stand before us: the caller's address is taken that many places from the right of
# X-Forwarded-For (faults.md row 74). 0: nobody's word is taken, the address is the connection's.
TRUSTED_PROXY_COUNT = ALLAUTH_TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0, least=0, most=10)

# --- identity ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if TESTING:  # Argon2 takes 50 ms and 100 MiB a time, by design
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 1  # the one way to another address is accounts.addresses, confirmed on both
ACCOUNT_RATE_LIMITS = limits.ACCOUNT
_FORMS = ("login", "reauthenticate", "change_password", "set_password", "reset_password", "reset_password_from_key")
ACCOUNT_FORMS = {name: f"accounts.forms_account.{name.title().replace('_', '')}Form" for name in _FORMS}
ACCOUNT_FORMS["signup"] = "accounts.sign_up.SignUpForm"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Framehouse] "
ACCOUNT_ADAPTER = "accounts.identity.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = True
PASSWORD_RESET_TIMEOUT = 3600  # seconds that a reset's link opens
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300  # seconds that a proof stays fresh for dangerous pages
MFA_RATE_LIMITS = limits.MFA
MFA_ADAPTER = "accounts.mfa.MfaAdapter"
MFA_FORMS = {
    "authenticate": "accounts.mfa_forms.AuthenticateForm",
    "reauthenticate": "accounts.mfa_forms.ReauthenticateForm",
    "activate_totp": "accounts.mfa_forms.ActivateTOTPForm",
    "add_webauthn": "accounts.mfa_forms.AddWebAuthnForm",
    "edit_webauthn": "accounts.mfa_forms.EditWebAuthnForm",
    "authenticate_webauthn": "accounts.mfa_forms.AuthenticateWebAuthnForm",
    "login_webauthn": "accounts.mfa_forms.LoginWebAuthnForm",
    "reauthenticate_webauthn": "accounts.mfa_forms.ReauthenticateWebAuthnForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Framehouse"
MFA_TOTP_TOLERANCE = 1  # steps of 30 s either way (faults.md E6)
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/studio"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
EMAIL_BACKEND = "project.mail.QueuedBackend"  # everything goes into the outbox; the worker sends by MAIL_TRANSPORT
_mail = mail_settings.transport(env.text("EMAIL_URL"), production=PRODUCTION)
MAIL_TRANSPORT: str = _mail.backend
EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
EMAIL_TIMEOUT = mail_settings.TIMEOUT
DEFAULT_FROM_EMAIL = mail_settings.sender(env.text("DEFAULT_FROM_EMAIL"), site=SITE_URL)

# --- transport and cookies --------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # probes come over plain http
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = PRODUCTION
SECURE_HSTS_PRELOAD = PRODUCTION
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.flag("BEHIND_TLS_PROXY", default=False):  # only where the proxy strips the header of its callers
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_TRUSTED_ORIGINS = [SITE_URL]
CSRF_FAILURE_VIEW = "project.error_views.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 262_144  # 256 KiB, faults.md row 75; uploads have their own cap
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
APPEND_SLASH = False  # a redirect would be a permanent delivery failure of a provider's callback (fal.md 4.4)

# --- files ------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
# Collected in production only; elsewhere whitenoise finds the files where they are.
STATIC_ROOT = env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")) if PRODUCTION else None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = not PRODUCTION
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(DATA_DIR / "media")) or "")
MEDIA_URL = "/media/"
# What a team's uploads may take up at once, and for how long after its last use an upload is kept.
UPLOAD_QUOTA_BYTES = env.integer("UPLOAD_QUOTA_BYTES", 2 * 1024**3, least=10 * 1024**2, most=1024**5)
UPLOAD_QUOTA_FILES = env.integer("UPLOAD_QUOTA_FILES", 1_000, least=1, most=10_000_000)
UPLOAD_KEEP_DAYS = env.integer("UPLOAD_KEEP_DAYS", 30, least=1, most=3_650)
FILE_UPLOAD_PERMISSIONS = 0o600
_storage, _media_hosts = storage_settings.read()
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:", *_media_hosts],
        "media-src": [SELF, *_media_hosts],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF, STRIPE.checkout],  # a form of ours may lead on to where one pays
    }
}
STORAGES = {
    "default": _storage,
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# Shared by all processes: limits of sign-in count in it (accounts/migrations/0005 makes the table).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": limits.CACHE_ENTRIES},
    }
}

# --- queue, clock and limits ------------------------------------------------------------------------------------
WORKERS = env.integer("WORKERS", 2, least=1, most=64)
Q_CLUSTER = queue_settings.cluster(workers=WORKERS)
JOBS = queue_settings.JOBS
CLOCK = queue_settings.CLOCK
STATUS_NOTICES = ("generations.oversight.pauses.notices",)  # what the status page tells besides
MODEL_NAMES = "generations.catalog.names"  # for apps that may not import the product
STAFF_ACTS, DUTIES = "generations", "generations.oversight.duties.BUNDLES"  # the acts of staff (models/staff.py)
# Above this a second person posts what staff add to a wallet or take from it; in micro-dollars.
STAFF_ADJUST_LIMIT = 1_000_000 * env.integer("STAFF_ADJUST_LIMIT_USD", 100, least=0, most=1_000_000)
# invariants.md section 1: KIE allows 20 creates in 10 s for the whole account; kept at 18. fal names no rate.
PROVIDER_LIMITS: dict[str, dict[str, int]] = {
    "kie": {"creates": 18, "window_ms": 10_000, "reads": 8, "in_flight": 100, "in_flight_team": 20},
    "fal": {"creates": 50, "window_ms": 10_000, "reads": 50, "in_flight": 100, "in_flight_team": 20},
}

RATE_LIMITS = limit_settings.read({name: env.text(name) for name, _ in limit_settings.SETTINGS.values()})

# --- the rest ---------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.authentication.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "project.api.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "project.openapi.ViewSchema",
}
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
USE_I18N = False
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # addresses are unique by lower case, in a constraint that the check cannot see
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "project.logs.Redact"}, "whose": {"()": "project.logs.Whose"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact", "whose"]}},
    "loggers": dict.fromkeys(("django-q", "httpx", "stripe"), {"level": "WARNING"}),
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "WARNING" if TESTING else "INFO")},
}
