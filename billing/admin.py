"""What staff see of money in, and the few things they may do about it. Money is never edited: verbs move it."""

from __future__ import annotations

from billing import admin_events, admin_payments, admin_trouble  # noqa: F401 - they register
