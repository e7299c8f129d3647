"""The stand-in for Stripe in a process of its own, and its control interface: the oracle of the tests of money."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0
KEY = "sk_test_standin_tests"
WEBHOOK_SECRET = "whsec_of_the_tests"
NOWHERE = "http://127.0.0.1:9/callbacks/stripe"


class StripeProcess:
    """Starts the stand-in on a free port and talks to its control interface. It ends with this process, whatever
    happens: it watches a pipe that we hold."""

    def __init__(self, *, speed: float = 50, settle_seconds: float = 0, state_file: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="stripe-")
        ready = Path(self._folder.name) / "ready"
        arguments = ["--port", "0", f"--speed={speed}", f"--settle-seconds={settle_seconds}"]
        arguments += [f"--webhook-secret={WEBHOOK_SECRET}", "--ready-file", str(ready)]
        arguments += ["--state-file", str(state_file)] if state_file else []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "billing.standin", *arguments, "--quiet", "--stop-on-eof"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
        )
        try:
            self.url = self._wait_for(ready)
        except BaseException:
            self.stop()
            raise
        self._client = httpx.Client(base_url=f"{self.url}/_control", trust_env=False, timeout=60)

    def _wait_for(self, ready: Path) -> str:
        until = time.monotonic() + START_SECONDS
        while not ready.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"the stand-in ended with {self.process.returncode}")
            if time.monotonic() > until:
                raise RuntimeError(f"the stand-in is not ready after {START_SECONDS} s")
            time.sleep(0.02)
        return ready.read_text().strip()

    # what happened

    def stats(self) -> dict[str, Any]:
        """Counters: calls ("POST /v1/refunds"), by_key (idempotency), events (by type), deliveries (by state),
        answers (of the webhook, by status), sending."""
        return dict(self._get("stats"))

    def calls(self, *, path: str = "", **where: str) -> list[dict[str, Any]]:
        """Calls of the API in order: method, path, endpoint, idempotency_key, status, replayed, fault, params.
        `path` begins with; `method`, `idempotency_key` are."""
        return list(self._get("calls", path=path, **where))

    def events(self, **where: str) -> list[dict[str, Any]]:
        """Events, oldest first, each with `delivery` {state, tries}. `type` is; `about` is the id of the object or of
        its payment intent."""
        return list(self._get("events", **where))

    def event(self, type: str, about: str = "") -> dict[str, Any]:
        """The newest event of the type."""
        return self.events(type=type, **({"about": about} if about else {}))[-1]

    def show(self, ident: str) -> dict[str, Any]:
        """Any object by its id."""
        return dict(self._get("show", id=ident))

    # buyers, banks, the dashboard

    def pay(self, session: str, number: str = "4242424242424242", *, authenticate: bool = True) -> dict[str, Any]:
        """Pays a Checkout session as a buyer would: {status: succeeded, processing, requires_action or declined,
        error, session}. A card that asks (4000 0025 0000 3155) is confirmed unless `authenticate` is False."""
        return dict(self._post("pay", session=session, number=number, authenticate=authenticate))

    def settle(self, ident: str, outcome: str = "succeed") -> dict[str, Any]:
        """Ends an intent that is processing, or a pending refund: succeed or fail."""
        return dict(self._post("settle", id=ident, outcome=outcome))

    def expire(self, session: str) -> dict[str, Any]:
        """The session expires now."""
        return dict(self._post("expire", session=session))

    def refund(self, payment_intent: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
        """A refund from the dashboard, in cents (all that is left); status="pending", reason, metadata."""
        return dict(self._post("refund", payment_intent=payment_intent, amount=amount, **more))

    def fail_refund(self, refund: str) -> dict[str, Any]:
        """The bank sends it back: refund.failed."""
        return self.settle(refund, "fail")

    def dispute(self, payment_intent: str, amount: int | None = None, **more: Any) -> dict[str, Any]:
        """Opens a dispute, in cents (all); status="warning_needs_response", reason."""
        return dict(self._post("dispute", payment_intent=payment_intent, amount=amount, **more))

    def set_dispute(self, dispute: str, status: str) -> dict[str, Any]:
        """won, lost, under_review, needs_response, warning_under_review, warning_closed."""
        return dict(self._post("set_dispute", dispute=dispute, status=status))

    def save_card(self, customer: str, number: str = "4242424242424242") -> dict[str, Any]:
        """A payment method saved for off-session payments."""
        return dict(self._post("save_card", customer=customer, number=number))

    def change_card(self, payment_method: str, number: str) -> dict[str, Any]:
        """The saved method behaves like that card from now on."""
        return dict(self._post("change_card", payment_method=payment_method, number=number))

    # webhooks

    def letter(self, event: str, **lies: Any) -> dict[str, Any]:
        """The POST of an event, not sent: {body, headers}. Lies: age (seconds earlier), signature ("wrong", "none" or
        the header), signed_ago (seconds), account, livemode, type, id, api_version, object (fields), body (text)."""
        return dict(self._post("letter", event=event, **lies))

    def deliver(self, *events: str, copies: int = 1, url: str = "", **lies: Any) -> list[dict[str, Any]]:
        """Sends now, in this order, held or delivered before or not; `copies` of each at once. The answers."""
        return list(self._post("deliver", events=events, copies=copies, url=url, **lies))

    def make_event(self, type: str, object: dict[str, Any] | None = None) -> dict[str, Any]:
        """An event of any type about anything."""
        return dict(self._post("make_event", type=type, object=object or {}))

    def drop(self, event: str = "") -> None:
        """Is never sent; without an id all that wait."""
        self._post("drop", event=event)

    def hold(self) -> None:
        """Events wait from now on."""
        self.settings(held=True)

    def release(self) -> None:
        """They go out again, those that waited too."""
        self.settings(held=False)

    def wait_until_delivered(self, seconds: float = 60.0) -> None:
        """Waits until nothing is pending or on its way. Raises AssertionError after `seconds`."""
        until = time.monotonic() + seconds
        while (stats := self.stats())["deliveries"].get("pending") or stats["sending"]:
            if time.monotonic() > until:
                raise AssertionError(f"not delivered after {seconds} s: {stats}")
            time.sleep(0.03)

    # the world

    def fault(self, kind: str, *, method: str = "*", path: str = "*", times: int = 1, seconds: float = 1) -> None:
        """The next `times` calls: refused, lost (done, no answer), 500, 500_after, 429, bad_gateway, slow."""
        self._post("fault", kind=kind, method=method, path=path, times=times, seconds=seconds)

    def hurry(self) -> None:
        """Slow calls go on now."""
        self._post("hurry")

    def advance(self, seconds: float) -> int:
        """Stripe's clock goes forward; the time it then has."""
        return int(self._post("advance", seconds=seconds)["now"])

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Changes webhook_url, webhook_secret, public_url, speed, settle_seconds, held, account."""
        return dict(self._post("settings", **changes))

    def reset(self) -> None:
        """Forgets everything; settings of the start. Nothing is on its way afterwards."""
        self._post("reset")

    def stop(self) -> None:
        """Ends the process and waits for it."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self._folder.cleanup()

    def _get(self, verb: str, **query: str) -> Any:
        return self._checked(self._client.get(f"/{verb}", params=query))

    def _post(self, verb: str, **body: Any) -> Any:
        return self._checked(self._client.post(f"/{verb}", json=body))

    def _checked(self, response: httpx.Response) -> Any:
        if response.status_code != 200:
            raise AssertionError(f"stand-in control: {response.status_code} {response.text[:300]}")
        return response.json()


def ids(events: Sequence[dict[str, Any]]) -> list[str]:
    """Their ids in order."""
    return [event["id"] for event in events]
