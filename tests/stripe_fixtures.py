"""Fixtures of the stand-in for Stripe, for every test (tests/conftest.py loads them)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from project.stripe_settings import Stripe
from tests.stripe_client import KEY, NOWHERE, WEBHOOK_SECRET, StripeProcess


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[StripeProcess]:
    process = StripeProcess()
    yield process
    process.stop()


@pytest.fixture
def stripe(stripe_server: StripeProcess, settings: Any) -> Iterator[StripeProcess]:
    """The stand-in for Stripe, empty, and the settings that point at it. Its webhooks are held back: a test takes them
    by `letter` or sends them by `deliver`; `stripe_webhooks` lets them come. Quiet before the tables are emptied."""
    stripe_server.reset()
    stripe_server.settings(webhook_url=NOWHERE, held=True)
    url = stripe_server.url
    settings.STRIPE = Stripe(key=KEY, webhook_secrets=(WEBHOOK_SECRET,), api_base=url, checkout=url)
    yield stripe_server
    stripe_server.reset()


@pytest.fixture
def stripe_webhooks(stripe: StripeProcess, site: str) -> StripeProcess:
    """The same with webhooks that come by themselves to the live server, at /callbacks/stripe."""
    stripe.settings(webhook_url=f"{site}/callbacks/stripe", held=False)
    return stripe
