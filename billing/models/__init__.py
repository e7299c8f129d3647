"""Rows of money, of budgets, and the alarm of the books."""

from billing.models.alarms import LedgerAlarm
from billing.models.budgets import (
    Budget,
    BudgetHold,
    BudgetRaise,
    BudgetRequest,
    BudgetUsage,
    BudgetWarning,
    Period,
    RequestStatus,
)
from billing.models.money import HOUSE, Account, AccountKind, Entry, Hold, HoldState, Transfer, TransferKind

__all__ = [
    "HOUSE",
    "Account",
    "AccountKind",
    "Budget",
    "BudgetHold",
    "BudgetRaise",
    "BudgetRequest",
    "BudgetUsage",
    "BudgetWarning",
    "Entry",
    "Hold",
    "HoldState",
    "LedgerAlarm",
    "Period",
    "RequestStatus",
    "Transfer",
    "TransferKind",
]
