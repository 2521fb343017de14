"""One file for every deployment; what differs comes from the environment (ydjy/environment.py)."""

import hashlib
from pathlib import Path

from ydjy import environment
from ydjy.lib.crypto import keyfiles

BASE_DIR = Path(__file__).resolve().parent.parent
ENV = environment.read(base=BASE_DIR)

DATA = ENV.data
DATA.mkdir(mode=0o700, parents=True, exist_ok=True)
KEYS = DATA / "keys"
SITE = ENV.site
LOOPBACK_ONLY = ENV.loopback_only
PROXIES = ENV.proxies

DEBUG = ENV.debug
SECRET_KEY = (
    ENV.secret_key or hashlib.sha256(b"django" + keyfiles.load_or_make(KEYS, "secret")).hexdigest()
)
ALLOWED_HOSTS = list(ENV.hosts)

INSTALLED_APPS = [
    "ydjy.apps.YdjyConfig",  # first: its templates win over the admin's
    "ydjy.desk.apps.DeskConfig",
    "apps.offices.apps.OfficesConfig",
    "apps.institutions.apps.InstitutionsConfig",
    "apps.filings.apps.FilingsConfig",
    "apps.errors.apps.ErrorsConfig",
    "ydjy.staff_site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "ydjy.standing.read_once_more",
    "ydjy.public_site.page_cache.public_memory",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ydjy.middleware.headers",
    "ydjy.standing.only_when_ready",  # outside the sessions, which need the database
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "ydjy.desk.null_characters.WithoutNul",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ydjy.middleware.session_clock",
    "ydjy.desk.audit.change_log.acting",
    "ydjy.desk.transactions.OneTransactionPerWrite",
    # The innermost: what it encloses is a public page and no session.
    "ydjy.public_site.middleware.public_pages",
]

ROOT_URLCONF = "ydjy.urls"
WSGI_APPLICATION = "ydjy.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES = {"default": ENV.database}
PUBLIC_CACHE_SECONDS = 2  # how old the mark of the public content may be in one process

if SITE == "public":  # no admin, no sessions, no errors app; a database that only reads
    INSTALLED_APPS = [
        "ydjy.apps.YdjyConfig",
        "ydjy.desk.apps.DeskConfig",
        "apps.offices.apps.OfficesConfig",
        "apps.institutions.apps.InstitutionsConfig",
        "apps.filings.apps.FilingsConfig",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.staticfiles",
    ]
    MIDDLEWARE = [
        "ydjy.standing.read_once_more",
        "ydjy.public_site.page_cache.public_memory",
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "ydjy.middleware.headers",
        "ydjy.standing.only_when_ready",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "ydjy.desk.null_characters.WithoutNul",
        "ydjy.public_site.middleware.public_pages",
    ]
    TEMPLATES[0]["OPTIONS"] = {}
    DATABASES = {"default": environment.reading_only(ENV.database)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "offices.Staff"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# None of import-export's own screens is mounted. Should one ever be, it asks for a right of its own
# (its default asks for none) and writes no live formula.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
SESSION_IDLE_SECONDS = 30 * 60
SESSION_COOKIE_AGE = 9 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Strict"
# A cookie of its own: kept in the session it would make a row for whoever looks at the log-in page.
CSRF_COOKIE_AGE = None  # until the browser is closed
CSRF_COOKIE_HTTPONLY = True  # our scripts read the token from a form of the page
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_FAILURE_VIEW = "ydjy.public_site.views.page_too_old"

# Off loopback the site is behind TLS, or it does not answer -----------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOOPBACK_ONLY
_HOST = "" if LOOPBACK_ONLY else "__Host-"  # no other host of the domain can set such a cookie
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_HOST}ydjy", f"{_HOST}ydjy-form"
KNOWN_DESK_COOKIE_NAME = f"{_HOST}ydjy-desk"
SECURE_SSL_REDIRECT = not LOOPBACK_ONLY
# The proxy that holds the certificate speaks plain HTTP to us on loopback; without its word every
# page would be sent to HTTPS for ever. It must set this header itself (docs/deploy.md).
SECURE_PROXY_SSL_HEADER = None if LOOPBACK_ONLY else ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 0 if LOOPBACK_ONLY else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not LOOPBACK_ONLY
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Words, time ----------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "ydjy" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
DATE_FORMAT = "Y年n月j日"

# Files ----------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATIC_ROOT.mkdir(mode=0o700, exist_ok=True)  # whitenoise warns of a missing one at each start
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "ydjy.desk.static_storage.DeskStatic"},
}
# Until collectstatic has run, and for a file that came later, the program's own folders are served.
WHITENOISE_USE_FINDERS = True
# Uploads stay in memory (the 10 MB cap is ours): a spilled temp file would hold personal data.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 100 * 1024 * 1024
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 30  # one choice of a file beside each material

# Jobs -----------------------------------------------------------------------------------------
CELERY_BROKER_URL = ENV.broker_url
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120}
if ENV.broker_url.startswith("filesystem"):
    _QUEUE = DATA / "queue"
    for _name in ("messages", "control", "aside"):
        (_QUEUE / _name).mkdir(mode=0o700, parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT = "ydjy.desk.file_queue:Transport"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_QUEUE / "messages"),
        "data_folder_out": str(_QUEUE / "messages"),
        "control_folder": str(_QUEUE / "control"),
        "processed_folder": str(_QUEUE / "aside"),
    }
CELERY_TIMEZONE = TIME_ZONE
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 100
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA / "beat-schedule")

# Logs: one JSON line each, identity numbers masked whatever the message is ---------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"masked": {"()": "ydjy.desk.json_logging.MaskNumbers"}},
    "formatters": {"json": {"()": "ydjy.desk.json_logging.JsonLines"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "filters": ["masked"], "formatter": "json"}
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {"django.server": {"handlers": ["stderr"], "propagate": False}},
}
SILENCED_SYSTEM_CHECKS: list[str] = []
