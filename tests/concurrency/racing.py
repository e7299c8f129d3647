"""Threads that start together, each on a connection of its own, with real commits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import DatabaseError, connections

from project.db import was_lock_timeout

T = TypeVar("T")
PATIENCE = 60.0  # seconds that a race may take


def race(works: Sequence[Callable[[], T]]) -> list[T | Exception]:
    """Runs each work in its own thread, all released at once. Returns results, or what was raised, in order."""
    start = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T | Exception:
        try:
            connections["default"].ensure_connection()
            start.wait(PATIENCE)
            return patiently(work)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as pool:
        return [done.result(PATIENCE) for done in [pool.submit(run, work) for work in works]]


def flood(work: Callable[[int], T], *, times: int, threads: int) -> list[T | Exception]:
    """Calls work(0..times-1) from a few threads. Returns results, or what was raised, in order."""
    numbers = iter(range(times))
    guard = threading.Lock()
    results: dict[int, T | Exception] = {}

    def run() -> None:
        try:
            while True:
                with guard:
                    number = next(numbers, None)
                if number is None:
                    return
                try:
                    results[number] = patiently(lambda n=number: work(n))  # type: ignore[misc]
                except Exception as error:
                    results[number] = error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(run) for _ in range(threads)]:
            done.result(4 * PATIENCE)
    return [results[number] for number in range(times)]


def patiently(work: Callable[[], T]) -> T:
    """What a client does with a 503 for a lock that was not to be had in time: nothing was written, so it asks again
    (faults.md row 51). A busy machine must not decide a race."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except DatabaseError as error:
            if not was_lock_timeout(error) or time.monotonic() > deadline:
                raise


def split(results: Sequence[T | Exception]) -> tuple[list[T], list[Exception]]:
    """What came back, and what was raised."""
    raised = [result for result in results if isinstance(result, Exception)]
    return [result for result in results if not isinstance(result, Exception)], raised
