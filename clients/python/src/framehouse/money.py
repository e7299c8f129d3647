"""Money, exactly: 1 credit is $0.005. Never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

CREDITS_PER_USD = 200


@dataclass(frozen=True, order=True)
class Money:
    """An amount in both of its units."""

    usd: Decimal
    credits: Decimal

    @classmethod
    def of(cls, *, usd: Decimal | str | int | None = None, credits: Decimal | str | int | None = None) -> Money:
        """The amount of so many dollars, or of so many credits."""
        if (usd is None) == (credits is None):
            raise TypeError("give usd or credits")
        if usd is not None:
            return cls(_exact(usd), _exact(usd) * CREDITS_PER_USD)
        assert credits is not None
        return cls(_exact(credits) / CREDITS_PER_USD, _exact(credits))

    def __str__(self) -> str:
        sign, (whole, _, rest) = "-" if self.usd < 0 else "", f"{abs(self.usd):f}".partition(".")
        return f"{sign}${int(whole):,}.{rest.ljust(2, '0')}"


def as_json(amount: Money | Decimal | str | int) -> dict[str, str]:
    """An amount as the API takes it; what is no Money is dollars."""
    return {"usd": f"{(amount if isinstance(amount, Money) else Money.of(usd=amount)).usd:f}"}


def _exact(value: Decimal | str | int) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (Decimal, str, int)):
        raise TypeError(f"money is a Decimal, a text or a whole number, not {value!r}: a float is not exact")
    amount = Decimal(value)
    if not amount.is_finite():
        raise ValueError("an amount of money is finite")
    return amount
