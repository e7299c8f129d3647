"""The state survives a restart: payments, keys, webhooks that still wait."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe as sdk

from tests.billing.standin.receiver import Receiver
from tests.stripe_client import KEY, ROOT, StripeProcess


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], StripeProcess]]:
    """start(): a stand-in on the one state file."""
    started: list[StripeProcess] = []

    def begin() -> StripeProcess:
        started.append(StripeProcess(state_file=tmp_path / "state.json"))
        return started[-1]

    yield begin
    for process in started:
        process.stop()


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_was_is_still_there(start: Callable[[], StripeProcess], end: str) -> None:
    first, receiver = start(), Receiver()
    client = sdk.StripeClient(KEY, base_addresses={"api": first.url}, max_network_retries=0)
    customer = client.v1.customers.create({"email": "alice@example.com"}, {"idempotency_key": "k"})
    method = first.save_card(customer.id)["id"]
    first.settings(webhook_url=receiver.url, held=True)
    wanted: Any = {"amount": 900, "currency": "usd", "customer": customer.id, "payment_method": method, "confirm": True}
    intent = client.v1.payment_intents.create(wanted)
    if end == "kill":
        first.process.kill()
    first.stop()

    second = start()
    client = sdk.StripeClient(KEY, base_addresses={"api": second.url}, max_network_retries=0)
    assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()
    assert client.v1.customers.create({"email": "alice@example.com"}, {"idempotency_key": "k"}).id == customer.id
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"
    second.settings(webhook_url=receiver.url)
    second.wait_until_delivered()
    assert receiver.types()[:3] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    receiver.stop()


def test_a_broken_file_is_named_and_left_alone(tmp_path: Path) -> None:
    broken = tmp_path / "state.json"
    broken.write_text("[]")
    command = [sys.executable, "-m", "billing.standin", "--port", "0", "--state-file", str(broken)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert ended.returncode == 1
    assert str(broken) in ended.stderr
    assert "Traceback" not in ended.stderr
    assert broken.read_text() == "[]"
