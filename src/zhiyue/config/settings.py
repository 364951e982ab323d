"""Every setting of an installation. Each ZHIYUE_… value comes from the environment and has a row in
docs/operating/settings.md; nothing is configured anywhere else."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from zhiyue.config import interface, social
from zhiyue.config.environment import Environment, read_env_file
from zhiyue.config.selling import *  # noqa: F403 - one table of settings in two files
from zhiyue.config.sqlite import use_current_sqlite
from zhiyue.engine.simulate.planting import planted

use_current_sqlite()

read_env_file()
env = Environment()
PACKAGE = Path(__file__).resolve().parent.parent
DEFAULT_SECRET = "not-secret-change-me"  # noqa: S105 - refused in production

# --- What an operator sets ------------------------------------------------------------------------

ZHIYUE_ENVIRONMENT = env.one_of(
    "ZHIYUE_ENVIRONMENT", {"development", "production", "test"}, default="development"
)
ZHIYUE_DATA_DIR = Path(env.str("ZHIYUE_DATA_DIR", default="var")).resolve()
ZHIYUE_DEMO: bool = env.bool("ZHIYUE_DEMO", default=False)
ZHIYUE_DEMO_MEMBERS: int = env.int("ZHIYUE_DEMO_MEMBERS", default=2000)
ZHIYUE_DEMO_DAYS: int = env.int("ZHIYUE_DEMO_DAYS", default=180)
ZHIYUE_DEMO_DRIFT = env.get_value("ZHIYUE_DEMO_DRIFT", cast=planted, default=planted(""))
ZHIYUE_SITE_NAME: str = env.str("ZHIYUE_SITE_NAME", default="知跃")
ZHIYUE_TIME_ZONE: str = env.str("ZHIYUE_TIME_ZONE", default="Asia/Shanghai")
if ZHIYUE_TIME_ZONE not in available_timezones():
    raise ImproperlyConfigured(
        f"ZHIYUE_TIME_ZONE must be a zone such as Asia/Shanghai, not “{ZHIYUE_TIME_ZONE}”."
    )
ZHIYUE_LAKE_URL: str = env.place("ZHIYUE_LAKE_URL")
ZHIYUE_ARTEFACTS_URL: str = env.place("ZHIYUE_ARTEFACTS_URL")
ZHIYUE_SPARK_MASTER: str = env.spark("ZHIYUE_SPARK_MASTER")
ZHIYUE_S3_ENDPOINT: str = env.str("ZHIYUE_S3_ENDPOINT", default="")
ZHIYUE_S3_REGION: str = env.str("ZHIYUE_S3_REGION", default="us-east-1")
ZHIYUE_S3_KEY_ID: str = env.str("ZHIYUE_S3_KEY_ID", default="")
ZHIYUE_S3_SECRET: str = env.str("ZHIYUE_S3_SECRET", default="")
ZHIYUE_S3_BUCKET_IN_HOST: bool = env.bool("ZHIYUE_S3_BUCKET_IN_HOST", default=False)
if bool(ZHIYUE_S3_KEY_ID) != bool(ZHIYUE_S3_SECRET):
    raise ImproperlyConfigured("ZHIYUE_S3_KEY_ID and ZHIYUE_S3_SECRET go together: set both, or none.")
ZHIYUE_EVENTS_KEEP_DAYS: int = env.days("ZHIYUE_EVENTS_KEEP_DAYS", default=0)
ZHIYUE_WEBHOOK_NETWORKS: list[str] = env.networks("ZHIYUE_WEBHOOK_NETWORKS")
ZHIYUE_JOBS_KEEP_DAYS: int = env.int("ZHIYUE_JOBS_KEEP_DAYS", default=7)
ZHIYUE_BACKUP_FOLDER: str = env.str("ZHIYUE_BACKUP_FOLDER", default="")
ZHIYUE_BACKUP_KEEP: int = env.int("ZHIYUE_BACKUP_KEEP", default=14)
ZHIYUE_CARD_FONT: str = env.str("ZHIYUE_CARD_FONT", default="")
ZHIYUE_EVENTS_PER_MINUTE: int = env.int("ZHIYUE_EVENTS_PER_MINUTE", default=600)
ZHIYUE_API_PER_MINUTE_MEMBER: int = env.int("ZHIYUE_API_PER_MINUTE_MEMBER", default=300)
ZHIYUE_API_PER_MINUTE_VISITOR: int = env.int("ZHIYUE_API_PER_MINUTE_VISITOR", default=120)
ZHIYUE_SMTP_URL: str = env.str("ZHIYUE_SMTP_URL", default="")
ZHIYUE_MAIL_FROM: str = env.str("ZHIYUE_MAIL_FROM", default="academy@localhost")
ZHIYUE_CODE_AT_SIGN_UP: bool = env.bool("ZHIYUE_CODE_AT_SIGN_UP", default=True)
ZHIYUE_SMS_PER_HOUR: int = env.int("ZHIYUE_SMS_PER_HOUR", default=500)
ZHIYUE_SMS_PROVIDER = env.one_of(
    "ZHIYUE_SMS_PROVIDER",
    {"none", "console", "aliyun", "tencent"},
    default="none" if ZHIYUE_ENVIRONMENT == "production" else "console",
)
ZHIYUE_SMS_KEY_ID: str = env.str("ZHIYUE_SMS_KEY_ID", default="")
ZHIYUE_SMS_SECRET: str = env.str("ZHIYUE_SMS_SECRET", default="")
ZHIYUE_SMS_SIGN_NAME: str = env.str("ZHIYUE_SMS_SIGN_NAME", default="")
ZHIYUE_SMS_APP_ID: str = env.str("ZHIYUE_SMS_APP_ID", default="")
ZHIYUE_SMS_ENDPOINT: str = env.str("ZHIYUE_SMS_ENDPOINT", default="")
ZHIYUE_SMS_TEMPLATES: dict[str, str] = env.dict("ZHIYUE_SMS_TEMPLATES", default={})
ZHIYUE_STAFF_SECOND_FACTOR = env.one_of(
    "ZHIYUE_STAFF_SECOND_FACTOR",
    {"required", "offered"},
    default="required" if ZHIYUE_ENVIRONMENT == "production" else "offered",
)
DEBUG: bool = env.bool("ZHIYUE_DEBUG", default=False)
SECRET_KEY: str = env.str("ZHIYUE_SECRET_KEY", default=DEFAULT_SECRET)
ALLOWED_HOSTS: list[str] = env.list("ZHIYUE_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("ZHIYUE_TRUSTED_ORIGINS", default=[])
ZHIYUE_REDIS_URL: str = env.str("ZHIYUE_REDIS_URL", default="")
_DATABASE_URL: str = env.str("ZHIYUE_DATABASE_URL", default=f"sqlite:///{ZHIYUE_DATA_DIR}/zhiyue.sqlite3")
ZHIYUE_BEHIND_HTTPS_PROXY: bool = env.bool("ZHIYUE_BEHIND_HTTPS_PROXY", default=False)
ZHIYUE_PROXY_ADDRESSES: str = env.str("ZHIYUE_PROXY_ADDRESSES", default="127.0.0.1")

# --- Applications ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Without autodiscovery: config/admin.py registers everything, to be looked at only.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "csp",
    # Before django-allauth, whose pages are ours.
    "zhiyue.experience.entrance",
    "zhiyue.experience.entrance.qq",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.github",
    "allauth.socialaccount.providers.google",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.weixin",
    "allauth.usersessions",
    "zhiyue.core.audit",
    "zhiyue.core.accounts",
    "zhiyue.core.academy",
    "zhiyue.core.consent",
    "zhiyue.core.jobs",
    "zhiyue.collect",
    "zhiyue.facilities.notices",
    "zhiyue.facilities.search",
    "zhiyue.facilities.webhooks",
    "zhiyue.product.catalogue",
    "zhiyue.product.commerce",
    "zhiyue.product.learning",
    "zhiyue.recommend",
    "zhiyue.monitor",
    "zhiyue.demo",
    "zhiyue.experience.shell",
    "zhiyue.experience.site",
    "zhiyue.experience.studio",
    "zhiyue.experience.desk",
    "zhiyue.experience.api",
    "zhiyue.config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zhiyue.experience.shell.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "zhiyue.experience.shell.middleware.ViewerMiddleware",
    "zhiyue.experience.shell.middleware.BodyMiddleware",
    "zhiyue.experience.shell.middleware.RefusalMiddleware",
    "zhiyue.experience.entrance.consent.ConsentMiddleware",
    "zhiyue.experience.entrance.safety.middleware.ConfirmFirstMiddleware",
    "zhiyue.experience.entrance.safety.middleware.LastSeenMiddleware",
]

ROOT_URLCONF = "zhiyue.config.urls"
ASGI_APPLICATION = "zhiyue.config.asgi.application"
AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "entrance:sign_in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "zhiyue.experience.shell.context.page",
                "zhiyue.config.context.demo",
            ]
        },
    }
]

# --- Records, cache, files ------------------------------------------------------------------------


def _database(url: str) -> dict[str, Any]:
    """SQLite: WAL, writes announced at BEGIN, no mmap. PostgreSQL: a pool that gives up after 5 s.

    No connection outlives its request: under ASGI each request has a thread of its own, and would leave one open.
    """
    found: dict[str, Any] = env.db_url_config(url)
    if found["ENGINE"] == "django.db.backends.sqlite3":
        # SQLite makes its file but not the folder; where that fails, opening the database says so.
        with suppress(OSError):
            Path(found["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        found["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA temp_store=MEMORY;"
            "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-20000;",
        }
    else:
        found["OPTIONS"] = {**found.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 8, "timeout": 5}}
    return found


DATABASES = {"default": _database(_DATABASE_URL)}
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": ZHIYUE_REDIS_URL}
    if ZHIYUE_REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
# Pictures that people uploaded. No address leads into the folder: views hand out what may be seen.
MEDIA_ROOT = ZHIYUE_DATA_DIR / "media"
STATIC_URL = "/static/"
# Production serves what `zhiyue collectstatic` collected; elsewhere the files are served from where they lie.
STATIC_ROOT = ZHIYUE_DATA_DIR / "static" if ZHIYUE_ENVIRONMENT == "production" else None
WHITENOISE_USE_FINDERS = ZHIYUE_ENVIRONMENT != "production"
# What is collected is compressed on the way; what the build made lies compressed already.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
# Built files carry a hash of their content in the name.
WHITENOISE_IMMUTABLE_FILE_TEST = r"/built/assets/"

# --- Languages and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = "zy_language"
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = True
TIME_ZONE = ZHIYUE_TIME_ZONE
FORMAT_MODULE_PATH = ["zhiyue.locale.formats"]

# --- Signing in -----------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ACCOUNT_ADAPTER = "zhiyue.experience.entrance.adapter.AccountAdapter"
ACCOUNT_FORMS = {"reauthenticate": "zhiyue.experience.entrance.safety.forms.ConfirmByPasswordForm"}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True

# --- Second factors, devices, other sites ---------------------------------------------------------

MFA_ADAPTER = "zhiyue.experience.entrance.safety.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "zhiyue.experience.entrance.safety.forms.SecondStepForm",
    "authenticate_webauthn": "zhiyue.experience.entrance.safety.forms.SecondStepByPasskeyForm",
    "reauthenticate": "zhiyue.experience.entrance.safety.forms.ConfirmForm",
    "reauthenticate_webauthn": "zhiyue.experience.entrance.safety.forms.ConfirmByPasskeyForm",
    "login_webauthn": "zhiyue.experience.entrance.safety.forms.SignInByPasskeyForm",
    "activate_totp": "zhiyue.experience.entrance.safety.forms.AddAppForm",
    "add_webauthn": "zhiyue.experience.entrance.safety.forms.AddPasskeyForm",
    "edit_webauthn": "zhiyue.experience.entrance.safety.forms.NamePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = 1
# An owner must be able to protect an academy that can't send mail yet.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Per address, which a whole school may share; there is nothing to guess.
MFA_RATE_LIMITS = {"webauthn_login": "120/m/ip"}
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_ADAPTER = "zhiyue.experience.entrance.safety.adapter.ArrivalAdapter"
SOCIALACCOUNT_QUERY_EMAIL = True
SOCIALACCOUNT_REAUTHENTICATION_REQUIRED = True
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_PROVIDERS = social.providers(
    {
        "WEIXIN": (
            env.str("ZHIYUE_SOCIAL_WEIXIN_ID", default=""),
            env.str("ZHIYUE_SOCIAL_WEIXIN_SECRET", default=""),
        ),
        "QQ": (env.str("ZHIYUE_SOCIAL_QQ_ID", default=""), env.str("ZHIYUE_SOCIAL_QQ_SECRET", default="")),
        "GITHUB": (
            env.str("ZHIYUE_SOCIAL_GITHUB_ID", default=""),
            env.str("ZHIYUE_SOCIAL_GITHUB_SECRET", default=""),
        ),
        "GOOGLE": (
            env.str("ZHIYUE_SOCIAL_GOOGLE_ID", default=""),
            env.str("ZHIYUE_SOCIAL_GOOGLE_SECRET", default=""),
        ),
    },
    oidc=(
        env.str("ZHIYUE_SOCIAL_OIDC_NAME", default=""),
        env.str("ZHIYUE_SOCIAL_OIDC_URL", default=""),
        env.str("ZHIYUE_SOCIAL_OIDC_ID", default=""),
        env.str("ZHIYUE_SOCIAL_OIDC_SECRET", default=""),
    ),
)

# --- Messages -------------------------------------------------------------------------------------

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if ZHIYUE_SMTP_URL:
    globals().update(env.email_url("ZHIYUE_SMTP_URL"))
DEFAULT_FROM_EMAIL = ZHIYUE_MAIL_FROM
EMAIL_TIMEOUT = 10

# --- Safety ---------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF, *social.form_origins(SOCIALACCOUNT_PROVIDERS)],
        "frame-ancestors": [NONE],
    }
}
SESSION_COOKIE_NAME = "zy_session"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "zy_csrf"
CSRF_FAILURE_VIEW = "zhiyue.experience.shell.errors.csrf_failed"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
# A lesson of 200,000 characters is 2.4 MB as a form sends it (up to 12 bytes each); a text half as long again still
# reaches the form, which says that it is too long and keeps it. The API takes less: see its parser.
DATA_UPLOAD_MAX_MEMORY_SIZE = 4_000_000
if ZHIYUE_ENVIRONMENT == "production":
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
if ZHIYUE_BEHIND_HTTPS_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

REST_FRAMEWORK, SPECTACULAR_SETTINGS = interface.REST_FRAMEWORK, interface.SPECTACULAR_SETTINGS

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("ZHIYUE_LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        # Whoever asks for another host gets a 400; a traceback for each would only fill the log.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}
