"""What happens in the month, and what it comes to. Amounts in micro-dollars; nothing here asks the house."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock

COUNT = 100_000
DAYS = 30
TEAMS = 24
MILLION = 1_000_000
CREDIT = 5_000


@dataclass(frozen=True)
class Kind:
    """One thing that can be bought: its input, the rate per unit and the provider's charge per unit (catalogue.md)."""

    model: str
    provider: str
    kind: str
    variant: str
    input: tuple[tuple[str, object], ...]
    units: int
    rate: int
    cost: int
    weight: int
    outputs: int = 1


def _video(model: str, variant: str, rate: int, cost: int, weight: int, units: int = 1, **fields: object) -> Kind:
    return Kind(model, "kie", "video", variant, tuple(fields.items()), units, rate, cost, weight)


def _image(model: str, rate: int, cost: int, weight: int, provider: str = "kie", **fields: object) -> Kind:
    count = next((int(str(value)) for name, value in fields.items() if name in ("max_images", "num_images")), 1)
    variant = str(fields.get("resolution", "image"))
    return Kind(model, provider, "image", variant, tuple(fields.items()), count, rate, cost, weight, count)


# catalogue.md, copied by hand: price and expected cost of a unit.
KINDS = (
    _video("kling-2.5-turbo-pro", "5", 210_000, 42 * CREDIT, 12, duration="5"),
    _video("kling-2.5-turbo-pro", "10", 420_000, 84 * CREDIT, 5, duration="10"),
    _video("hailuo-2.3-pro", "6-768P", 220_000, 45 * CREDIT, 8, duration="6", resolution="768P"),
    _video("hailuo-2.3-pro", "10-768P", 450_000, 90 * CREDIT, 3, duration="10", resolution="768P"),
    _video("hailuo-2.3-pro", "6-1080P", 390_000, 80 * CREDIT, 7, duration="6", resolution="1080P"),
    _video("wan-2.5-i2v", "720p", 60_000, 12 * CREDIT, 4, units=5, duration="5", resolution="720p"),
    _video("wan-2.5-i2v", "1080p", 100_000, 20 * CREDIT, 4, units=10, duration="10", resolution="1080p"),
    _video("kling-2.1-pro", "5", 250_000, 50 * CREDIT, 3, duration="5"),
    _video("wan-2.2-turbo", "480p", 40_000, 8 * CREDIT, 3, units=5, resolution="480p"),
    _video("wan-2.2-turbo", "720p", 80_000, 16 * CREDIT, 2, units=5, resolution="720p"),
    _video("seedance-v1-pro", "480p", 14_000, 14_000, 6, units=5, duration="5", resolution="480p"),
    _video("seedance-v1-pro", "1080p", 70_000, 70_000, 4, units=10, duration="10", resolution="1080p"),
    _video("veo-3.1-fast", "video", 300_000, 60 * CREDIT, 20),
    _image("nano-banana-edit", 20_000, 4 * CREDIT, 12),
    _image("nano-banana-pro", 120_000, 18 * CREDIT, 6, resolution="2K"),
    _image("nano-banana-pro", 120_000, 24 * CREDIT, 3, resolution="4K"),
    _image("seedream-v4-edit", 17_500, 17_500, 5, max_images=4),
    _image("flux-kontext-max", 50_000, 10 * CREDIT, 4),
    _image("qwen-image-edit-plus", 30_000, 30_000, 6, provider="fal", num_images=3),
)


@dataclass(frozen=True)
class Version:
    """A price from a day of the month on: a margin for all, or by variant, or a fixed price of a unit."""

    model: str
    day: int
    margin: int = 0
    margins: dict[str, int] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)


CHANGES = (
    Version("veo-3.1-fast", 10, margin=100_000),
    Version("hailuo-2.3-pro", 15, margins={"6-768P": 33_333}, fixed={"6-1080P": 420_000}),
    Version("seedance-v1-pro", 20, margin=12_345),
)


@dataclass(frozen=True)
class Discount:
    """What a team pays less from a day on, for one model or all ("")."""

    team: int
    model: str
    day: int
    ppm: int


DISCOUNTS = (
    Discount(3, "", 12, 100_000),
    Discount(3, "veo-3.1-fast", 18, 200_000),
    Discount(5, "seedream-v4-edit", 5, 250_000),
)


@dataclass(frozen=True)
class Fact:
    """One generation, from what was asked to what it came to."""

    number: int
    team: int
    by_key: int  # 0 for a member, else the number of the team's key
    kind: Kind
    accepted_at: datetime
    ended_at: datetime
    day: date  # of the ledger
    version: int  # 1, or 2 after the change
    margin: int
    discount: int
    unit_price: int  # at which a unit is priced before margin and discount
    hold: int
    status: str
    reason: str
    outputs: int
    list_amount: int | None
    charged: int
    expected: int
    actual: int | None
    verdict: str
    task: str | None
    told_late: bool  # the actual cost was told after the end


