"""Who is told what at the desk of prices. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {}
