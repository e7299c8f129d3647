"""What can be bought, and the bonus that comes with it. Pure; amounts are whole micro-dollars.

The bonus is a part of the amount in percent, of the best pack that the amount reaches; so whoever buys more never
gets a smaller part.
"""

from __future__ import annotations

from dataclasses import dataclass

from billing.models import CENT
from project.money import USD, dollars

LEAST, MOST = 5 * USD, 5_000 * USD


@dataclass(frozen=True)
class Pack:
    """A preset amount. `percent` of it is granted on top."""

    amount: int
    percent: int

    @property
    def bonus(self) -> int:
        """Micro-dollars granted with it."""
        return self.amount * self.percent // 100

    @property
    def credit(self) -> int:
        """Micro-dollars that the wallet has more afterwards."""
        return self.amount + self.bonus


PACKS = (Pack(10 * USD, 0), Pack(25 * USD, 0), Pack(100 * USD, 5), Pack(500 * USD, 10))


def bonus_for(amount: int) -> int:
    """Micro-dollars granted with a purchase of `amount` micro-dollars."""
    percent = max((pack.percent for pack in PACKS if pack.amount <= amount), default=0)
    return amount * percent // 100


def fault(amount: int) -> tuple[str, str] | None:
    """Why an amount cannot be bought, as (code, sentence); None when it can."""
    if type(amount) is not int or amount % CENT:
        return "cents", "Write whole cents: two decimals at most."
    if not LEAST <= amount <= MOST:
        return "range", f"From {dollars(LEAST)} to {dollars(MOST)}."
    return None
