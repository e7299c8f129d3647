#!/usr/bin/env python
"""Django's commands, with the embedded database up when the settings name one."""

from __future__ import annotations

import os
import sys

WITHOUT_DATABASE = {"sandbox", "help", "--help", "-h", "version", "--version"}
LONG = {"migrate", "run", "verify_ledger", "reconcile"}  # take longer than a page may: no statement timeout


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    if command == "run":
        os.environ.setdefault("FRAMEHOUSE_MODE", "development")
    if command in LONG:
        os.environ.setdefault("DB_TIMEOUTS", "off")

    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from project import embedded_postgres

    try:
        if command not in WITHOUT_DATABASE and settings.EMBEDDED_POSTGRES:
            embedded_postgres.ensure_running(settings.EMBEDDED_POSTGRES)
    except (ImproperlyConfigured, embedded_postgres.PostgresError) as error:
        sys.exit(f"framehouse: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
