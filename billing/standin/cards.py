"""The well-known test cards and bank accounts (docs.stripe.com/testing) and what each does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Decline:
    """Why a charge fails: Stripe's code, decline code and sentence."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True)
class Card:
    """A way to pay. A bank account (`brand` "") is paid from later: `decline` is then how it ends."""

    number: str
    does: str  # in a few words, for the page
    brand: str = "visa"
    decline: Decline | None = None
    authentication: Literal["", "unless_saved", "always"] = ""
    dispute: Literal["", "needs_response", "warning_needs_response"] = ""
    refund: Literal["", "pending", "fails"] = ""  # pending: succeeds later; fails: succeeds, and fails later
    on_page: bool = True

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def is_bank(self) -> bool:
        return not self.brand

    @property
    def spaced(self) -> str:
        """The number in groups of four."""
        return " ".join(self.number[place : place + 4] for place in range(0, len(self.number), 4))


PLAIN = "Your card was declined."
AUTHENTICATE = Decline(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
_ALL = (
    Card("4242424242424242", "pays"),
    Card("5555555555554444", "pays", brand="mastercard", on_page=False),
    Card("4000002500003155", "asks you to confirm (3-D Secure), then pays", authentication="unless_saved"),
    Card("4000000000000002", "is declined", decline=Decline("card_declined", "generic_decline", PLAIN)),
    Card(
        "4000000000009995",
        "has too little money",
        decline=Decline("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ),
    Card("4000000000000259", "pays, and the payment is disputed at once", dispute="needs_response"),
    Card("4000000000001976", "pays, and the bank asks about it", dispute="warning_needs_response", on_page=False),
    Card("4000002760003184", "asks every time", authentication="always", on_page=False),
    Card("4000000000005126", "pays; a refund fails later", refund="fails", on_page=False),
    Card("4000000000007726", "pays; a refund takes a while", refund="pending", on_page=False),
    Card(
        "4000000000000069",
        "has expired",
        decline=Decline("expired_card", "", "Your card has expired."),
        on_page=False,
    ),
    Card("4000000000009987", "was lost", decline=Decline("card_declined", "lost_card", PLAIN), on_page=False),
    Card(
        "4000000000000119",
        "meets an error",
        decline=Decline(
            "processing_error", "", "An error occurred while processing your card. Try again in a little bit."
        ),
        on_page=False,
    ),
    Card("000123456789", "takes a while, then pays", brand=""),
    Card(
        "000111111113",
        "takes a while, then fails",
        brand="",
        decline=Decline("account_closed", "", "The customer's bank account has been closed."),
    ),
)
CARDS = {card.number: card for card in _ALL}


def find(number: str) -> Card | None:
    """The card of a number written with or without spaces; None when there is none."""
    return CARDS.get(number.replace(" ", ""))
