"""Faults of how a task ends, of its callbacks and of its record."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.sandbox.conftest import Ears, Fal, Kie, eventually
from tests.sandbox_client import SandboxProcess


def test_endless_tasks_end_when_told_to(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    endless, stuck = kie.banana("[[never]] a", f"{ears.url}/never"), kie.banana("[[stuck]] b", f"{ears.url}/stuck")
    eventually(lambda: kie.record(endless)["data"]["state"] == "generating")
    assert kie.record(stuck)["data"]["state"] == "waiting"
    provider.finish(endless)
    provider.finish(stuck, "content")
    assert kie.ended(endless)["state"] == "success"
    assert kie.ended(stuck)["failCode"] == "422"
    assert {one.path: one.body["data"]["state"] for one in ears.wait(2)} == {"/never": "success", "/stuck": "fail"}


def test_slow(kie: Kie) -> None:
    start = time.monotonic()
    kie.ended(kie.banana("[[slow:0.7]] a"))
    assert time.monotonic() - start > 0.7


def test_success_after_failure(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    task_id = kie.banana("[[late-success:4]] a", ears.url)
    assert kie.ended(task_id)["state"] == "fail"
    assert provider.stats()["credits"] == 0
    eventually(lambda: kie.record(task_id)["data"]["state"] == "success")
    assert provider.stats()["credits"] == 18
    assert [one.body["data"]["state"] for one in ears.wait(2)] == ["fail", "success"]


def test_what_was_charged(kie: Kie, fal: Fal, provider: SandboxProcess) -> None:
    assert kie.ended(kie.banana("[[more-credits:3]] a"))["creditsConsumed"] == 21
    data = kie.ended(kie.banana("[[no-credits-field]] a"))
    assert "creditsConsumed" not in data
    units = float(fal.ended(fal.qwen("[[more-credits:3]] a")).headers["x-fal-billable-units"])
    assert 3 < units < 4
    assert "x-fal-billable-units" not in fal.ended(fal.qwen("[[no-credits-field]] a")).headers
    assert provider.stats()["credits"] == 39


def test_fewer_and_more_outputs(kie: Kie, fal: Fal, provider: SandboxProcess) -> None:
    given: dict[str, Any] = {"image_urls": ["https://img.example/a.png"], "image_size": "square", "max_images": 4}
    for word, count in (("partial:2", 2), ("partial", 1), ("extra:2", 6)):
        prompt = f"[[{word}]] a"
        task_id = kie.market("bytedance/seedream-v4-edit", prompt=prompt, **given).json()["data"]["taskId"]
        data = kie.ended(task_id)
        assert (len(data["response"]["resultUrls"]), data["creditsConsumed"]) == (count, count * 3.5)
        images = fal.ended(fal.qwen(prompt, num_images=4)).json()
        assert len(images["images"]) == len(images["has_nsfw_concepts"]) == count
    assert provider.stats()["balance"] == 1000.5 - 9 * 3.5


def test_flagged_images(fal: Fal) -> None:
    assert fal.ended(fal.qwen("[[nsfw]] a", num_images=2)).json()["has_nsfw_concepts"] == [True, True]


def test_duplicates_come_at_once(kie: Kie, fal: Fal, ears: Ears, provider: SandboxProcess) -> None:
    kie.banana("[[duplicate-callback:50]] a", ears.url)
    heard = ears.wait(50)
    assert len({one.raw for one in heard}) == 1
    (task,) = provider.tasks()
    eventually(lambda: [one["status"] for one in provider.tasks()[0]["callbacks"]] == [200] * 50)
    assert task["polls"] == 0
    fal.qwen("[[duplicate-callback]] a", ears.url)
    assert len({one.raw for one in ears.wait(52)[50:]}) == 1


def test_out_of_order(kie: Kie, fal: Fal, ears: Ears) -> None:
    kie.banana("[[out-of-order]] a", ears.url)
    assert [one.body["data"]["state"] for one in ears.wait(3)] == ["success", "generating", "fail"]
    fal.qwen("[[out-of-order]] a", ears.url)
    assert [one.body["status"] for one in ears.wait(5)[3:]] == ["OK", "ERROR"]


def test_a_webhook_without_payload(fal: Fal, ears: Ears) -> None:
    submitted = fal.qwen("[[fal-payload-null]] a", ears.url)
    (heard,) = ears.wait(1)
    assert (heard.body["status"], heard.body["payload"]) == ("OK", None)
    assert "payload_error" in heard.body
    assert fal.ended(submitted).json()["images"]


def test_three_more_tries_then_silence(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    ears.statuses[:] = [500] * 9
    kie.banana("a", f"{ears.url}/deaf")
    ears.wait(4)
    ears.statuses[:] = [503]
    kie.banana("b", f"{ears.url}/once")
    paths = [one.path for one in ears.wait(6)]
    assert paths == ["/deaf"] * 4 + ["/once"] * 2
    ears.statuses[:] = [302]
    kie.banana("c", f"{ears.url}/moved")
    ears.wait(7)
    time.sleep(0.3)  # the pauses before further tries are 20, 40 and 80 ms at this speed
    assert [one.path for one in ears.heard].count("/deaf") == 4
    assert ears.heard[6:] == [one for one in ears.heard if one.path == "/moved"]
    assert len(ears.heard) == 7
    answers = [[500] * 4, [503, 200], [302]]  # the sandbox writes them down after it was answered
    eventually(lambda: [[one["status"] for one in task["callbacks"]] for task in provider.tasks()] == answers)


def test_nobody_listens(kie: Kie, provider: SandboxProcess) -> None:
    kie.banana("a", "http://127.0.0.1:9/nobody")
    eventually(lambda: [one["status"] for one in provider.tasks()[0]["callbacks"]] == [0] * 4)


@pytest.mark.parametrize(
    ("word", "status", "code"),
    [
        ("record-404", 200, 404),
        ("record-422", 200, 422),
        ("record-429", 200, 429),
        ("record-500", 200, 500),
        ("record-html", 502, None),
    ],
)
def test_kie_records_that_cannot_be_had(word: str, status: int, code: int | None, kie: Kie) -> None:
    task_id = kie.banana(f"[[{word}:2]] a")
    for _ in range(2):
        answer = kie.http.get("/api/v1/jobs/recordInfo", params={"taskId": task_id})
        assert answer.status_code == status
        assert code == answer.json()["code"] if code else "nginx" in answer.text
    assert kie.ended(task_id)["state"] == "success"
    always = kie.banana(f"[[{word}]] a")
    answers = [kie.http.get("/api/v1/jobs/recordInfo", params={"taskId": always}).text for _ in range(3)]
    assert len(set(answers)) == 1


@pytest.mark.parametrize(
    ("word", "status"),
    [("record-404", 404), ("record-422", 404), ("record-429", 429), ("record-500", 500), ("record-html", 502)],
)
def test_fal_statuses_that_cannot_be_had(word: str, status: int, fal: Fal) -> None:
    submitted = fal.qwen(f"[[{word}:1]] a")
    assert fal.http.get(submitted["status_url"]).status_code == status
    assert fal.ended(submitted).status_code == 200


def test_states_nobody_documented(kie: Kie, fal: Fal) -> None:
    task_id, submitted = kie.banana("[[never]] [[odd-state]] a"), fal.qwen("[[never]] [[odd-state]] a")
    eventually(lambda: (kie.record(task_id)["data"] or {}).get("state") == "post_processing")
    assert fal.http.get(submitted["status_url"]).json()["status"] == "POST_PROCESSING"
