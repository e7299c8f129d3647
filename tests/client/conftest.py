"""Clients of the real server, and of peers that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from framehouse import Framehouse

from tests.client.peer import Peer
from tests.jobs import Jobs
from tests.sandbox_client import SandboxProcess
from tests.world import World

Connect = Callable[..., Framehouse]


class Sleeps(list[float]):
    """What a client would have slept, in seconds; nobody waits for it."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


@pytest.fixture
def sleeps() -> Sleeps:
    return Sleeps()


@pytest.fixture
def peer() -> Iterator[Peer]:
    peer = Peer()
    yield peer
    peer.stop()


@pytest.fixture
def connect(sleeps: Sleeps) -> Iterator[Connect]:
    """connect(base_url, key=...): a client that does not sleep."""
    made: list[Framehouse] = []

    def make(base_url: str, key: str = "fh_live_test", **more: Any) -> Framehouse:
        made.append(Framehouse(key, base_url, **{"sleep": sleeps, **more}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client_of_studio(site: str, committed_world: World, connect: Connect) -> Framehouse:
    """A client of the live server with Studio's key."""
    return connect(site, committed_world.key)


@pytest.fixture
def worker(site: str, committed_world: World, sandbox: SandboxProcess) -> Iterator[None]:
    """Job rows are run and due rows are rung in a thread of its own while the test goes on."""
    over = threading.Event()
    trouble: list[BaseException] = []

    def work() -> None:
        jobs = Jobs()
        try:
            while not over.wait(0.05):
                jobs.drain()
                jobs.ring()
        except BaseException as error:
            trouble.append(error)
            raise
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(30)
    assert not trouble
