"""A pytest plugin, loaded before everything else (pyproject: -p tests.environment): the mode, the environment and the
database server must stand before pytest-django reads the settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".data" / "test"

# Nothing of the caller's environment may decide what the tests do.
for name in list(os.environ):
    if name.split("_FILE")[0] in {
        "ALLOWED_HOSTS",
        "API_KEY_PEPPER",
        "DATABASE_URL",
        "DEBUG",
        "EMAIL_URL",
        "FAL_ADMIN_KEY",
        "FAL_API_BASE",
        "FAL_JWKS_URL",
        "FAL_KEY",
        "FAL_QUEUE_BASE",
        "FAL_REST_BASE",
        "KIE_API_BASE",
        "KIE_API_KEY",
        "KIE_UPLOAD_BASE",
        "KIE_WEBHOOK_KEY",
        "MEDIA_ROOT",
        "SECRET_KEY",
        "SITE_URL",
        "STORAGE_URL",
        "STRIPE_API_BASE",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "UPLOAD_KEEP_DAYS",
        "UPLOAD_QUOTA_BYTES",
        "UPLOAD_QUOTA_FILES",
    }:
        del os.environ[name]
    elif name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
        del os.environ[name]  # every peer of the tests is on loopback
os.environ["FRAMEHOUSE_MODE"] = "test"
os.environ["DATA_DIR"] = str(DATA)
os.environ["OUTBOUND_ALLOW_HOSTS"] = "127.0.0.1,localhost"  # every peer of the tests is on loopback
# One address and one key ask for everything here; tests of the limits set small ones.
os.environ |= dict.fromkeys(
    ("RATE_LIMIT_KEY", "RATE_LIMIT_TEAM", "RATE_LIMIT_IP", "RATE_LIMIT_FAILED_KEYS"), "100000/60"
)
sys.path.insert(0, str(ROOT))

from project import embedded_postgres  # noqa: E402

embedded_postgres.ensure_running(DATA / "postgres", options=embedded_postgres.FAST_OPTIONS)
