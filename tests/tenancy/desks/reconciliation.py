"""Who is told what at the desk of reconciliation. Routes are relative to /admin/."""

from __future__ import annotations

from tests.tenancy.rules import Rule

_STAFF = Rule("staff")
_CASE = Rule("staff", given={"public_id": "case_00000000000000000000000000000000"})
_LIST = Rule("staff", given={"which": "never-charged"})
_IMPORT = Rule("staff", given={"number": "1"})

DESK: dict[str, Rule] = {
    "reconciliation": _STAFF,
    "reconciliation.csv": _STAFF,
    "reconciliation/tasks/<slug:which>": _LIST,
    "reconciliation/tasks/<slug:which>.csv": _LIST,
    "reconciliation/balances": _STAFF,
    "reconciliation/balances/days.csv": _STAFF,
    "reconciliation/balances/top-ups.csv": _STAFF,
    "reconciliation/balances/readings.csv": _STAFF,
    "reconciliation/balances/top-up": _STAFF,
    "reconciliation/imports": _STAFF,
    "reconciliation/imports.csv": _STAFF,
    "reconciliation/imports/preview": _STAFF,
    "reconciliation/imports/take": _STAFF,
    "reconciliation/imports/<int:number>": _IMPORT,
    "reconciliation/imports/<int:number>.csv": _IMPORT,
    "reconciliation/cases": _STAFF,
    "reconciliation/cases.csv": _STAFF,
    "reconciliation/cases/<str:public_id>": _CASE,
    "reconciliation/cases/<str:public_id>/assign": _CASE,
    "reconciliation/cases/<str:public_id>/note": _CASE,
    "reconciliation/cases/<str:public_id>/close": _CASE,
    "reconciliation/cases/<str:public_id>/reopen": _CASE,
}
