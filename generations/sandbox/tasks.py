"""One task of a provider: what was asked, how far it is, what came of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any, Literal

from generations.sandbox.faults import Faults

Outcome = Literal["success", "fail", "content", "invalid", "canceled"]
Family = Literal["market", "veo", "flux", "fal", "router"]

SECONDS = {"image": 2.0, "video": 6.0, "text": 1.0}  # at speed 1
GRACE = 0.1  # seconds at speed 1 in which a fresh task's record is not there yet (kie.md 3.1)
QUEUED, STARTED = 0.1, 0.25  # parts of the duration


@dataclass(frozen=True)
class Work:
    """What a valid request asks to be made. `ratio` None: like the input image; `side`: longest, in pixels."""

    kind: Literal["image", "video", "text"]
    prompt: str
    count: int = 1
    credits_each: float = 0.0
    ratio: tuple[int, int] | None = None
    side: int = 1024
    format: Literal["png", "jpeg", "webp", "mp4"] = "png"
    seconds: int = 0
    sources: tuple[str, ...] = ()
    seed: int | None = None
    per_output: bool = False  # credits_each counts for every output that comes back


@dataclass(frozen=True)
class Made:
    """One file that was made and where it is served."""

    url: str
    content_type: str
    width: int
    height: int
    size: int


@dataclass(eq=False)
class Task:
    """A task and everything known of it. Guarded by the world's lock, except for its own `making` lock."""

    id: str
    provider: Literal["kie", "fal"]
    family: Family
    endpoint: str
    model: str
    body: dict[str, Any]
    headers: dict[str, str]
    callback_url: str
    base: str
    faults: Faults
    work: Work
    duration: float  # seconds, the speed already applied
    grace: float
    errors: list[dict[str, Any]] = field(default_factory=list)  # fal: what validation found
    created: float = field(default_factory=time.time)
    started: float = field(default_factory=time.monotonic)
    outcome: Outcome | None = None
    ended: float | None = None
    fetched: int = 0  # input images that were to be had
    made: list[Made] = field(default_factory=list)
    origin: str = ""  # flux: the link that dies after ten minutes
    text: str = ""
    text_partial: bool = False
    usage: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    credits: float = 0.0
    units: float = 0.0
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    polls: int = 0
    canceled: bool = False
    making: threading.Lock = field(default_factory=threading.Lock)
    is_made: bool = False
    called: threading.Event = field(default_factory=threading.Event)  # its first delivery has been answered

    @property
    def age(self) -> float:
        """Seconds since the create."""
        return time.monotonic() - self.started

    @property
    def visible(self) -> bool:
        """Whether its record exists yet."""
        return self.outcome is not None or self.age >= self.grace

    @property
    def state(self) -> str:
        """waiting, queuing, generating, success or fail (kie.md 3.1)."""
        if self.outcome is not None:
            return "success" if self.outcome == "success" else "fail"
        part = self.age / self.duration if self.duration else 1.0
        if part < QUEUED or "stuck" in self.faults:
            return "waiting"
        return "queuing" if part < STARTED else "generating"

    @property
    def endless(self) -> bool:
        """Whether it ends only when told to."""
        return "never" in self.faults or "stuck" in self.faults

    @property
    def delivered(self) -> int:
        """How many outputs it makes, faults included."""
        if "partial" in self.faults:
            return int(self.faults.number("partial", 1))
        return self.work.count + (int(self.faults.number("extra", 1)) if "extra" in self.faults else 0)

    @property
    def token(self) -> str:
        """What its creator calls it: the last segment of the callback URL's path."""
        return self.callback_url.split("?")[0].rstrip("/").rsplit("/", 1)[-1] if self.callback_url else ""
