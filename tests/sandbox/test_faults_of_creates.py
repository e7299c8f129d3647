"""Faults of the create answer, and whether a task was made all the same."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Ears, Fal, Kie, eventually
from tests.sandbox_client import SandboxProcess

QWEN: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "image_size": "square"}


@pytest.mark.parametrize(
    ("word", "status", "code", "says"),
    [
        ("create-400", 200, 400, "flagged"),
        ("create-401", 200, 401, "permissions"),
        ("create-402", 200, 402, "Credits insufficient"),
        ("create-404", 200, 404, "Not Found"),
        ("create-408", 200, 408, "10 minutes"),
        ("create-422", 200, 422, "required"),
        ("create-429", 200, 429, "frequency"),
        ("http-429", 429, 429, "frequency"),
        ("create-433", 200, 433, "sub-key"),
        ("create-451", 200, 451, "image"),
        ("create-455", 200, 455, "maintenance"),
        ("create-500", 200, 500, "Internal Error"),
        ("create-500-balance", 200, 500, "balance isn't enough"),
        ("create-505", 200, 505, "Disabled"),
    ],
)
def test_kie_refuses(word: str, status: int, code: int, says: str, kie: Kie, provider: SandboxProcess) -> None:
    answer = kie.veo(f"[[{word}]] a dog")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (status, code, None)
    assert says in answer.json()["msg"]
    assert (provider.stats()["tasks"], provider.stats()["creates"], provider.stats()["credits"]) == (0, 1, 0)


@pytest.mark.parametrize(
    ("word", "status", "says", "seen"),
    [
        ("create-400", 400, "Field required", False),
        ("create-401", 401, "No user found", False),
        ("create-402", 403, "Exhausted balance", False),
        ("create-500-balance", 403, "Exhausted balance", False),
        ("create-404", 404, "not found", False),
        ("create-422", 422, "missing", False),
        ("create-429", 429, "Too many", False),
        ("http-429", 429, "Too many", False),
        ("create-455", 503, "runner_scheduling_failure", True),
        ("create-500", 500, "internal_error", True),
        ("create-html-502", 502, "nginx", False),
        ("create-1010", 403, "error code: 1010", False),
    ],
)
def test_fal_refuses(word: str, status: int, says: str, seen: bool, fal: Fal, provider: SandboxProcess) -> None:
    answer = fal.submit("fal-ai/qwen-image-edit-plus", prompt=f"[[{word}]] a dog", **QWEN)
    assert (answer.status_code, "x-fal-request-id" in answer.headers) == (status, seen)
    assert says in answer.text
    assert (provider.stats()["tasks"], provider.stats()["creates"]) == (0, 1)


def test_the_edge_answers_for_kie(kie: Kie, provider: SandboxProcess) -> None:
    answer = kie.veo("[[create-html-502]] a dog")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (502, "text/html")
    answer = kie.veo("[[create-1010]] a dog")
    assert (answer.status_code, answer.text) == (403, "error code: 1010")
    assert provider.stats()["tasks"] == 0


def test_lost_answers_make_and_charge_a_task_and_call_back(
    kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess
) -> None:
    with pytest.raises(httpx.ReadError):
        kie.veo("[[lost-answer]] a dog", f"{ears.url}/kie")
    with pytest.raises(httpx.ReadError):
        fal.submit("fal-ai/qwen-image-edit-plus", f"{ears.url}/fal", prompt="[[lost-answer]] a dog", **QWEN)
    heard = {one.path: one.body for one in ears.wait(2)}
    made, queued = provider.tasks()
    assert heard["/kie"]["data"]["taskId"] == made["id"]
    assert heard["/fal"]["request_id"] == queued["id"]
    assert (made["credits"], provider.stats()["creates"]) == (60, 2)


def test_lost_answer_and_lost_callback_combine(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    with pytest.raises(httpx.ReadError):
        kie.market("nano-banana-pro", ears.url, prompt="[[lost-answer]] [[lost-callback]] a dog")
    eventually(lambda: provider.stats()["by_state"] == {"success": 1})
    kie.banana("a later one", f"{ears.url}/later")
    assert [one.path for one in ears.wait(1)] == ["/later"]


def test_an_answer_without_an_id(kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    answer = kie.veo("[[no-task-id]] a dog", ears.url)
    assert answer.json() == {"code": 200, "msg": "success", "data": {}}
    answer = fal.submit("fal-ai/qwen-image-edit-plus", ears.url, prompt="[[no-task-id]] a dog", **QWEN)
    assert (answer.status_code, "request_id" in answer.json()) == (200, False)
    ears.wait(2)
    assert provider.stats()["tasks"] == 2


def test_an_id_that_was_given_out_before(kie: Kie, provider: SandboxProcess) -> None:
    first = kie.banana("[[never]] first")
    assert kie.banana("[[duplicate-task-id]] second") == first
    eventually(lambda: provider.stats()["by_state"] == {"generating": 1, "success": 1})
    assert kie.record(first)["data"]["state"] == "generating"  # the id goes on naming the earlier task


def test_slow_and_dripping_answers(kie: Kie, provider: SandboxProcess) -> None:
    start = time.monotonic()
    kie.banana("[[slow-answer:0.4]] a dog")
    assert time.monotonic() - start > 0.4
    body = {"model": "nano-banana-pro", "input": {"prompt": "[[drip-answer]] a dog"}}
    start = time.monotonic()
    with kie.http.stream("POST", "/api/v1/jobs/createTask", json=body) as response:
        first, chunks = b"", response.iter_raw()
        while len(first) < 2:  # two that came while nobody looked are one chunk
            first += next(chunks)
        assert first.startswith(b'{"')
        assert time.monotonic() - start > 1.5
        assert int(response.headers["content-length"]) > 50
    assert provider.stats()["tasks"] == 2


def test_a_callback_before_the_answer(kie: Kie, ears: Ears) -> None:
    task_id = kie.banana("[[early-callback]] a dog", ears.url)
    (heard,) = ears.heard  # no waiting: it is there when the create is answered
    assert heard.body["data"]["taskId"] == task_id
    assert kie.record(task_id)["data"]["state"] == "success"


def test_a_misspelled_word_is_refused(kie: Kie, fal: Fal, provider: SandboxProcess) -> None:
    assert "unknown fault 'fial'" in kie.veo("[[fial]] a dog").json()["msg"]
    answer = fal.submit("fal-ai/qwen-image-edit-plus", prompt="[[fial]] a dog", **QWEN)
    assert answer.status_code == 422
    assert provider.stats()["tasks"] == 0
