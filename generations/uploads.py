"""Uploads: images a team brings, re-encoded or refused, counted against its quota, gone some time after their last use
(issues 2.10 and 5.6, faults.md rows 78, 79).

A row stands before its file does and goes after it, so no file is ever left that no row names. Lock order: the upload,
then the team's totals; in an accept after the hold.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from accounts import access, roles
from accounts.actors import Actor
from generations import catalog, files, idempotency, media, upload_quota
from generations.models import Generation, Upload, UploadState, UploadUse
from generations.models.generation import OPEN
from project import db, ids
from project.errors import Conflict, FieldError, Invalid, NotFound, TooLargeBody, Unavailable

log = logging.getLogger(__name__)

MOST_BYTES = media.UPLOAD_MAX_BYTES
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
STORED_WITHIN = timedelta(minutes=15)  # who has not stored a file by then never will
ROUND = 200  # rows a sweep takes of each kind

T = TypeVar("T")
Render = Callable[[Upload], idempotency.Answer]


def keep(*, actor: Actor, chunks: Iterable[bytes]) -> Upload:
    """Stores an image of the actor's team. Raises Invalid on the field `file`, TooLargeBody above 10 MB, Conflict
    (`upload_quota_exceeded`), Unavailable when our storage takes nothing."""
    upload = _stored(actor, read(chunks))
    _or_discard(upload, lambda: _ready(upload))
    return upload


def keep_once(*, actor: Actor, data: bytes, key: str, print_of_request: str, render: Render) -> idempotency.Answer:
    """As `keep`, for an Idempotency-Key: the same request again gets the first answer and stores nothing. Only a stored
    upload is remembered, never a refusal."""
    access.require(actor, roles.MAKE)
    replay = idempotency.first_answer(team=actor.team, key=key, print_of_request=print_of_request)
    if replay is not None:
        return replay
    upload = _stored(actor, data)

    def work() -> idempotency.Answer:
        begun = idempotency.begin(team=actor.team, key=key, print_of_request=print_of_request)
        if isinstance(begun, idempotency.Answer):
            return begun
        _ready(upload)
        return idempotency.finish(begun, render(upload))

    answer = _or_discard(upload, work)
    if answer.replayed:  # another request with this key was faster
        _discard(upload)
    return answer


def read(chunks: Iterable[bytes]) -> bytes:
    """The bytes of a file, never more than one chunk beyond the most. Raises TooLargeBody."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MOST_BYTES:
            raise TooLargeBody(
                "An upload has at most 10 MB.", errors=[FieldError("file", "larger than 10 MB", "too_large")]
            )
    return bytes(data)


def remove(*, actor: Actor, upload: Upload) -> None:
    """Removes an upload of the actor's team, and its file. Raises Conflict (`in_use`) while an open generation needs
    it, NotFound when it was removed meanwhile."""
    access.require(actor, roles.MAKE)

    def work() -> None:
        access.still(actor, roles.MAKE)
        row = _locked(upload.pk)
        if row is None or row.team_id != actor.team.pk or row.state != UploadState.READY:
            raise NotFound("There is no such upload.")
        user = UploadUse.objects.filter(upload=row, generation__status__in=OPEN).order_by("pk").first()
        if user is not None:
            raise Conflict(
                f"An open generation needs this upload: {ids.public('gen', user.generation_id)}. "
                "Wait for its end, or cancel it while it is queued.",
                code="in_use",
                extra={"generation": ids.public("gen", user.generation_id)},
            )
        _move(row, UploadState.REMOVED)

    db.in_transaction(work)
    _drop(upload)


def take_into_use(rows: Sequence[Generation]) -> None:
    """Notes which uploads these accepted generations of one team use and puts off their expiry, in the transaction of
    the accept. Raises Invalid for one that was removed since it was checked."""
    named = [
        (row, path, pk)
        for row in rows
        for path, value in catalog.get(row.model).image_paths(row.input)
        if (pk := ids.parse("upl", value)) is not None
    ]
    if not named:
        return
    team, wanted = rows[0].team_id, {pk for _, _, pk in named}
    ready = Upload.objects.filter(team_id=team, pk__in=wanted, state=UploadState.READY).order_by("pk")
    there = set(ready.select_for_update(no_key=True).values_list("pk", flat=True))
    if gone := [_place(row, path) for row, path, pk in named if pk not in there]:
        sentence = "this upload was removed a moment ago"
        raise Invalid("An image cannot be used.", errors=[FieldError(path, sentence, "image_refused") for path in gone])
    pairs = {(row.pk, pk) for row, _, pk in named}
    UploadUse.objects.bulk_create(
        UploadUse(generation_id=row, upload_id=upload, team_id=team) for row, upload in sorted(pairs)
    )
    Upload.objects.filter(pk__in=there).update(expires_at=db.now() + _kept_for())


def _place(row: Generation, path: str) -> str:
    """Where the request names it: one of a batch stands in a list."""
    return f"input.{path}" if row.batch_index is None else f"requests.{row.batch_index}.input.{path}"


