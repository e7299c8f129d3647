"""createTask, recordInfo and their callback: the documented shapes (kie.md 1, 3, 4)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.conftest import Ears, Kie, eventually
from tests.sandbox_client import SandboxProcess

IMAGE = "https://img.example/a.png"


def test_from_create_to_success(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    answer = kie.market("nano-banana-pro", f"{ears.url}/hooks/kie/0f0f", prompt="a red fox", image_input=[])
    assert answer.status_code == 200
    assert answer.json()["msg"] == "success"
    task_id = answer.json()["data"]["taskId"]
    assert answer.json()["data"] == {"taskId": task_id, "recordId": task_id}
    assert len(task_id) == 32

    data = kie.ended(task_id)
    assert (data["taskId"], data["model"], data["state"]) == (task_id, "nano-banana-pro", "success")
    result = json.loads(data["resultJson"])
    assert data["response"] == result == {"resultUrls": provider.tasks()[0]["outputs"]}
    assert (data["failCode"], data["failMsg"], data["successFlag"], data["creditsConsumed"]) == (None, None, 1, 18.0)
    param = json.loads(data["param"])
    assert json.loads(param["input"]) == {"prompt": "a red fox", "image_input": []}
    assert data["createTime"] <= data["completeTime"] <= int(time.time() * 1000)

    (heard,) = ears.wait(1)
    assert heard.path == "/hooks/kie/0f0f"
    body = heard.body
    assert (body["code"], body["data"]["state"], body["data"]["consumeCredits"]) == (200, "success", 18)
    assert body["data"]["remainedCredits"] == 982.5
    assert json.loads(body["data"]["resultJson"]) == result
    assert json.loads(body["data"]["param"])["input"]["prompt"] == "a red fox"
    assert "failCode" not in body["data"]


def test_states_in_their_order_and_the_grace_of_a_fresh_task(kie: Kie, provider: SandboxProcess) -> None:
    provider.settings(speed=0.1)  # each state lasts a second and more: none is missed between two looks
    task_id = kie.banana("a red fox")
    assert kie.record(task_id) == {"code": 422, "msg": "recordInfo is null", "data": None}
    seen: list[str] = []

    def ended() -> bool:
        data = kie.record(task_id)["data"] or {}
        if data and data["state"] not in seen:
            seen.append(data["state"])
            if data["state"] == "generating":
                provider.finish(task_id)
        return seen[-1:] == ["success"]

    eventually(ended)
    assert seen == ["waiting", "queuing", "generating", "success"]


def test_failure_and_policy(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    failed = kie.ended(kie.banana("[[fail]] a fox", f"{ears.url}/fail"))
    refused = kie.ended(kie.banana("[[content]] a fox", f"{ears.url}/content"))
    assert (failed["state"], failed["failCode"], failed["successFlag"]) == ("fail", "500", 3)
    assert (failed["resultJson"], failed["creditsConsumed"]) == (None, 0.0)
    assert (refused["failCode"], refused["failMsg"]) == ("422", "Invalid prompt: prompt contains prohibited content")
    heard = {one.path: one.body for one in ears.wait(2)}
    assert (heard["/fail"]["code"], heard["/fail"]["data"]["state"]) == (501, "fail")
    assert heard["/fail"]["data"]["consumeCredits"] == 0
    assert "resultJson" not in heard["/fail"]["data"]
    assert provider.stats()["balance"] == 1000.5


def test_record_of_nothing(kie: Kie) -> None:
    assert kie.record("no-such-task")["code"] == 404
    assert kie.record("")["msg"] == "taskId parameter is required"
    veo = kie.veo("a fox").json()["data"]["taskId"]
    kie.ended(veo, "veo/record-info")
    assert kie.record(veo)["code"] == 404  # each family has its own records


@pytest.mark.parametrize(
    ("model", "given", "credits"),
    [
        ("kling/v2-5-turbo-image-to-video-pro", {"image_url": IMAGE, "duration": "10"}, 84),
        ("hailuo/2-3-image-to-video-pro", {"image_url": IMAGE, "resolution": "1080P"}, 80),
        ("hailuo/2-3-image-to-video-pro", {"image_url": IMAGE, "duration": "10"}, 90),
        ("wan/2-5-image-to-video", {"image_url": IMAGE, "duration": "5", "resolution": "1080p"}, 100),
        ("kling/v2-1-pro", {"image_url": IMAGE, "tail_image_url": IMAGE, "cfg_scale": 0.3}, 50),
        ("wan/2-2-a14b-image-to-video-turbo", {"image_url": IMAGE, "resolution": "580p"}, 60),
        ("bytedance/v1-pro-image-to-video", {"image_url": IMAGE, "resolution": "480p"}, 14),
        ("google/nano-banana-edit", {"image_urls": [IMAGE], "image_size": "16:9"}, 4),
        ("nano-banana-pro", {"resolution": "4K"}, 24),
        ("bytedance/seedream-v4-edit", {"image_urls": [IMAGE], "max_images": 3}, 10.5),
        ("veo3_fast", {"duration": 4}, 60),
    ],
)
def test_every_model_and_its_credits(
    model: str, given: dict[str, Any], credits: float, kie: Kie, provider: SandboxProcess
) -> None:
    provider.settings(speed=1)  # only the charge at the create is looked at
    answer = kie.market(model, prompt="[[never]] a fox", **given).json()
    assert answer["code"] == 200, answer
    assert provider.stats()["credits"] == credits
    assert kie.http.get("/api/v1/chat/credit").json() == {"code": 200, "msg": "success", "data": 1000.5 - credits}


@pytest.mark.parametrize(
    ("model", "given", "says"),
    [
        ("nano-banana-ultra", {}, "not supported"),
        ("veo3", {}, "not supported"),
        ("google/nano-banana-pro", {}, "not supported"),
        ("nano-banana-pro", {"output_format": "jpeg"}, "output_format"),
        ("nano-banana-pro", {"image_input": [IMAGE] * 9}, "image_input"),
        ("nano-banana-pro", {"aspectRatio": "1:1"}, "aspectRatio"),
        ("kling/v2-1-pro", {}, "image_url: This field is required"),
        ("kling/v2-1-pro", {"image_url": "not a url"}, "image_url"),
        ("kling/v2-1-pro", {"image_url": IMAGE, "duration": 5}, "duration"),
        ("kling/v2-1-pro", {"image_url": IMAGE, "cfg_scale": 0.55}, "0.1"),
        ("wan/2-5-image-to-video", {"image_url": IMAGE, "resolution": "720p"}, "duration: This field is required"),
        ("hailuo/2-3-image-to-video-pro", {"image_url": IMAGE, "duration": "10", "resolution": "1080P"}, "1080P"),
        ("bytedance/v1-pro-image-to-video", {"image_url": IMAGE, "seed": -2}, "seed"),
        ("bytedance/seedream-v4-edit", {"image_urls": [IMAGE], "max_images": 7}, "max_images"),
    ],
)
def test_what_is_not_documented_is_refused(
    model: str, given: dict[str, Any], says: str, kie: Kie, provider: SandboxProcess
) -> None:
    answer = kie.market(model, prompt="a fox", **given)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (200, 422, None)
    assert says in answer.json()["msg"]
    assert (provider.stats()["tasks"], provider.stats()["creates"]) == (0, 1)


def test_who_may_ask(kie: Kie, provider: SandboxProcess) -> None:
    body = {"model": "nano-banana-pro", "input": {"prompt": "a fox"}}
    for header in ("", "Bearer", "Basic k"):
        answer = kie.http.post("/api/v1/jobs/createTask", json=body, headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (200, 401)
    answer = kie.http.post("/api/v1/jobs/createTask", json=body, headers={"User-Agent": "Python-urllib/3.11"})
    assert (answer.status_code, answer.text) == (403, "error code: 1010")
    assert (provider.stats()["tasks"], provider.stats()["creates"]) == (0, 4)
    assert kie.http.post("/api/v1/jobs/createTask", content=b"[1").json()["code"] == 400
    assert kie.http.post("/api/v1/jobs/other", json={}).status_code == 404


def test_download_links(kie: Kie) -> None:
    url = kie.ended(kie.banana("a fox"))["response"]["resultUrls"][0]
    link = kie.http.post("/api/v1/common/download-url", json={"url": url}).json()
    assert kie.http.get(link["data"]).content == kie.http.get(url).content
    foreign = kie.http.post("/api/v1/common/download-url", json={"url": "https://img.example/a.png"}).json()
    assert foreign["code"] == 422
