"""The worked examples of kie.md 4.3 and fal.md 4.5, and callbacks that a stranger's verifier accepts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from generations.sandbox import signing
from tests.sandbox.conftest import HMAC_KEY, Ears, Fal, Heard, Kie
from tests.sandbox_client import SandboxProcess

FAL_RAW = (
    b'{"error": null, "gateway_request_id": "9c08e7d8-312c-402d-a691-c207a9cb8121", "payload": {"images": [{"url": '
    b'"https://v3b.fal.media/files/b/0a1b2c3d/out.png", "width": 1024, "height": 1024, "content_type": "image/png"}], '
    b'"seed": 17454220438242315174}, "request_id": "9c08e7d8-312c-402d-a691-c207a9cb8121", "status": "OK"}'
)
FAL_SIGNATURE = (
    "f5b364e3fd35a6e6c484b579e80bd491bc138c61f2744890436aa2d43d80b3ae"
    "9a99d2357c019294daa170cef421293078dbd012f0196449893a04b3d4054a0d"
)


def test_kie_worked_example() -> None:
    signature = signing.kie_signature(
        key="kie_test_hmac_key_0123456789abcdef", task_id="e989621f54392584b05867f87b160672", timestamp=1767225600
    )
    assert signature == "Su8iJ0p7BpfNATidc/2gCHXTainCOikYuro+i699G7w="


def test_fal_worked_example() -> None:
    assert len(FAL_RAW) == 321
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    signature = signing.fal_signature(
        key=key,
        request_id="9c08e7d8-312c-402d-a691-c207a9cb8121",
        user_id="github|1234567",
        timestamp=1767225600,
        raw=FAL_RAW,
    )
    assert signature == FAL_SIGNATURE
    assert signing.jwk(key.public_key(), "k")["x"] == "A6EHv_POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg"


def kie_fits(heard: Heard) -> bool:
    """By the rule of kie.md 4.2, written here again."""
    message = f"{heard.body['data']['taskId']}.{heard.headers['x-webhook-timestamp']}".encode()
    mac = base64.b64encode(hmac.new(HMAC_KEY.encode(), message, hashlib.sha256).digest()).decode()
    return mac == heard.headers["x-webhook-signature"]


def fal_fits(heard: Heard, x: str) -> bool:
    """By the rule of fal.md 4.4, written here again."""
    named = [heard.headers[f"x-fal-webhook-{name}"] for name in ("request-id", "user-id", "timestamp")]
    message = "\n".join([*named, hashlib.sha256(heard.raw).hexdigest()]).encode()
    key = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    try:
        key.verify(bytes.fromhex(heard.headers["x-fal-webhook-signature"]), message)
    except InvalidSignature:
        return False
    return True


def keys(fal: Fal) -> list[str]:
    return [key["x"] for key in fal.http.get("/.well-known/jwks.json").json()["keys"]]


def test_kie_callbacks_are_signed(kie: Kie, ears: Ears) -> None:
    kie.banana("a cat", ears.url)
    (heard,) = ears.wait(1)
    assert kie_fits(heard)
    assert abs(int(heard.headers["x-webhook-timestamp"]) - time.time()) < 60


def test_without_a_key_kie_callbacks_are_not_signed(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    provider.settings(hmac_key="")
    kie.banana("a cat", ears.url)
    (heard,) = ears.wait(1)
    assert "x-webhook-signature" not in heard.headers


def test_fal_webhooks_are_signed_over_their_raw_bytes(fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    submitted = fal.qwen("a cat", f"{ears.url}/hooks/fal?job=7&t=abc")
    (heard,) = ears.wait(1)
    assert heard.path == "/hooks/fal?job=7&t=abc"
    (x,) = keys(fal)
    assert len(x) == 43
    assert fal_fits(heard, x)
    assert heard.headers["x-fal-webhook-request-id"] == submitted["request_id"]
    assert "|" in heard.headers["x-fal-webhook-user-id"]
    assert not fal_fits(Heard(heard.path, heard.headers, heard.raw.replace(b": ", b":")), x)

    provider.rotate_keys()
    (rotated,) = keys(fal)
    assert rotated != x
    fal.qwen("another cat", ears.url)
    assert fal_fits(ears.wait(2)[1], rotated)
    provider.settings(jwks_down=True)
    assert fal.http.get("/.well-known/jwks.json").status_code == 502


@pytest.mark.parametrize(("word", "shift"), [("stale-callback", -600), ("future-callback", 600)])
def test_a_time_ten_minutes_off_under_a_true_signature(
    word: str, shift: int, kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess
) -> None:
    kie.banana(f"[[{word}]] a cat", f"{ears.url}/kie")
    fal.qwen(f"[[{word}]] a cat", f"{ears.url}/fal")
    heard = {one.path: one for one in ears.wait(2)}
    assert kie_fits(heard["/kie"])
    assert fal_fits(heard["/fal"], keys(fal)[0])
    assert abs(int(heard["/kie"].headers["x-webhook-timestamp"]) - time.time() - shift) < 60
    assert abs(int(heard["/fal"].headers["x-fal-webhook-timestamp"]) - time.time() - shift) < 60


def test_missing_and_wrong_signatures(kie: Kie, fal: Fal, ears: Ears) -> None:
    kie.banana("[[unsigned-callback]] a cat", f"{ears.url}/kie/none")
    fal.qwen("[[unsigned-callback]] a cat", f"{ears.url}/fal/none")
    kie.banana("[[bad-signature]] a cat", f"{ears.url}/kie/bad")
    fal.qwen("[[bad-signature]] a cat", f"{ears.url}/fal/bad")
    heard = {one.path: one for one in ears.wait(4)}
    assert not [name for path in ("/kie/none", "/fal/none") for name in heard[path].headers if "webhook" in name]
    assert not kie_fits(heard["/kie/bad"])
    assert len(heard["/kie/bad"].headers["x-webhook-signature"]) == 44
    assert not fal_fits(heard["/fal/bad"], keys(fal)[0])
    assert len(heard["/fal/bad"].headers["x-fal-webhook-signature"]) == 128


def test_altered_bodies(kie: Kie, fal: Fal, ears: Ears) -> None:
    """KIE's signature does not cover the body, fal's does."""
    kie.banana("[[altered-body]] [[fail]] a cat", f"{ears.url}/lies-success")
    kie.banana("[[altered-body]] a cat", f"{ears.url}/lies-fail")
    fal.qwen("[[altered-body]] a cat", f"{ears.url}/fal")
    heard = {one.path: one for one in ears.wait(3)}
    success, fail = heard["/lies-success"], heard["/lies-fail"]
    assert kie_fits(success)
    assert kie_fits(fail)
    assert (success.body["data"]["state"], fail.body["data"]["state"]) == ("success", "fail")
    assert "evil.invalid" in success.body["data"]["resultJson"]
    assert heard["/fal"].body["status"] == "ERROR"
    assert not fal_fits(heard["/fal"], keys(fal)[0])


def test_a_callback_that_names_another_task(kie: Kie, ears: Ears) -> None:
    other = kie.banana("[[never]] one")
    mine = kie.banana("[[foreign-task]] two", ears.url)
    (heard,) = ears.wait(1)
    assert heard.body["data"]["taskId"] == other != mine
    assert kie_fits(heard)
