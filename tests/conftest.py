"""The real database, the real sandbox provider, a small named world (design section 11)."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.servers.basehttp import WSGIServer
from django.db import connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.operations import DatabaseOperations
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.dispatch import receiver
from django.test import Client

from tests import jobs as jobs_module
from tests.api import conformity
from tests.sandbox_client import SandboxProcess
from tests.stripe_fixtures import stripe, stripe_server, stripe_webhooks  # noqa: F401  (fixtures)
from tests.world import World, make_world


def _flush_past_the_guards(self: DatabaseOperations, sql_list: list[str]) -> None:
    """The ledger refuses TRUNCATE; the test database's owner empties it between tests all the same
    (invariants.md section 9). By DELETE: on small tables that is many times faster than TRUNCATE."""
    tables = [name for sql in sql_list for name in re.findall(r'"(\w+)"', sql) if name not in MADE_BY_MIGRATIONS]
    tables.append(settings.CACHES["default"]["LOCATION"])  # no model's: what tests tried must not limit later ones
    with transaction.atomic(using=self.connection.alias), self.connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL lock_timeout = '20s'")
        cursor.execute("; ".join(f'DELETE FROM "{name}"' for name in tables))


MADE_BY_MIGRATIONS = {"django_content_type", "auth_permission"}  # nothing makes them anew (django_db_setup)
MIGRATIONS_SECONDS = 900.0
WSGIServer.request_queue_size = 128  # 50 callbacks at once overrun the live server's 10
DatabaseOperations.execute_sql_flush = _flush_past_the_guards  # type: ignore[method-assign]


_BROWSER = "tests/browser/"
_TOGETHER = (_BROWSER, "tests/oversight/month/")  # a house, and a month: each is made once


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The browser tests stay together, in whatever order: their house is started once, and gone before others."""
    items.sort(key=lambda item: item.nodeid.startswith(_BROWSER))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> Any:
    """With `--dist loadfile` the tests of such a folder go to one worker, as if they were one file."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class OneHouse(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = next((folder for folder in _TOGETHER if nodeid.startswith(folder)), None)
            return together or str(super()._split_scope(nodeid))

    return OneHouse(config, log)


@receiver(connection_created, dispatch_uid="tests")
def _patient(connection: BaseDatabaseWrapper, **_: object) -> None:
    """A test's own transaction stands idle while it thinks (of inputs, in a browser, on a slow machine): for longer
    than the product's may."""
    if threading.current_thread() is threading.main_thread():
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = 0")


@pytest.fixture(scope="session")
def _seconds_left() -> float:
    """What pytest-timeout leaves the first test, in which the database is made: that has a time of its own, or on a
    slow machine the timeout would end it, and with it every test of the worker."""
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    if left:
        signal.setitimer(signal.ITIMER_REAL, MIGRATIONS_SECONDS)
    return left


@pytest.fixture(scope="session")
def django_db_setup(_seconds_left: float, django_db_setup: None) -> None:
    """After the migrations: Django's flush would make all permissions anew after each test, at 0.3 s a time."""
    signal.setitimer(signal.ITIMER_REAL, _seconds_left)
    post_migrate.receivers = []
    post_migrate.sender_receivers_cache.clear()


@pytest.fixture(autouse=True)
def _media_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def world(db: None) -> World:
    """alice (owner), bob (member), carol (viewer) of Studio with 2,000 credits; mallory of another team."""
    return make_world()


@pytest.fixture
def committed_world(transactional_db: None) -> World:
    """The same world, committed: for threads, other processes and the live server."""
    return make_world()


@pytest.fixture
def api(client: Client) -> Callable[..., Any]:
    """api(method, path, body=None, key=..., headers=...): one REST call with a bearer key, its answer as documented."""

    def call(
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        extra = dict(headers or {})
        if key is not None:
            extra["Authorization"] = f"Bearer {key}"
        kwargs: dict[str, Any] = {"headers": extra}
        if body is not None:
            kwargs |= {"data": body, "content_type": "application/json"}
        response = getattr(client, method.lower())(f"/api/v1{path}", **kwargs)
        conformity.check(method, path, response, sent=body)
        return response

    return call


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    process = SandboxProcess()
    yield process
    process.stop()


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess, settings: Any) -> Iterator[SandboxProcess]:
    """The sandbox provider in its own process, empty, and the settings that point at it. Quiet again before the
    tables are emptied: a late callback would meet a test that is over."""
    sandbox_process.reset()
    sandbox_process.settings(speed=50, hmac_key="sandbox-hmac-key", enforce_limits=False, balance=1_000_000)
    settings.KIE_API_BASE = settings.FAL_QUEUE_BASE = settings.FAL_REST_BASE = sandbox_process.url
    settings.KIE_UPLOAD_BASE = settings.FAL_API_BASE = sandbox_process.url
    settings.FAL_JWKS_URL = f"{sandbox_process.url}/.well-known/jwks.json"
    settings.KIE_API_KEY, settings.FAL_KEY = "sandbox-key", "sandbox-id:sandbox-secret"
    settings.KIE_WEBHOOK_KEY = "sandbox-hmac-key"
    yield sandbox_process
    sandbox_process.reset()


@pytest.fixture
def site(live_server: Any, settings: Any) -> str:
    """A live server of ours that the sandbox can call back to; its address is SITE_URL."""
    settings.SITE_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def jobs() -> jobs_module.Jobs:
    """Runs the queued job rows as a worker would, and plays the clock."""
    return jobs_module.Jobs()


@pytest.fixture
def count_queries() -> Callable[[Callable[[], Any]], int]:
    """How many queries a call makes."""
    from django.test.utils import CaptureQueriesContext

    def count(call: Callable[[], Any]) -> int:
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(captured)

    return count
