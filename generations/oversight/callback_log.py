"""The log of callbacks: what was authenticated and what became of it, what was turned away. And replay.

A replay has the stored callback looked at again as if it had just come. That decides nothing by itself: a generation is
charged and released once, a late result is kept once, whatever is replayed however often (callbacks.process).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts import audit
from accounts.models import Action
from generations.models import Callback, CallbackVerdict, Generation, Refusal, RefusedCallback
from project import db, ids, queue, strict_json
from project.errors import NotFound
from project.paging import Page, Window, cut, read_key
from project.times import instant, stamp

# What staff read, and which rows it means. One that was delivered twice is a duplicate whatever became of it.
LATE = "late"  # how the note of a late one begins (callbacks._after_the_end)
KEPT: Mapping[str, Q] = {
    "valid": ~Q(verdict=CallbackVerdict.FAILED) & ~Q(note__startswith=LATE),
    "duplicate": Q(deliveries__gt=1),
    "late": Q(verdict=CallbackVerdict.IGNORED, note__startswith=LATE),
    "failed": Q(verdict=CallbackVerdict.FAILED),
}
TURNED_AWAY = {str(Refusal.FORGED): Q(verdict=Refusal.FORGED), str(Refusal.ALTERED): Q(verdict=Refusal.ALTERED)}
VERDICTS = (*KEPT, *TURNED_AWAY)
SHOWN_BYTES = 64 * 1024

_SECRET = re.compile(r"(?i)api_?key|secret|token|authorization|signature|password|credential")
_BALANCE = re.compile(r"(?i)remain\w*credits?|credits?remain\w*|balance")
_ADDRESS = re.compile(r"(/callbacks/[a-z]{1,8}/)[0-9a-f]{32}")
_BEARER = re.compile(r"(?i)\b(bearer|key)(\s+)[A-Za-z0-9_\-.:]{12,}")
_LOOSE = re.compile(r'(?i)(\\*"?(?:remain\w*credits?|credits?remain\w*|balance)\\*"?\s*[:=]\s*)[^,}\s]+')
HIDDEN = "(hidden)"


@dataclass(frozen=True)
class Entry:
    """One line of the log. `id` is `in-<n>` of what was authenticated, `out-<n>` of what was turned away; `verdicts` in
    the words of VERDICTS, or `waiting`; `note` says why."""

    id: str
    at: datetime
    provider: str
    verdicts: Sequence[str]
    note: str
    deliveries: int
    generation: Generation | None
    task_id: str


@dataclass(frozen=True)
class Shown:
    """One callback with its body as staff may see it. `cut`: only the beginning was kept, or is shown."""

    entry: Entry
    body: str
    cut: bool
    ip: str
    first_at: datetime
    handled_at: datetime | None
    tries: int
    fingerprint: str
    replayable: bool


@dataclass(frozen=True)
class CallbackFilter:
    """Which callbacks are asked for; "" is any."""

    verdict: str = ""
    provider: str = ""
    generation: str = ""  # a public id

    @property
    def of(self) -> UUID:
        """The generation's id; one that nothing has for a text that is none."""
        return ids.parse("gen", self.generation) or UUID(int=0)


def page(wanted: CallbackFilter, window: Window) -> Page[Entry]:
    """One page, the newest first; what is turned away stands where it last came. Two queries."""
    key = read_key(window, instant, str, int)
    older = window.side == "older"
    found: list[Entry] = []
    if wanted.verdict not in TURNED_AWAY:
        found += [_kept(row) for row in _kept_rows(wanted, window, key)]
    if wanted.verdict not in KEPT:
        found += [_refused(row) for row in _refused_rows(wanted, window, key)]
    found.sort(key=_order, reverse=older)
    more, found = len(found) > window.limit, found[: window.limit]
    if not older:
        found.reverse()
    return cut(found, window, more=more, newer_key=_key_of, older_key=_key_of)


def one(public_id: str, *, with_balance: bool) -> Shown:
    """One callback. `with_balance`: who looks may see what is left of our money at the provider. Raises NotFound."""
    source, _, number = public_id.partition("-")
    known = number.isascii() and number.isdigit() and len(number) < 19
    if known and source == "in":
        row = Callback.objects.select_related("attempt__generation__team").filter(pk=int(number)).first()
        if row is not None:
            return Shown(
                entry=_kept(row),
                body=shown_body(bytes(row.body), with_balance=with_balance),
                cut=len(row.body) > SHOWN_BYTES,
                ip="",
                first_at=row.received_at,
                handled_at=row.processed_at,
                tries=row.tries,
                fingerprint=bytes(row.body_hash).hex(),
                replayable=True,
            )
    if known and source == "out":
        out = RefusedCallback.objects.select_related("attempt__generation__team").filter(pk=int(number)).first()
        if out is not None:
            head = bytes(out.head)
            return Shown(
                entry=_refused(out),
                body=shown_body(head, with_balance=with_balance),
                cut=hashlib.sha256(head).digest() != bytes(out.body_hash),
                ip=out.ip or "",
                first_at=out.first_at,
                handled_at=None,
                tries=0,
                fingerprint=bytes(out.body_hash).hex(),
                replayable=False,
            )
    raise NotFound("There is no such callback.")


