"""All that the stand-in remembers: objects, hidden facts about them, events and their deliveries, the counters."""

from __future__ import annotations

import copy
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from billing.standin import shapes
from billing.standin.refusals import missing
from billing.standin.shapes import Object

MOST_CALLS = 5000  # kept for the control interface


@dataclass(frozen=True)
class Settings:
    """What the command line and the control interface set."""

    webhook_url: str = ""  # "": nobody listens
    webhook_secret: str = ""
    public_url: str = ""  # of the hosted pages, as a browser reaches them
    speed: float = 1.0  # how many times faster than real the pauses between tries are
    settle_seconds: float = 20.0  # until what takes a while is over; 0: only when told
    held: bool = False  # deliveries wait
    account: str = "acct_standin"


@dataclass
class Post:
    """An event on its way to the webhook."""

    event: str
    state: str = "pending"  # pending, delivered, failed, dropped
    due: float = 0.0  # time.time() of the next try
    tries: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Kept:
    """What an idempotency key remembers; status 0 while the first request runs."""

    asked: str
    at: int
    status: int = 0
    body: str = ""


class World:
    """Everything under one lock; `changed` tells the threads that wait on it."""

    def __init__(self, settings: Settings, state_file: Path | None = None) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.at_start = self.settings = settings
        self.state_file = state_file
        self.sending = 0
        self.closed = False
        self.era = 0  # how often it was reset
        self.dirty = False  # something is not in the state file yet
        self.request: Object = {"id": None, "idempotency_key": None}
        self._empty()
        if state_file is not None and state_file.exists():
            self._load(json.loads(state_file.read_text(encoding="utf-8")))

    def _empty(self) -> None:
        self.objects: dict[str, Object] = {}
        self.hidden: dict[str, dict[str, Any]] = {}
        self.posts: dict[str, Post] = {}
        self.keys: dict[str, Kept] = {}
        self.calls: list[dict[str, Any]] = []
        self.faults: list[dict[str, Any]] = []
        self.offset = 0.0
        self.epoch = threading.Event()  # set when what waits should stop waiting

    def now(self) -> int:
        """Unix seconds, with what the control interface has added."""
        return int(time.time() + self.offset)

    def add(self, made: Object) -> Object:
        """Keeps an object."""
        self.objects[made["id"]] = made
        self.dirty = True
        return made

    def get(self, kind: str, ident: str, param: str = "id") -> Object:
        """The object of that kind; refuses with `resource_missing`."""
        found = self.objects.get(ident)
        if found is None or found["object"] != kind:
            raise missing(kind.replace("checkout.", "checkout "), ident, param)
        return found

    def all(self, kind: str, **where: Any) -> Iterator[Object]:
        """The objects of a kind, newest first, whose fields have these values."""
        for found in reversed(list(self.objects.values())):
            if found["object"] == kind and all(found.get(name) == value for name, value in where.items()):
                yield found

    def secret_of(self, ident: str) -> dict[str, Any]:
        """What the stand-in knows about an object and does not show."""
        return self.hidden.setdefault(ident, {})

    def emit(self, kind: str, about: Object, before: Object | None = None) -> Object:
        """Makes an event of the object as it is now, and sends it on its way."""
        data: Object = {"object": copy.deepcopy(about)}
        if before is not None:
            data["previous_attributes"] = {
                name: copy.deepcopy(value) for name, value in before.items() if about.get(name) != value
            }
        listening = bool(self.settings.webhook_url)
        made = shapes.event(self.now(), kind, data, request=dict(self.request), pending=int(listening))
        self.add(made)
        self.posts[made["id"]] = Post(made["id"], "pending" if listening else "unsent", time.time())
        self.changed.notify_all()
        return made

    def change(self, given: dict[str, Any]) -> Settings:
        """Other settings. Raises ValueError for unknown ones."""
        known = {item.name: type(getattr(self.settings, item.name)) for item in fields(Settings)}
        if unknown := sorted(set(given) - set(known)):
            raise ValueError(f"no such setting: {', '.join(unknown)}")
        with self.lock:
            self.settings = replace(self.settings, **{name: known[name](value) for name, value in given.items()})
            self.changed.notify_all()
            return self.settings

    def move_pages(self) -> None:
        """Gives pages of an earlier run the address of this one."""
        for session in self.all("checkout.session", status="open"):
            session["url"] = f"{self.settings.public_url}/pay/{session['id']}"
        for charge in self.all("charge", paid=True):
            charge["receipt_url"] = f"{self.settings.public_url}/receipts/{charge['id']}"

    def reset(self) -> None:
        """Forgets everything; settings are those of the start. Returns when nothing is on its way any more."""
        with self.lock:
            self.era += 1
            self.epoch.set()
            self.settings = self.at_start
            self._empty()
            self.changed.wait_for(lambda: self.sending == 0, timeout=15)
            self._empty()
            self.dirty = True
            self.save()

    @contextmanager
    def asked_by(self, request_id: str | None, key: str | None, *, writes: bool = True) -> Iterator[None]:
        """Under the lock; events made inside name the request. The state is kept at the end."""
        with self.lock:
            self.dirty = self.dirty or writes
            self.request = {"id": request_id, "idempotency_key": key}
            try:
                yield
            finally:
                self.request = {"id": None, "idempotency_key": None}
                self.save()

    def save(self) -> None:
        """Writes the state file when something has changed, whole or not at all."""
        with self.lock:
            if self.state_file is None or not self.dirty:
                return
            self.dirty = False
            state = {
                "objects": list(self.objects.values()),
                "hidden": self.hidden,
                "posts": [asdict(post) for post in self.posts.values()],
                "keys": {name: asdict(kept) for name, kept in self.keys.items() if kept.status},
                "offset": self.offset,
            }
            draft = self.state_file.with_name(f"{self.state_file.name}.{os.getpid()}")
            draft.write_text(json.dumps(state), encoding="utf-8")
            draft.replace(self.state_file)

    def _load(self, state: dict[str, Any]) -> None:
        self.objects = {made["id"]: made for made in state["objects"]}
        self.hidden = state["hidden"]
        self.posts = {post["event"]: Post(**post) for post in state["posts"]}
        self.keys = {name: Kept(**kept) for name, kept in state["keys"].items()}
        self.offset = state["offset"]
