"""Who is told what at the desk of alerts. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {}
