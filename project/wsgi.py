"""The web application, for any WSGI server; granian runs it (stack.md section 5)."""

from __future__ import annotations

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from project import embedded_postgres, processes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
processes.die_with_parent_if_asked()
if settings.EMBEDDED_POSTGRES:
    embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
application = get_wsgi_application()
