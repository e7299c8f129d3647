"""From POST to a file in hand, through the API alone: real job rows, the real sandbox provider (issue 2)."""

from __future__ import annotations

import hashlib
from typing import Any

from django.test import Client

from project import ids
from tests.api.conftest import ASK, PRICE
from tests.api.shapes import GENERATION, OUTPUT, micro


def test_a_program_gets_what_it_paid_for(site: str, sandbox: Any, committed_world: Any, api: Any, jobs: Any) -> None:
    world = committed_world
    made = api("post", "/generations", {**ASK, "max_price": {"credits": "5"}}, key=world.key).json()
    found = ids.parse("gen", made["id"])
    assert found is not None
    jobs.until(found, seconds=60)
    done = api("get", f"/generations/{made['id']}", key=world.key).json()
    assert set(done) == GENERATION
    assert (done["status"], done["error"]) == ("succeeded", None)
    (output,) = done["outputs"]
    assert set(output) == OUTPUT
    file = Client().get(output["url"].removeprefix(site))
    content = b"".join(file.streaming_content)
    assert (file.status_code, file["Content-Type"]) == (200, output["content_type"])
    assert (len(content), hashlib.sha256(content).hexdigest()) == (output["bytes"], output["sha256"])
    assert micro(done["charged"]) == PRICE
    receipt = api("get", f"/generations/{made['id']}/receipt", key=world.key).json()
    assert micro(receipt["charged"]) == PRICE
    kinds = [line["kind"] for line in api("get", "/wallet/entries", key=world.key).json()["results"]]
    assert kinds == ["capture", "hold", "grant"]
    assert len(sandbox.tasks()) == 1
