"""KIE: createTask, Veo and Flux Kontext (providers/kie.md). HTTP status is no success signal: the body's code is."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings

from generations.catalog.base import Entry
from generations.providers import kie_files, kie_records
from generations.providers.base import (
    BALANCE_BYTES,
    CREATE_DEADLINE,
    READ_DEADLINE,
    RECORD_BYTES,
    Accepted,
    Charge,
    CreateResult,
    File,
    Inspected,
    Missing,
    NotHandedOver,
    Observation,
    RefusedAccount,
    RefusedInput,
    Task,
    Trouble,
    TryLater,
    Unknown,
    after,
)
from project import net, strict_json

CREATE = {
    "market": "/api/v1/jobs/createTask",
    "veo": "/api/v1/veo/generate",
    "flux": "/api/v1/flux/kontext/generate",
}
RECORD = {
    "market": "/api/v1/jobs/recordInfo",
    "veo": "/api/v1/veo/record-info",
    "flux": "/api/v1/flux/kontext/record-info",
}
LATER = {429, 455}  # documented: rejected, not queued; maintenance
OF_INPUT = {400, 404, 422, 451, 505}
OF_ACCOUNT = {401, 402, 433}
# Reviewed texts of an account without balance that came under code 500 (kie.md section 2).
NO_BALANCE = re.compile(r"(?i)credits? insufficient|balance isn.t enough")
CONTENT = re.compile(r"(?i)polic|prohibited|flagged|nsfw|unsafe|sensitive")


class Kie:
    """The KIE dialect."""

    name = "kie"

    def credential(self) -> str:
        return hashlib.sha256((settings.KIE_API_KEY or "").encode()).hexdigest()[:12]

    def create(self, *, entry: Entry, body: dict[str, Any], callback_url: str) -> CreateResult:
        """POSTs one create; kie.md section 2.1 says what each answer proves."""
        if not settings.KIE_API_KEY:
            return RefusedAccount("KIE_API_KEY is not set")
        try:
            response = net.fetch(
                method="POST",
                url=f"{settings.KIE_API_BASE}{CREATE[entry.family]}",
                headers=self._headers(),
                json={**body, "callBackUrl": callback_url},
                deadline=CREATE_DEADLINE,
                max_bytes=RECORD_BYTES,
                guard=net.Guard.OPERATOR,
            )
        except net.NetError as error:
            return after(error)
        return self.judge_create(response.status, response.body)

    def judge_create(self, status: int, raw: bytes) -> CreateResult:
        """What an answer to a create proves."""
        if status == 429:
            return TryLater("http 429")
        if status == 403 and b"1010" in raw[:400]:
            return RefusedAccount("refused at the edge (1010)")
        try:
            body = strict_json.loads_provider(raw, max_bytes=RECORD_BYTES)
        except strict_json.BadJson:
            return Unknown(f"http {status} without JSON", trouble=status >= 500)
        if not isinstance(body, dict):
            return Unknown(f"http {status} without an object")
        code = kie_records.number(body.get("code"))
        task_id = kie_records.task_id_of(body)
        if task_id is not None:
            return Accepted(task_id) if code == 200 and status < 300 else Unknown(f"code {code} with a task")
        code = code if code is not None else status
        text = kie_records.words(body.get("msg") or body.get("message"))
        if code in LATER:
            return TryLater(f"code {code}", pause=10 if code == 429 else 60)
        if code in OF_INPUT:
            return RefusedInput(f"code {code}", content=bool(CONTENT.search(text)))
        if code in OF_ACCOUNT or (code == 500 and NO_BALANCE.search(text)):
            return RefusedAccount(f"code {code}")
        return Unknown(f"code {code} without a task", trouble=code >= 500)

    def take_file(self, file: File, *, deadline: float) -> str:
        """One multipart POST to the upload host."""
        if not settings.KIE_API_KEY:
            raise NotHandedOver(RefusedAccount("KIE_API_KEY is not set"))
        return kie_files.take(file, headers=self._headers(), deadline=deadline)

    def read(self, task: Task) -> Observation:
        """GETs the record of the task's family."""
        found = self._record(task)
        return kie_records.observe(task.entry.family, found) if isinstance(found, dict) else found

    def inspect(self, task: Task) -> Inspected:
        """The same request; the record repeats what the task was made of."""
        found = self._record(task)
        if not isinstance(found, dict):
            return Inspected(found)
        model, callback_url = kie_records.made_of(found)
        return Inspected(kie_records.observe(task.entry.family, found), model, callback_url)

    def _record(self, task: Task) -> dict[str, Any] | Observation:
        """The `data` of a task's record, or why there is none."""
        try:
            response = net.fetch(
                method="GET",
                url=f"{settings.KIE_API_BASE}{RECORD[task.entry.family]}?taskId={quote(task.task_id, safe='')}",
                headers=self._headers(),
                deadline=READ_DEADLINE,
                max_bytes=RECORD_BYTES,
                guard=net.Guard.OPERATOR,
            )
        except net.TooLarge:
            return kie_records.too_large()
        except net.NetError as error:
            return Trouble(type(error).__name__)
        try:
            body = strict_json.loads_provider(response.body, max_bytes=RECORD_BYTES)
        except strict_json.BadJson:
            return Trouble(f"http {response.status} without JSON")
        if not isinstance(body, dict):
            return Trouble(f"http {response.status} without an object")
        code = kie_records.number(body.get("code"))
        code = code if code is not None else response.status
        if code in (404, 422):
            return Missing()
        if code != 200 or response.status >= 300:
            return Trouble(f"code {code}")
        data = body.get("data")
        if not isinstance(data, dict):
            return Missing()
        if data.get("taskId") not in (None, task.task_id):
            return Trouble("record of another task")
        return data

    def balance(self) -> int | None:
        """GETs what is left of our credits (kie.md 1.4): a number, fractional, as micro-dollars."""
        if not settings.KIE_API_KEY:
            return None
        try:
            response = net.fetch(
                method="GET",
                url=f"{settings.KIE_API_BASE}/api/v1/chat/credit",
                headers=self._headers(),
                deadline=READ_DEADLINE,
                max_bytes=BALANCE_BYTES,
                guard=net.Guard.OPERATOR,
            )
            body = strict_json.loads_provider(response.body, max_bytes=BALANCE_BYTES)
        except (net.NetError, strict_json.BadJson):
            return None
        if not isinstance(body, dict) or response.status >= 300 or kie_records.number(body.get("code")) != 200:
            return None
        return kie_records.balance_of(body.get("data"))

    def tells_charges(self) -> bool:
        return False

    def charges(self, *, since: datetime, until: datetime) -> list[Charge] | None:
        """KIE has no such interface: its usage comes as a file from its pages."""
        return None

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {settings.KIE_API_KEY}", "Accept": "application/json"}