def sweep() -> int:
    """Removes what has expired and no open generation needs, what was never stored, and the files of what is removed.
    Returns how many rows went. One that fails is logged and stops no other."""
    moment = db.now()
    expired = Upload.objects.filter(state=UploadState.READY, expires_at__lte=moment)
    unused = expired.exclude(uses__generation__status__in=OPEN)
    never = Upload.objects.filter(state=UploadState.STORING, state_at__lte=moment - STORED_WITHIN)
    for rows in (unused.order_by("expires_at"), never.order_by("state_at")):
        for pk in list(rows.values_list("pk", flat=True)[:ROUND]):
            db.in_transaction(lambda pk=pk: _expire(pk))  # type: ignore[misc]
    leftovers = Upload.objects.filter(state=UploadState.REMOVED).order_by("state_at")[:ROUND]
    return sum(_drop(row) for row in leftovers)


def _stored(actor: Actor, data: bytes) -> Upload:
    """A row in `storing` whose file is there."""
    access.require(actor, roles.MAKE)
    upload_quota.require_room(upload_quota.of(actor.team), more=0)  # before any decoder; what counts is _reserve
    try:
        clean = media.clean_upload(data)
    except media.UploadRefused as error:
        raise Invalid("This file cannot be used.", errors=[FieldError("file", str(error), error.code)]) from error
    upload = db.in_transaction(lambda: _reserve(actor, clean))
    try:
        files.save_upload(clean, upload.name)
    except files.StorageDown as error:
        _discard(upload)
        raise Unavailable("Our storage did not take the file. Nothing was kept; try again in a moment.") from error
    return upload


def _reserve(actor: Actor, clean: media.CleanImage) -> Upload:
    """The row, when the quota has room: judged under the lock of the team's totals."""
    actor = access.still(actor, roles.MAKE)
    upload_quota.require_room(upload_quota.locked(actor.team), more=len(clean.bytes))
    upload_id, moment = uuid.uuid4(), db.now()
    return Upload.objects.create(
        id=upload_id,
        team=actor.team,
        name=f"teams/{actor.team.pk}/uploads/{upload_id.hex}.{EXTENSIONS[clean.content_type]}",
        content_type=clean.content_type,
        bytes=len(clean.bytes),
        sha256=hashlib.sha256(clean.bytes).hexdigest(),
        width=clean.width,
        height=clean.height,
        created_by=actor.name,
        created_at=moment,
        state=UploadState.STORING,
        state_at=moment,
        expires_at=moment + _kept_for(),
    )


def _kept_for() -> timedelta:
    return timedelta(days=settings.UPLOAD_KEEP_DAYS)


def _ready(upload: Upload) -> None:
    row = _locked(upload.pk)
    if row is None or row.state != UploadState.STORING:  # the sweep took it for dead
        raise Unavailable("The upload took too long. Nothing was kept; try again.")
    _move(row, UploadState.READY)
    upload.state = row.state


def _expire(pk: uuid.UUID) -> None:
    """READY past its end and needed by nobody, or STORING too long -> REMOVED; judged again under the lock."""
    row, moment = _locked(pk), db.now()
    if row is None or row.state == UploadState.REMOVED:
        return
    if row.state == UploadState.READY and (
        row.expires_at > moment or UploadUse.objects.filter(upload=row, generation__status__in=OPEN).exists()
    ):
        return
    if row.state == UploadState.STORING and row.state_at > moment - STORED_WITHIN:
        return
    _move(row, UploadState.REMOVED)


def _or_discard(upload: Upload, work: Callable[[], T]) -> T:
    """Runs work in a transaction; when it fails, nothing is left of the upload."""
    try:
        return db.in_transaction(work)
    except Exception:
        _discard(upload)
        raise


def _discard(upload: Upload) -> None:
    """Takes back an upload that is `storing`."""

    def work() -> None:
        row = _locked(upload.pk)
        if row is not None and row.state == UploadState.STORING:
            _move(row, UploadState.REMOVED)

    db.in_transaction(work)
    _drop(upload)


def _drop(upload: Upload) -> bool:
    """Deletes the file of an upload that is removed or gone, then its row; the sweep comes again for what our storage
    keeps."""
    if Upload.objects.filter(pk=upload.pk).exclude(state=UploadState.REMOVED).exists():
        return False
    try:
        files.delete(upload.name)
    except files.StorageDown:
        log.exception("the file of %s could not be deleted", upload.public_id)
        return False
    with transaction.atomic():
        return bool(Upload.objects.filter(pk=upload.pk, state=UploadState.REMOVED).delete()[0])


def _locked(pk: uuid.UUID) -> Upload | None:
    return Upload.objects.select_for_update(no_key=True).filter(pk=pk).first()


def _move(row: Upload, state: UploadState) -> None:
    row.state, row.state_at = state, db.now()
    row.save(update_fields=["state", "state_at"])
