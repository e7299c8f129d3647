"""A process of ours beside the tests, on the same database: for what must survive kill -9."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

from tests.project.processes import hung_up, within

ROOT = Path(__file__).resolve().parents[2]


def environment(**more: str) -> dict[str, str]:
    """The environment of a process that shares the test's database, sandbox, site and media."""
    host = connection.settings_dict["HOST"]
    name = connection.settings_dict["NAME"]
    user = connection.settings_dict["USER"]
    port = connection.settings_dict["PORT"] or 5432
    shared = {
        "FRAMEHOUSE_MODE": "test",
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "DATABASE_URL": f"postgres:///{name}?host={quote(host, safe='')}&user={user}&port={port}",
        "SITE_URL": settings.SITE_URL,
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "KIE_API_BASE": settings.KIE_API_BASE,
        "KIE_API_KEY": settings.KIE_API_KEY,
        "KIE_WEBHOOK_KEY": settings.KIE_WEBHOOK_KEY,
        "FAL_QUEUE_BASE": settings.FAL_QUEUE_BASE,
        "FAL_REST_BASE": settings.FAL_REST_BASE,
        "FAL_API_BASE": settings.FAL_API_BASE,
        "FAL_KEY": settings.FAL_KEY,
    }
    return {**os.environ, **shared, **more}


def run(code: str, *, seconds: float = 60.0, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with our settings loaded, in the project's folder. Returns when it has ended, and the database server
    has seen that: what it had not committed holds nothing any more."""
    program = f"import django; django.setup()\n{code}"
    more["PGAPPNAME"] = uuid.uuid4().hex
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert within(20, lambda: hung_up(more["PGAPPNAME"]))
    return ended
