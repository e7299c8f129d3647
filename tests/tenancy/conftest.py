"""One scene for each file: it is made once, and every request is taken back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from tests.tenancy.scene import Scene, make_scene


@pytest.fixture(scope="module")
def scene(django_db_setup: None, django_db_blocker: Any) -> Iterator[Scene]:
    """The scene, in a transaction that is never committed."""
    with django_db_blocker.unblock():
        block: Any = transaction.atomic()
        block._from_testcase = True  # as Django's TestCase marks its own: durable blocks may stand inside
        logging.disable(logging.CRITICAL)  # thousands of refusals, each a line
        try:
            with block:
                yield make_scene()
                transaction.set_rollback(True)
        finally:
            logging.disable(logging.NOTSET)
            connection.close()
