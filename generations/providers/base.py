"""What the house asks of a provider, and what it may answer. Nothing here decides about money or states.

The classification of a create (invariants.md section 7) is the heart: only a proof that nothing was made lets a
generation go back to the queue; whatever is not proven is Unknown and is never sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from generations.catalog.base import Entry
from project import net

CREATE_DEADLINE = 25.0  # seconds; below the job's timeout of the main lane
READ_DEADLINE = 12.0
RECORD_BYTES = 2 * 1024 * 1024
BALANCE_BYTES = 64 * 1024


# --- answers to a create ----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Accepted:
    """The provider made a task of this id; `urls` are where it wants to be asked (fal)."""

    task_id: str
    urls: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NotSent:
    """Proven: nothing reached the provider. May be tried again."""

    detail: str


@dataclass(frozen=True)
class TryLater:
    """A documented refusal without a task that asks for a later try (429, 455). `pause` in seconds."""

    detail: str
    pause: int = 10


@dataclass(frozen=True)
class RefusedInput:
    """A documented refusal without a task that is about this input: the generation fails, everything is released."""

    detail: str
    content: bool = False


@dataclass(frozen=True)
class RefusedAccount:
    """A documented refusal about our own account (no balance, bad key): fails, and opens the circuit."""

    detail: str


@dataclass(frozen=True)
class Unknown:
    """Anything else: a task may exist. Never sent again. `trouble` says that the circuit should open."""

    detail: str
    trouble: bool = False


def after(error: net.NetError) -> NotSent | Unknown:
    """What a create proves whose answer never came. A provider that hangs opens the circuit (faults.md row 31):
    otherwise each waiting create would hold a worker for its whole deadline."""
    kind = type(error).__name__
    if not error.sent:
        return NotSent(f"not sent: {kind}")
    return Unknown(f"answer lost: {kind}", trouble=isinstance(error, net.DeadlineExceeded))


# --- handing a file over before a create --------------------------------------------------------------------------
COPY_SECONDS = 20 * 3600  # how long we hand out a copy's address: both providers keep it for 24 h at least
COPY_LIFETIME = 24 * 3600  # what is asked for where one may ask
COPY_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True)
class File:
    """An image to hand over: its bytes, their type, and a name that was never used before."""

    data: bytes
    content_type: str
    name: str


class NotHandedOver(Exception):
    """The provider's upload service did not take a file. `result` is what that proves about the create: it was not
    sent. `hung` when the service took too long to answer."""

    def __init__(self, result: NotSent | TryLater | RefusedAccount, *, hung: bool = False) -> None:
        super().__init__(result.detail)
        self.result = result
        self.hung = hung


def judge_copy_status(status: int) -> None:
    """Raises NotHandedOver for any status but 2xx."""
    if status == 429:
        raise NotHandedOver(TryLater("upload: http 429"))
    if status in (401, 402, 403):
        raise NotHandedOver(RefusedAccount(f"upload: http {status}"))
    if not 200 <= status < 300:
        raise NotHandedOver(NotSent(f"upload: http {status}"))


def copy_url(value: object) -> str:
    """The address of a copy or of where to put it, as an upload service gave it: https and public by its form.
    Raises NotHandedOver."""
    if not isinstance(value, str):
        raise NotHandedOver(NotSent("upload: no address"))
    try:
        net.check_form(value)
    except net.Refused as error:
        raise NotHandedOver(NotSent("upload: not a public address")) from error
    return value


def not_handed_over(error: net.NetError) -> NotHandedOver:
    """What a failed exchange with an upload service means: an upload may have arrived, a create was not sent."""
    return NotHandedOver(NotSent(f"upload: {type(error).__name__}"), hung=isinstance(error, net.DeadlineExceeded))


CreateResult = Accepted | NotSent | TryLater | RefusedInput | RefusedAccount | Unknown


# --- what a record says -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Running:
    """Not at its end, as far as the provider says."""


@dataclass(frozen=True)
class Missing:
    """The provider knows no such task (yet: a fresh one may take some 90 seconds to show)."""


@dataclass(frozen=True)
class Done:
    """Ended well: the addresses of the outputs, or a text. `cost` in micro-dollars when the provider said it."""

    sources: list[str] = field(default_factory=list)
    text: str = ""
    cost: int | None = None
    usage_cost: Decimal | None = None  # dollars, router models
    flagged: bool = False


@dataclass(frozen=True)
class Failed:
    """Ended without a result. `content` when the provider's policy refused it."""

    detail: str
    content: bool = False
    cost: int | None = None


@dataclass(frozen=True)
class Unreadable:
    """Ended well by its own word, with a result that cannot be read."""

    detail: str


@dataclass(frozen=True)
class Trouble:
    """The record could not be had this time: network, rate limit, server error."""

    detail: str


Observation = Running | Missing | Done | Failed | Unreadable | Trouble


@dataclass(frozen=True)
class Task:
    """How to ask for a task: its id, the entry it was made for, the provider's own addresses for it."""

    task_id: str
    entry: Entry
    urls: dict[str, str]


@dataclass(frozen=True)
class Inspected:
    """A task's record for a person who looks: what it says, for which of the provider's models it was made and where
    it calls back to, as far as the record tells; "" where it does not."""

    says: Observation
    model: str = ""
    callback_url: str = ""


@dataclass(frozen=True)
class Charge:
    """What a provider billed for one task: micro-dollars, and when."""

    task_id: str
    model: str
    amount: int
    at: datetime


class Provider(Protocol):
    """One outside provider's dialect."""

    name: str

    def create(self, *, entry: Entry, body: dict[str, Any], callback_url: str) -> CreateResult:
        """Asks the provider to make a task. One HTTP request at most."""
        ...

    def take_file(self, file: File, *, deadline: float) -> str:
        """Hands an image to the provider's own upload service, within `deadline` seconds. Returns the address of the
        copy, good for COPY_SECONDS. Raises NotHandedOver."""
        ...

    def read(self, task: Task) -> Observation:
        """The provider's own record of a task, fetched with our key."""
        ...

    def inspect(self, task: Task) -> Inspected:
        """read, with what else the record tells of where the task comes from."""
        ...

    def balance(self) -> int | None:
        """What is left of our money at the provider, micro-dollars, fetched with our key; None where it tells none, or
        not this time. On the network: never inside a transaction. The answer is never logged."""
        ...

    def tells_charges(self) -> bool:
        """Whether it has an interface for `charges`, and we a key that may be good for it."""
        ...

    def charges(self, *, since: datetime, until: datetime) -> list[Charge] | None:
        """What the provider says each task cost that it billed from `since` until before `until`, fetched with our key;
        None where it tells none, or not this time. On the network: never inside a transaction."""
        ...

    def credential(self) -> str:
        """A short fingerprint of the key in use, kept with each attempt (faults.md row 34)."""
        ...
