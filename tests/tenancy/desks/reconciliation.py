"""Who is told what at the desk of reconciliation. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

DESK: dict[str, Rule] = {}
