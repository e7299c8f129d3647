"""A generation's way through the real services, from the step after the HTTP call (no network)."""

from __future__ import annotations

import uuid
from typing import Any

from accounts.actors import Actor
from accounts.models import Team
from generations import claims, idempotency, intake, observation, outcomes, submission
from generations.models import Generation, Output, Upload
from generations.providers import base
from generations.submission import Claim


def render(row: Generation) -> idempotency.Answer:
    """The answer that is stored for a key."""
    return idempotency.Answer(201, {"id": row.public_id}, {})


def request(model: str, data: dict[str, Any], *, key: str | None = None, **more: Any) -> intake.Request:
    """A request; with `key` under that idempotency key, with the fingerprint of model and input."""
    if key is not None:
        more["idempotency"] = (key, idempotency.fingerprint(method="POST", path="/g", body=[model, data]))
    return intake.Request(model=model, input=data, **more)


def accept(actor: Actor, model: str, data: dict[str, Any], **more: Any) -> Generation:
    """Accepts and returns the new generation."""
    row, _ = intake.accept(actor=actor, request=request(model, data, **more), render=render)
    assert row is not None
    return row


def upload_of(team: Team) -> Upload:
    """An upload of a team: its row is all that accepting looks at."""
    return Upload.objects.create(
        team=team,
        name=f"teams/{team.pk}/uploads/{uuid.uuid4()}.png",
        content_type="image/png",
        bytes=67,
        sha256="0" * 64,
        width=1,
        height=1,
        created_by="test",
    )


def claim(provider: str = "kie") -> Claim:
    """Claims the next generation of a provider."""
    claimed = claims.claim(provider=provider)
    assert claimed is not None
    return claimed


def run(row: Generation, *, task_id: str | None = None) -> Generation:
    """Claims the one queued generation and lets the provider accept it."""
    claimed = claim(row.provider)
    assert claimed.generation_id == row.pk
    submission.settle_attempt(claimed, base.Accepted(task_id or f"task-{uuid.uuid4().hex}"), provider=row.provider)
    row.refresh_from_db()
    assert row.status == "running"
    return row


def store_rows(row: Generation, count: int) -> None:
    """What the store job writes for each file, without the files."""
    for index in range(Output.objects.filter(generation=row).count(), count):
        Output.objects.create(
            generation=row,
            team_id=row.team_id,
            index=index,
            kind=row.kind,
            name=f"teams/{row.team_id}/{row.pk}/{index}.png",
            content_type="image/png",
            bytes=67,
            sha256="0" * 64,
            width=1,
            height=1,
        )


def deliver(row: Generation, count: int = 1, *, cost: int | None = None) -> Generation:
    """A running generation's record says done with `count` outputs; they are stored and it is settled."""
    sources = [f"https://example.com/{index}.png" for index in range(count)]
    observation.finish(generation_id=row.pk, done=base.Done(sources=sources, cost=cost))
    row.refresh_from_db()
    assert row.status == "storing"
    store_rows(row, len(row.sources or []))
    return outcomes.succeed(generation_id=row.pk)
