"""How `Prefer` is read (RFC 7240)."""

from __future__ import annotations

import pytest
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from generations.api_making import wait_of


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("wait=5", 5),
        ("WAIT=5", 5),
        ('wait="5"', 5),
        ("respond-async; wait=7", 7),
        ("return=minimal, wait = 8 , respond-async", 8),
        ("wait=60", 60),
        ("wait=61", 60),
        ("wait=999999999", 60),
        ("wait=9999999999", 0),
        ("wait=٥", 0),
        ("xwait=5", 0),
        ("wait=5s", 0),
    ],
)
def test_wait_is_whole_seconds_up_to_sixty(header: str, seconds: int) -> None:
    request = Request(APIRequestFactory().post("/", headers={"Prefer": header}))
    assert wait_of(request) == seconds