def price(units: int, rate: int, margin: int, discount: int) -> int:
    """Margin on, discount off, rounded up once."""
    return -(-units * rate * (MILLION + margin) * (MILLION - discount) // MILLION**2)


def verdict(expected: int, actual: int | None) -> str:
    if actual is None:
        return "unknown"
    return "matched" if actual == expected else "over" if actual > expected else "under"


def first_day(today: date) -> date:
    """The month ends yesterday."""
    return today - timedelta(days=DAYS)


def happens(*, today: date, count: int = COUNT, seed: int = 7) -> Iterator[Fact]:
    """The month, in the order of its days."""
    dice = random.Random(seed)
    start = first_day(today)
    weights = [kind.weight for kind in KINDS]
    crowd = [3 + (number * 7) % 11 for number in range(TEAMS)]
    for number in range(count):
        index = number * DAYS // count
        day = start + timedelta(days=index)
        yield _fact(
            dice,
            number,
            index,
            day,
            team=dice.choices(range(TEAMS), crowd)[0],
            kind=dice.choices(KINDS, weights)[0],
        )


def _fact(dice: random.Random, number: int, index: int, day: date, *, team: int, kind: Kind) -> Fact:
    accepted = datetime.combine(day, clock(6, tzinfo=UTC)) + timedelta(seconds=number % 3600)
    over_midnight = dice.random() < 0.01 and index < DAYS - 1
    ledger_day = day + timedelta(days=1) if over_midnight else day
    if over_midnight:  # the capture fell on the next day, the generation's own clock still said this one
        ended = datetime.combine(day, clock(23, 59, 59, 999_000, tzinfo=UTC))
    else:
        ended = datetime.combine(day, clock(18, tzinfo=UTC)) + timedelta(seconds=number % 3600)
    change = next((row for row in CHANGES if row.model == kind.model and row.day <= index), None)
    margin = 0 if change is None else change.margins.get(kind.variant, change.margin)
    unit_price = kind.rate
    if change is not None and kind.variant in change.fixed:
        unit_price, margin = change.fixed[kind.variant], 0
    discount = _discount(team, kind.model, index)
    hold = price(kind.units, unit_price, margin, discount)
    status, reason, outputs, known = _outcome(dice, kind)
    charged_units = outputs if kind.kind == "image" else kind.units
    succeeded = status == "succeeded"
    delivered = charged_units if succeeded else 0
    expected = kind.cost * (delivered if succeeded else kind.units)  # of what failed: what was asked for
    actual = _actual(dice, kind, status, known, expected)
    told_late = status == "failed" and reason == "timed_out" and actual is not None
    if not succeeded:
        says = {"none": "none", "unattributed": "unattributed"}.get(known) or verdict(0, actual)
    else:
        says = verdict(expected, actual)
    if not succeeded and over_midnight:  # nothing captured: the day is that of its own end
        ledger_day = day
    return Fact(
        number=number,
        team=team,
        by_key=dice.randrange(3),
        kind=kind,
        accepted_at=accepted,
        ended_at=ended,
        day=ledger_day,
        version=1 if change is None else 2,
        margin=margin,
        discount=discount,
        unit_price=unit_price,
        hold=hold,
        status=status,
        reason=reason,
        outputs=outputs,
        list_amount=delivered * unit_price if succeeded else None,
        charged=price(delivered, unit_price, margin, discount) if succeeded else 0,
        expected=expected,
        actual=actual,
        verdict=says,
        task=None if known in ("none", "unattributed") else f"task-{number}",
        told_late=told_late,
    )


def _discount(team: int, model: str, index: int) -> int:
    mine = [row for row in DISCOUNTS if row.team == team and row.day <= index]
    special = [row.ppm for row in mine if row.model == model]
    general = [row.ppm for row in mine if row.model == ""]
    return (special or general or [0])[-1]


def _outcome(dice: random.Random, kind: Kind) -> tuple[str, str, int, str]:
    """Status, reason, outputs, and what is known of a task at the provider: task, none, unattributed."""
    roll = dice.random()
    if roll < 0.885:
        fewer = kind.outputs > 1 and dice.random() < 0.2
        return "succeeded", "", dice.randrange(1, kind.outputs) if fewer else kind.outputs, "task"
    if roll < 0.93:
        return "failed", "provider_failed", 0, "task"
    if roll < 0.945:
        return "failed", "content_refused", 0, "none"
    if roll < 0.952:
        return "failed", "outcome_unknown", 0, "unattributed"
    if roll < 0.965:
        return "failed", "timed_out", 0, "task"
    if roll < 0.975:
        return "failed", "result_lost", 0, "task"
    return "canceled", "", 0, "none"


def _actual(dice: random.Random, kind: Kind, status: str, known: str, expected: int) -> int | None:
    if known != "task":
        return None
    roll = dice.random()
    if status == "succeeded":
        if roll < 0.86:
            return expected
        if roll < 0.90:
            return expected + CREDIT * dice.randrange(1, 9)
        if roll < 0.94:
            return max(0, expected - CREDIT * dice.randrange(1, 3))
        return None
    if roll < 0.25:
        return kind.cost * kind.units  # the provider billed what was never delivered
    return 0 if roll < 0.8 else None
