"""What a line says of why credit came and went: the same words on page, file and in the API."""

from __future__ import annotations

import pytest

from billing import words
from billing.models import Transfer, TransferKind


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("refund:ab12:1", "Taken back: refunded"),
        ("dispute:du_1:freeze:2:lost", "Taken back: dispute lost"),
        ("bonus:ab12:3", "Taken back: bonus of a purchase that was undone"),
        ("other:1", "Taken back"),
    ],
)
def test_what_was_taken_back_says_for_what(key: str, said: str) -> None:
    assert words.what(Transfer(key=key, kind=TransferKind.REVERSAL, reason="staff's own")) == said


def test_every_kind_has_words_and_no_reason_of_staff_is_among_them() -> None:
    for kind in TransferKind:
        assert words.what(Transfer(key="x", kind=kind, reason="secret")) not in ("", "secret")
    assert words.what(Transfer(key="x", kind=TransferKind.GRANT, payment_id=1)) == "Granted: bonus"
