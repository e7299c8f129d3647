"""Hear: a provider's callback is authenticated, stored raw, answered at once, and rings observe (design section 4.5).

It never moves money by its own content. Its token names the attempt; with the token of an unknown attempt it brings
the lost task id, which is believed only after the provider's record confirms it.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import F
from django.db.models.functions import Now

from generations import claims, observation, providers, signatures, submission
from generations.models import Attempt, AttemptOutcome, Callback, CallbackVerdict, Generation, Status
from generations.oversight import balances, refused
from generations.providers import base, fal_records, kie_records
from project import db, queue, strict_json
from project.errors import NotFound, Unauthenticated, Unavailable

log = logging.getLogger(__name__)

BODY_BYTES = 1024 * 1024
TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)
TRIES = 6


def receive(*, provider: str, token: str, headers: Mapping[str, str], raw: bytes) -> None:
    """Stores an authenticated callback and rings its job. A repeated delivery is counted, nothing else.

    Raises NotFound for a token that is none of ours or names another task, Unauthenticated for a signature that is
    missing, wrong or old, Unavailable when fal's keys cannot be had (then it is sent again). What is refused is kept
    for staff, as far as that is cheap (oversight/refused.py)."""
    attempt = None
    if TOKEN.fullmatch(token) and provider in providers.PROVIDERS:
        attempt = (
            Attempt.objects.select_related("generation")
            .filter(token_hash=claims.token_hash(token), generation__provider=provider)
            .first()
        )
    if attempt is None:
        refused.keep(provider=provider, why=refused.NO_ADDRESS, attempt=None, raw=raw)
        raise NotFound("There is no such callback address.")
    task_id = _task_id(provider, raw)
    try:
        _authenticate(provider, headers, raw, task_id)
    except Unauthenticated:
        refused.keep(provider=provider, why=refused.SIGNATURE, attempt=attempt, raw=raw)
        raise
    if task_id is None:
        log.warning("callback of attempt %s names no task", attempt.pk)
        refused.keep(provider=provider, why=refused.NO_TASK, attempt=attempt, raw=raw)
        raise NotFound("This callback names no task.")
    if attempt.provider_task_id and attempt.provider_task_id != task_id:
        log.error("callback of attempt %s names another task", attempt.pk)  # faults.md row 12
        refused.keep(provider=provider, why=refused.OTHER_TASK, attempt=attempt, raw=raw)
        raise NotFound("This callback address belongs to another task.")
    db.in_transaction(lambda: _keep(attempt, raw, task_id))


def _task_id(provider: str, raw: bytes) -> str | None:
    try:
        body = strict_json.loads_provider(raw, max_bytes=BODY_BYTES)
    except strict_json.BadJson:
        return None
    if not isinstance(body, dict):
        return None
    return kie_records.task_id_of(body) if provider == "kie" else fal_records.request_id_of(body)


def _authenticate(provider: str, headers: Mapping[str, str], raw: bytes, task_id: str | None) -> None:
    if provider == "kie":
        genuine = not settings.KIE_WEBHOOK_KEY or signatures.kie_is_genuine(headers=headers, task_id=task_id)
    else:
        try:
            genuine = signatures.fal_is_genuine(headers=headers, raw=raw)
        except signatures.KeysUnavailable as error:
            raise Unavailable("Signing keys are not to be had right now.", headers={"Retry-After": "10"}) from error
    if not genuine:
        log.warning("callback with a signature that is missing, wrong or old, provider %s", provider)
        raise Unauthenticated("The signature is missing, wrong or too old.")


def _keep(attempt: Attempt, raw: bytes, task_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO generations_callback
                 (attempt_id, body_hash, body, provider_task_id, verdict, note, deliveries, tries, received_at)
               VALUES (%s, %s, %s, %s, 'received', '', 1, 0, clock_timestamp())
               ON CONFLICT (attempt_id, body_hash) DO UPDATE SET deliveries = generations_callback.deliveries + 1
               RETURNING id, deliveries""",
            [attempt.pk, hashlib.sha256(raw).digest(), raw, task_id],
        )
        row = cursor.fetchone()
    assert row is not None
    if row[1] == 1:
        queue.enqueue("generations.tasks.process_callback", row[0])


def process(*, callback_id: int) -> None:
    """Acts on a stored callback, once. What it says is looked up at the provider; nothing is believed."""
    callback = Callback.objects.select_related("attempt__generation").get(pk=callback_id)
    if callback.verdict != CallbackVerdict.RECEIVED:
        return
    Callback.objects.filter(pk=callback_id).update(tries=F("tries") + 1)
    balances.note_callback(callback)
    attempt, generation = callback.attempt, callback.attempt.generation
    if generation.ended:
        _after_the_end(callback, generation)
        return
    if attempt.outcome in (AttemptOutcome.IN_FLIGHT, AttemptOutcome.UNKNOWN):
        if not _confirm(callback, attempt, generation):
            return
        generation.refresh_from_db()
        if generation.ended:  # it was released in between: what it may have cost is found out all the same
            _after_the_end(callback, generation)
            return
    elif attempt.outcome != AttemptOutcome.ACCEPTED:
        _close(callback, CallbackVerdict.IGNORED, "the attempt never reached the provider")
        return
    observation.observe(generation_id=generation.pk)
    _close(callback, CallbackVerdict.PROCESSED, "")


def _confirm(callback: Callback, attempt: Attempt, generation: Generation) -> bool:
    """Attaches the task of a lost create, when the provider's own record knows it. False: not (yet)."""
    if _of_another(callback, generation):
        return False
    seen = observation.read(generation, callback.provider_task_id)
    if isinstance(seen, base.Missing | base.Trouble):
        if callback.tries + 1 >= TRIES:
            _close(callback, CallbackVerdict.FAILED, "the provider does not confirm this task")
        return False  # the sweep rings again
    try:
        db.in_transaction(lambda: submission.attach(attempt.pk, callback.provider_task_id, urls={}, by="callback"))
    except IntegrityError:
        _close(callback, CallbackVerdict.IGNORED, "the task belongs to another generation")
        return False
    return True


def _after_the_end(callback: Callback, generation: Generation) -> None:
    """A success that comes too late is kept and never charged; anything else changes nothing."""
    if generation.status == Status.SUCCEEDED:
        _close(callback, CallbackVerdict.IGNORED, "already succeeded")
        return
    if _of_another(callback, generation):
        return
    seen = observation.read(generation, callback.provider_task_id)
    if isinstance(seen, base.Trouble) and callback.tries + 1 < TRIES:
        return
    if isinstance(seen, base.Done) and (seen.sources or seen.text):
        observation.keep_late_result(generation=generation, task_id=callback.provider_task_id, done=seen)
        _close(callback, CallbackVerdict.IGNORED, "late: kept, not charged")
        return
    _close(callback, CallbackVerdict.IGNORED, f"already {generation.status}")


def _of_another(callback: Callback, generation: Generation) -> bool:
    """Whether its task is another generation's, which has its result and its cost. Closes it then."""
    taken = Generation.objects.filter(provider=generation.provider, provider_task_id=callback.provider_task_id)
    if not taken.exclude(pk=generation.pk).exists():
        return False
    log.error("callback of attempt %s claims the task of another generation", callback.attempt_id)
    _close(callback, CallbackVerdict.IGNORED, "the task belongs to another generation")
    return True


def _close(callback: Callback, verdict: CallbackVerdict, note: str) -> None:
    Callback.objects.filter(pk=callback.pk, verdict=CallbackVerdict.RECEIVED).update(
        verdict=verdict, note=note, processed_at=Now()
    )
