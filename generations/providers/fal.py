"""fal: queue submit, result, router models (providers/fal.md). A failed request also ends as COMPLETED."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import ROUND_CEILING, Decimal
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from generations.catalog.base import Entry
from generations.providers import fal_billing, fal_files, fal_records
from generations.providers.base import (
    CREATE_DEADLINE,
    READ_DEADLINE,
    RECORD_BYTES,
    Accepted,
    Charge,
    CreateResult,
    Failed,
    File,
    Inspected,
    Missing,
    NotHandedOver,
    NotSent,
    Observation,
    RefusedAccount,
    RefusedInput,
    Running,
    Task,
    Trouble,
    TryLater,
    Unknown,
    Unreadable,
    after,
)
from project import money, net, strict_json

START_TIMEOUT = 600  # seconds until a runner must start (fal.md 1.4)


class Fal:
    """The fal dialect."""

    name = "fal"

    def credential(self) -> str:
        return hashlib.sha256((settings.FAL_KEY or "").encode()).hexdigest()[:12]

    def create(self, *, entry: Entry, body: dict[str, Any], callback_url: str) -> CreateResult:
        """POSTs one submit to the queue; fal.md section 2.4 says what each answer proves."""
        if not settings.FAL_KEY:
            return RefusedAccount("FAL_KEY is not set")
        url = f"{settings.FAL_QUEUE_BASE}/{entry.provider_model}?fal_webhook={quote(callback_url, safe='')}"
        headers = {**self._headers(), "X-Fal-Request-Start-Timeout": str(START_TIMEOUT)}
        try:
            response = net.fetch(
                method="POST",
                url=url,
                headers=headers,
                json=body,
                deadline=CREATE_DEADLINE,
                max_bytes=RECORD_BYTES,
                guard=net.Guard.OPERATOR,
            )
        except net.NetError as error:
            return after(error)
        return self.judge_create(response.status, dict(response.headers), response.body)

    def judge_create(self, status: int, headers: dict[str, str], raw: bytes) -> CreateResult:
        """What an answer to a submit proves."""
        seen = "x-fal-request-id" in headers
        if status in (502, 503, 504) and not seen and b"nginx" in raw:
            return NotSent(f"http {status} of the edge")
        try:
            body = strict_json.loads_provider(raw, max_bytes=RECORD_BYTES)
        except strict_json.BadJson:
            return Unknown(f"http {status} without JSON", trouble=status >= 500)
        body = body if isinstance(body, dict) else {}
        request_id = fal_records.request_id_of(body)
        if request_id is not None:
            urls = {name: body[name] for name in fal_records.URLS if isinstance(body.get(name), str)}
            return Accepted(request_id, urls) if status < 300 else Unknown(f"http {status} with a request")
        if status == 429:
            return TryLater("http 429")
        if status in (401, 402, 403):
            return RefusedAccount(f"http {status}")
        if status in (400, 404, 422):
            return RefusedInput(f"http {status}", content=fal_records.is_content(body))
        return Unknown(f"http {status} without a request id", trouble=status >= 500)

    def take_file(self, file: File, *, deadline: float) -> str:
        """Two exchanges: initiate, PUT."""
        if not settings.FAL_KEY:
            raise NotHandedOver(RefusedAccount("FAL_KEY is not set"))
        return fal_files.take(file, headers=self._headers(), deadline=deadline)

    def read(self, task: Task) -> Observation:
        """GETs the status, and the result when it is COMPLETED."""
        status_url = self._own(task, "status_url", "/status")
        answer = self._get(status_url)
        if isinstance(answer, Trouble):
            return answer
        code, _, body = answer
        if code == 404:
            return Missing()
        state = body.get("status") if isinstance(body, dict) else None
        if state in ("IN_QUEUE", "IN_PROGRESS"):
            return Running()
        if state != "COMPLETED":
            return Trouble(f"http {code}")
        answer = self._get(self._own(task, "response_url", ""))
        if isinstance(answer, Trouble):
            return Unreadable("result too large") if answer.detail == "TooLarge" else answer
        code, headers, result = answer
        if code == 400 and isinstance(result, dict) and "still in progress" in str(result.get("detail")):
            return Running()
        if code == 404:
            return Failed("result 404")
        if code >= 400:
            return Failed(f"http {code}", content=fal_records.is_content(result), cost=0 if code >= 500 else None)
        observed = fal_records.observe(task.entry.family, result)
        return fal_records.with_cost(observed, self._cost(task.entry, headers))

    def inspect(self, task: Task) -> Inspected:
        """The same requests; they are asked at the model's own address, which knows no other's."""
        return Inspected(self.read(task))

    def _cost(self, entry: Entry, headers: dict[str, str]) -> int | None:
        """Billable units are megapixels for the image models (fal.md 7.1): micro-dollars, rounded up."""
        units = fal_records.decimal_of(headers.get("x-fal-billable-units"))
        rate = entry.rates.get("image")
        if units is None or rate is None or entry.family != "fal":
            return None
        return int((units * Decimal(rate)).to_integral_value(rounding=ROUND_CEILING)) if units < money.USD else None

    def _get(self, url: str) -> Trouble | tuple[int, dict[str, str], Any]:
        try:
            response = net.fetch(
                method="GET",
                url=url,
                headers=self._headers(),
                deadline=READ_DEADLINE,
                max_bytes=RECORD_BYTES,
                guard=net.Guard.OPERATOR,
            )
        except net.NetError as error:
            return Trouble(type(error).__name__)
        if response.status in (401, 403, 429):
            return Trouble(f"http {response.status}")
        try:
            body = strict_json.loads_provider(response.body, max_bytes=RECORD_BYTES)
        except strict_json.BadJson:
            return Trouble(f"http {response.status} without JSON")
        return response.status, dict(response.headers), body

    def _own(self, task: Task, name: str, tail: str) -> str:
        """The address the provider gave, if it is on the provider's host (our key goes along); else our own, from
        owner and alias only (fal.md 1.2)."""
        given, base = task.urls.get(name, ""), urlsplit(settings.FAL_QUEUE_BASE)
        if given:
            parts = urlsplit(given)
            if (parts.scheme, parts.netloc) == (base.scheme, base.netloc):
                return given
        owner_alias = "/".join(task.entry.provider_model.split("/")[:2])
        return f"{settings.FAL_QUEUE_BASE}/{owner_alias}/requests/{quote(task.task_id, safe='')}{tail}"

    def balance(self) -> int | None:
        """What is left of our credits at fal (fal_billing)."""
        return fal_billing.balance()

    def tells_charges(self) -> bool:
        """With an admin key, or a key that may be one (fal_billing)."""
        return bool(settings.FAL_ADMIN_KEY or settings.FAL_KEY)

    def charges(self, *, since: datetime, until: datetime) -> list[Charge] | None:
        """fal's billing events (fal_billing)."""
        return fal_billing.charges(since=since, until=until)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Key {settings.FAL_KEY}", "Accept": "application/json"}
