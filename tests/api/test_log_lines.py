"""Every answer has a request id and so has every log line; each API request has one line of its own, without what the
caller typed (issue 5 item 2)."""

from __future__ import annotations

import logging
import logging.config
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.conf import settings as conf
from django.test import Client

from project import clock, logs, queue
from tests.api.conftest import ASK


@pytest.fixture
def lines() -> Iterator[StringIO]:
    """What the console would show: its formatter and filters, as the settings make them."""
    stream = StringIO()
    built = logging.config.DictConfigurator({**conf.LOGGING})  # type: ignore[arg-type]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(built.configure_formatter(conf.LOGGING["formatters"]["line"]))
    for one in conf.LOGGING["handlers"]["console"]["filters"]:
        handler.addFilter(built.configure_filter(dict(conf.LOGGING["filters"][one])))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def access(lines: StringIO) -> list[str]:
    return [line for line in lines.getvalue().splitlines() if " project.access " in line]


def test_a_request_has_one_line_with_route_status_time_key_and_team(world: Any, api: Any, lines: StringIO) -> None:
    response = api("get", "/generations/gen_secret?token=secret", key=world.key, headers={"X-Request-Id": "mine-0001"})
    assert response["X-Request-Id"] == "mine-0001"
    (line,) = access(lines)
    assert re.search(
        r"INFO project\.access \[mine-0001\] GET /api/v1/generations/<str:public_id> 422 [0-9]+ ms "
        rf"key={world.api_key.public_id} team={world.team.public_id}$",
        line,
    )
    assert "secret" not in line
    assert world.key not in lines.getvalue()


@pytest.mark.parametrize(
    ("method", "call", "status", "route"),
    [
        ("get", "/models", 200, "/api/v1/models"),
        ("head", "/models", 200, "/api/v1/models"),
        ("options", "/quotes", 204, "/api/v1/quotes"),
        ("get", "/key", 401, "/api/v1/key"),
        ("post", "/generations", 401, "/api/v1/generations"),
        ("get", "/no/such%0Acall", 404, "/api/v1/"),
        ("delete", "/models", 405, "/api/v1/models"),
    ],
)
def test_strangers_have_one_too(
    world: Any, api: Any, lines: StringIO, method: str, call: str, status: int, route: str
) -> None:
    response = api(method, call)
    assert response.status_code == status
    (line,) = access(lines)
    assert f"[{response['X-Request-Id']}] {method.upper()} {route} {status} " in line
    assert line.endswith("key=- team=-")


def test_pages_have_none(client: Client, db: None, lines: StringIO) -> None:
    client.get("/")
    assert access(lines) == []


def test_every_line_of_a_request_says_whose_it_is(world: Any, api: Any, lines: StringIO) -> None:
    ids = [api("get", "/nope", headers={"X-Request-Id": f"request-{n}"})["X-Request-Id"] for n in range(2)]
    for request_id in ids:
        own = [line for line in lines.getvalue().splitlines() if f"[{request_id}]" in line]
        assert len(own) == 2  # Django's and ours
    logging.getLogger("project.x").warning("between")
    assert " [-] between" in lines.getvalue()


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space", "ünïcode-id", "a\nb-c-d-e-f", "<script>alert"])
def test_an_id_that_is_none_is_replaced(client: Client, db: None, given: str) -> None:
    for path in ("/api/v1/models", "/health/live", "/nowhere", "/static/css/app.css", "/api/v1/nope"):
        response = client.get(path, headers={"X-Request-Id": given})
        assert re.fullmatch("[0-9a-f]{32}", response["X-Request-Id"])


def test_too_large_a_body_is_answered_with_id_and_nosniff(client: Client, lines: StringIO) -> None:
    response = client.post("/api/v1/uploads", CONTENT_LENGTH=str(2**40))
    assert response.status_code == 413
    assert response["X-Content-Type-Options"] == "nosniff"
    (line,) = access(lines)
    assert f"[{response['X-Request-Id']}] POST / 413" in line


def test_a_job_says_whose_its_lines_are(world: Any, api: Any, lines: StringIO) -> None:
    assert api("post", "/generations", ASK, key=world.key).status_code == 201
    logging.getLogger("generations.tasks").setLevel(logging.DEBUG)
    queue.perform("generations.tasks.sweep")
    with logs.lines_of("outer"):
        logging.getLogger("project.x").warning("after")
    assert "[outer] after" in lines.getvalue()


def test_jobs_and_chores_are_named_in_their_lines(db: None, lines: StringIO, settings: Any) -> None:
    settings.JOBS = ("tests.api.test_log_lines.speak",)
    queue.perform("tests.api.test_log_lines.speak", 7, "more")
    assert " [job:tests.api.test_log_lines.speak:7] spoken" in lines.getvalue()

    def fail() -> None:
        raise ValueError("chore")

    assert clock.Chore("chore", 1.0, fail).run() is False
    assert " [clock:chore] chore failed, 1 in a row" in lines.getvalue()


def speak(*args: int | str) -> None:
    logging.getLogger("project.x").warning("spoken")