def replay(*, callback_id: int, by: audit.Staff) -> Callback:
    """Has a stored callback looked at again, and rings its job. Any number of times. Raises NotFound."""

    def work() -> Callback:
        row = Callback.objects.select_for_update(no_key=True, of=("self",)).filter(pk=callback_id).first()
        if row is None:
            raise NotFound("There is no such callback.")
        before = row.verdict
        Callback.objects.filter(pk=row.pk).update(
            verdict=CallbackVerdict.RECEIVED, note="replayed", tries=0, processed_at=None, rung_at=db.now()
        )
        queue.enqueue("generations.tasks.process_callback", row.pk)
        generation = row.attempt.generation
        audit.record(
            Action.CALLBACK_REPLAYED,
            by=by,
            team=generation.team,
            target=generation.public_id,
            target_name=generation.public_id,
            data={"callback": row.pk, "before": before},
        )
        row.refresh_from_db()
        return row

    return db.in_transaction(work)


def shown_body(raw: bytes, *, with_balance: bool) -> str:
    """A stranger's body to be read: JSON set out in lines, what else it is as text. Secrets and the tokens of our
    addresses are taken out for everybody, what is left of our money for those who may not see costs."""
    try:
        parsed = strict_json.loads_provider(raw, max_bytes=1024 * 1024)
        text = json.dumps(_redacted(parsed, with_balance=with_balance), indent=2, ensure_ascii=False, default=str)
    except strict_json.BadJson:
        text = raw.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    return _clean(text, with_balance=with_balance)[:SHOWN_BYTES]


def _redacted(value: Any, *, with_balance: bool) -> Any:
    if isinstance(value, list):
        return [_redacted(item, with_balance=with_balance) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: HIDDEN
        if _SECRET.search(name) or (not with_balance and _BALANCE.fullmatch(name))
        else _redacted(item, with_balance=with_balance)
        for name, item in value.items()
    }


def _clean(text: str, *, with_balance: bool) -> str:
    """The same inside of texts: JSON in JSON, and what is no JSON at all."""
    text = _BEARER.sub(rf"\1\2{HIDDEN}", _ADDRESS.sub(rf"\1{HIDDEN}", text))
    return text if with_balance else _LOOSE.sub(rf"\1{HIDDEN}", text)


def _kept_rows(wanted: CallbackFilter, window: Window, key: tuple[Any, ...] | None) -> list[Callback]:
    rows = Callback.objects.select_related("attempt__generation__team").defer("body")
    if wanted.verdict:
        rows = rows.filter(KEPT[wanted.verdict])
    if wanted.provider:
        rows = rows.filter(attempt__generation__provider=wanted.provider)
    if wanted.generation:
        rows = rows.filter(attempt__generation=wanted.of)
    older = window.side == "older"
    sign = "-" if older else ""
    ordered = rows.filter(_beyond("received_at", "in", key, older=older)).order_by(f"{sign}received_at", f"{sign}id")
    return list(ordered[: window.limit + 1])


def _refused_rows(wanted: CallbackFilter, window: Window, key: tuple[Any, ...] | None) -> list[RefusedCallback]:
    rows = RefusedCallback.objects.select_related("attempt__generation__team").defer("head")
    if wanted.verdict:
        rows = rows.filter(TURNED_AWAY[wanted.verdict])
    if wanted.provider:
        rows = rows.filter(provider=wanted.provider)
    if wanted.generation:
        rows = rows.filter(attempt__generation=wanted.of)
    older = window.side == "older"
    sign = "-" if older else ""
    ordered = rows.filter(_beyond("last_at", "out", key, older=older)).order_by(f"{sign}last_at", f"{sign}id")
    return list(ordered[: window.limit + 1])


def _beyond(field: str, source: str, key: tuple[Any, ...] | None, *, older: bool) -> Q:
    """(at, source, id) beyond the key, for the rows of one source."""
    if key is None:
        return Q()
    at, its, number = key
    lookup = "lt" if older else "gt"
    condition = Q(**{f"{field}__{lookup}": at})
    if source == its:
        return condition | Q(**{field: at, f"id__{lookup}": number})
    return condition | Q(**{field: at}) if (source < its) is older else condition


def _order(entry: Entry) -> tuple[datetime, str, int]:
    source, _, number = entry.id.partition("-")
    return entry.at, source, int(number)


def _key_of(entry: Entry) -> tuple[str, ...]:
    source, _, number = entry.id.partition("-")
    return stamp(entry.at), source, number


def _kept(row: Callback) -> Entry:
    late = row.verdict == CallbackVerdict.IGNORED and row.note.startswith(LATE)
    if row.verdict == CallbackVerdict.FAILED:
        words = ["failed"]
    elif row.verdict == CallbackVerdict.RECEIVED:
        words = ["valid", "waiting"]
    else:
        words = ["late"] if late else ["valid"]
    generation = row.attempt.generation
    return Entry(
        id=f"in-{row.pk}",
        at=row.received_at,
        provider=generation.provider,
        verdicts=words + (["duplicate"] if row.deliveries > 1 else []),
        note=row.note,
        deliveries=row.deliveries,
        generation=generation,
        task_id=row.provider_task_id,
    )


def _refused(row: RefusedCallback) -> Entry:
    return Entry(
        id=f"out-{row.pk}",
        at=row.last_at,
        provider=row.provider,
        verdicts=[row.verdict],
        note=row.why,
        deliveries=row.deliveries,
        generation=row.attempt.generation if row.attempt else None,
        task_id="",
    )
