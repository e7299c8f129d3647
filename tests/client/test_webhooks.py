"""framehouse.webhooks.verify: the published vector, lies of every kind, and the standard's library as signer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from email.message import Message
from typing import Any

import pytest
from framehouse.webhooks import WebhookVerificationError, verify
from standardwebhooks.webhooks import Webhook

# The vector of the Standard Webhooks specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER = "whsec_" + base64.b64encode(b"another secret of 32 bytes long.").decode()


def headers(**changes: str) -> dict[str, str]:
    found = {"webhook-id": ID, "webhook-timestamp": str(AT), "webhook-signature": SIGNATURE}
    return found | {name.replace("_", "-"): value for name, value in changes.items()}


def check(body: bytes = BODY, secret: Any = SECRET, now: float = AT, **changes: str) -> Any:
    return verify(body, headers(**changes), secret, now=now)


def signed(body: bytes, secret: str, at: datetime) -> dict[str, str]:
    """Headers by the standard's own library."""
    signature = Webhook(secret).sign("evt_1", at, body.decode())
    stamp = str(int(at.replace(tzinfo=UTC).timestamp()))
    return {"webhook-id": "evt_1", "webhook-timestamp": stamp, "webhook-signature": signature}


def test_the_vector_of_the_specification() -> None:
    event = check()
    assert (event.id, event.raw) == (ID, {"test": 2432232314})
    assert check(secret=SECRET.removeprefix("whsec_")) == event


def test_it_agrees_with_the_library_of_the_standard() -> None:
    data = {"id": "gen_1", "status": "succeeded", "charged": {"usd": "0.3", "credits": "60"}, "x": "é€\U0001f600"}
    sent = {"type": "generation.succeeded", "timestamp": "2026-01-31T09:30:00Z", "sequence": 2, "data": data}
    for body in (json.dumps(sent).encode(), json.dumps(sent, ensure_ascii=False).encode()):
        found = signed(body, OTHER, datetime.now(UTC))
        event = verify(body, found, OTHER)
        assert (event.id, event.type, event.sequence) == ("evt_1", "generation.succeeded", 2)
        assert event.timestamp == datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
        assert (event.generation.id, str(event.generation.charged)) == ("gen_1", "$0.30")
        Webhook(OTHER).verify(body, found)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_every_header_is_needed_whatever_its_case(name: str) -> None:
    some = headers()
    message = Message()
    for key, value in some.items():
        message[key.title()] = value
    assert verify(BODY, message, SECRET, now=AT) == check()
    del some[name]
    with pytest.raises(WebhookVerificationError, match=name):
        verify(BODY, some, SECRET, now=AT)


@pytest.mark.parametrize(
    "changes",
    [
        {"body": BODY + b" "},
        {"body": b'{"test": 2432232315}'},
        {"body": b""},
        {"secret": OTHER},
        {"webhook_id": ID + "x"},
        {"webhook_timestamp": str(AT + 1)},
        {"webhook_timestamp": f"{AT}.0"},
        {"webhook_timestamp": f"+{AT}"},
        {"webhook_timestamp": " " + str(AT)},
        {"webhook_timestamp": "1e9"},
        {"webhook_timestamp": "١٦١٤٢٦٥٣٣٠"},
        {"webhook_timestamp": "9" * 400},
        {"webhook_signature": SIGNATURE.replace("v1,", "v2,")},
        {"webhook_signature": SIGNATURE.replace("v1,", "v1a,")},
        {"webhook_signature": SIGNATURE.removeprefix("v1,")},
        {"webhook_signature": SIGNATURE[:-2]},
        {"webhook_signature": SIGNATURE.lower()},
        {"webhook_signature": "v1,"},
        {"webhook_signature": "v1,é\udcff"},
        {"webhook_signature": ",,, v1 v1,,"},
    ],
    ids=lambda changes: repr(changes)[:60].encode("ascii", "backslashreplace").decode(),
)
def test_a_lie_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WebhookVerificationError):
        check(**changes)


@pytest.mark.parametrize(("late", "believed"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_five_minutes_either_way(late: int, believed: bool) -> None:
    if believed:
        assert check(now=AT + late)
        return
    with pytest.raises(WebhookVerificationError, match="too old"):
        check(now=AT + late)
    assert verify(BODY, headers(), SECRET, 302, now=AT + late)


def test_the_clock_is_asked_where_no_time_is_given() -> None:
    body = b'{"type": "webhook.test"}'
    assert verify(body, signed(body, SECRET, datetime.now(UTC)), SECRET).type == "webhook.test"
    old = datetime.fromtimestamp(time.time() - 400, UTC)
    with pytest.raises(WebhookVerificationError, match="too old"):
        verify(body, signed(body, SECRET, old), SECRET)


def test_while_one_secret_replaces_the_other() -> None:
    ours = signed(BODY, OTHER, datetime.fromtimestamp(AT, UTC))["webhook-signature"]
    assert ours != SIGNATURE
    for secrets in (SECRET, [SECRET], [OTHER, SECRET], (one for one in (SECRET, OTHER))):
        assert check(secret=secrets, webhook_signature=f"v1,AAAA v1a,{SIGNATURE[3:]} {SIGNATURE}")
    with pytest.raises(WebhookVerificationError):
        check(secret=[OTHER, OTHER])


@pytest.mark.parametrize("secret", ["", "whsec_", [], "whsec_!!!", "whsec_\u00e9", [SECRET, ""]])
def test_a_secret_that_is_none_is_the_receivers_mistake(secret: Any) -> None:
    with pytest.raises(ValueError, match="secret"):
        check(secret=secret)


@pytest.mark.parametrize("body", [b"[]", b"no json", b"\xff", b'{"timestamp": "now"}'])
def test_a_signed_body_that_is_no_event(body: bytes) -> None:
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{ID}.{AT}.".encode() + body, hashlib.sha256).digest()).decode()
    with pytest.raises(WebhookVerificationError, match="no event"):
        check(body=body, webhook_signature=f"v1,{signature}")


def test_only_the_bytes_that_came_will_do() -> None:
    with pytest.raises(TypeError, match="bytes"):
        verify(BODY.decode(), headers(), SECRET)  # type: ignore[arg-type]
