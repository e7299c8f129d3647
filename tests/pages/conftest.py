"""Browsers of the named world, and things to look at."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import User
from generations import claims, idempotency, intake, observation, outcomes, submission
from generations.models import Generation, Output
from generations.providers import base
from tests.world import World

Browser = Callable[[User], Client]


@pytest.fixture
def browser() -> Browser:
    """A browser in which this person is signed in."""

    def sign_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in


@pytest.fixture
def alice(world: World, browser: Browser) -> Client:
    return browser(world.alice)


@pytest.fixture
def make(world: World) -> Callable[..., Generation]:
    """make(slug, prompt=..., by=user): one accepted generation."""

    def accept(slug: str = "veo-3.1-fast", /, *, by: User | None = None, **data: Any) -> Generation:
        request = intake.Request(model=slug, input={"prompt": "a dog in a park", **data})
        found, _ = intake.accept(
            actor=world.actor(by or world.bob),
            request=request,
            render=lambda row: idempotency.Answer(201, {"id": row.public_id}, {}),
        )
        assert found is not None
        return found

    return accept


def started(generation: Generation) -> Generation:
    """Claims and submits the oldest queued generation: the provider took it."""
    claimed = claims.claim(provider=generation.provider)
    assert claimed is not None
    assert claimed.generation_id == generation.pk
    submission.settle_attempt(claimed, base.Accepted(task_id=uuid.uuid4().hex, urls={}), provider=generation.provider)
    generation.refresh_from_db()
    return generation


def doubted(generation: Generation) -> Generation:
    """Claims it, and the create's answer is lost."""
    claimed = claims.claim(provider=generation.provider)
    assert claimed is not None
    submission.settle_attempt(claimed, base.Unknown("no answer"), provider=generation.provider)
    generation.refresh_from_db()
    return generation


def delivered(generation: Generation, outputs: int = 1, text: str = "") -> Generation:
    """A queued generation taken to its success with so many stored outputs."""
    started(generation)
    sources = [] if text else [f"https://results.example/{index}" for index in range(outputs)]
    observation.finish(generation_id=generation.pk, done=base.Done(sources=sources, text=text, cost=None))
    for index in range(0 if text else outputs):
        stem, video = f"teams/{generation.team_id}/{generation.pk}/{index}", generation.kind == "video"
        Output.objects.create(
            generation=generation,
            team_id=generation.team_id,
            index=index,
            kind=generation.kind,
            name=f"{stem}.{'mp4' if video else 'png'}",
            preview=f"{stem}.preview.webp",
            content_type="video/mp4" if video else "image/png",
            bytes=4096,
            sha256="0" * 64,
            width=1280,
            height=720,
            duration_ms=5000 if video else None,
        )
    outcomes.succeed(generation_id=generation.pk)
    generation.refresh_from_db()
    return generation


def picture(name: str = "fox.png", color: str = "red") -> SimpleUploadedFile:
    """A real png of 320 x 320 pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (320, 320), color).save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue(), content_type="image/png")
