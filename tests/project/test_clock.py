"""When silence is a stall, and when it is only the clock that cannot see."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from project import clock
from project.clock import Chore, Pulse


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    """The moment at which the clock stands still."""
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: 5000.0))
    return 5000.0


def test_silence_is_counted_from_the_last_beat(now: float) -> None:
    pulse = Pulse(beats={"main": now - 100}, seen_at=now, clear_since=now - 500)
    assert pulse.quiet_for("main", since=now - 300) == 100


def test_a_new_cluster_gets_its_time(now: float) -> None:
    pulse = Pulse(beats={"main": now - 100}, seen_at=now, clear_since=now - 500)
    assert pulse.quiet_for("main", since=now - 5) == 5
    assert pulse.quiet_for("store", since=now - 5) == 5, "a lane that never had a beat"


def test_an_outage_is_no_stall(now: float) -> None:
    after = Pulse(beats={"main": now - 400}, seen_at=now, clear_since=now - 3)
    assert after.quiet_for("main", since=now - 900) == 3
    during = Pulse(beats={"main": now - 400}, seen_at=now - 60, clear_since=now - 500)
    assert during.quiet_for("main", since=now - 900) == 0
    assert Pulse().quiet_for("main", since=now - 900) == 0, "it has not looked yet"


def test_a_failing_chore_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[float] = []

    def work() -> None:
        calls.append(time.monotonic())
        if len(calls) < 3:
            raise ValueError("not yet")

    chore = Chore("this chore", 0.01, work)
    begun = time.monotonic()
    deadline = begun + 30
    while len(calls) < 3 and time.monotonic() < deadline:
        chore.run()
        time.sleep(0.01)
    assert len(calls) == 3
    assert chore.failures == 0
    assert calls[1] - begun >= 1, "the first repetition waits a second"
    assert "this chore failed, 2 in a row" in caplog.text
