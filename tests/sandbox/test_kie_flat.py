"""Veo and Flux Kontext: flat bodies, their own records and callbacks (kie.md 1.2, 1.3, 3.2, 3.3, 4.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.conftest import Ears, Kie
from tests.sandbox_client import SandboxProcess

IMAGE = "https://img.example/a.png"
VEO, FLUX = "veo/record-info", "flux/kontext/record-info"


def flux(kie: Kie, prompt: str, callback: str = "", **more: Any) -> dict[str, Any]:
    body = {"prompt": prompt, "model": "flux-kontext-pro", **more}
    answer = kie.http.post("/api/v1/flux/kontext/generate", json=body | {"callBackUrl": callback})
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_veo(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    answer = kie.veo("a dog", ears.url, aspectRatio="9:16", aspect_ratio="9:16", imageUrls=[], seeds=12345).json()
    assert list(answer["data"]) == ["taskId"]
    task_id = answer["data"]["taskId"]
    data = kie.ended(task_id, VEO)
    assert (data["taskId"], data["successFlag"], data["creditsConsumed"]) == (task_id, 1, 60.0)
    assert (data["errorCode"], data["errorMessage"], data["fallbackFlag"]) == (None, "", False)
    assert '"prompt": "a dog"' in data["paramJson"]
    urls = data["response"]["resultUrls"]
    assert urls == provider.tasks()[0]["outputs"]
    (heard,) = ears.wait(1)
    assert heard.body["code"] == 200
    assert heard.body["data"]["taskId"] == task_id
    assert heard.body["data"]["info"]["resultUrls"] == urls


def test_flux(kie: Kie, ears: Ears, provider: SandboxProcess) -> None:
    task_id = flux(kie, "a dog", ears.url, model="flux-kontext-max")["data"]["taskId"]
    data = kie.ended(task_id, FLUX)
    assert (data["successFlag"], data["creditsConsumed"]) == (1, 10.0)
    result, origin = data["response"]["resultImageUrl"], data["response"]["originImageUrl"]
    assert [result] == provider.tasks()[0]["outputs"]
    assert origin != result
    assert kie.http.get(origin).content == kie.http.get(result).content
    (heard,) = ears.wait(1)
    assert heard.body["data"] == {"taskId": task_id, "info": {"originImageUrl": origin, "resultImageUrl": result}}


def test_failures(kie: Kie, ears: Ears) -> None:
    for word, flag, code, told in (("fail", 3, 500, 501), ("content", 2, 400, 400)):
        task_id = kie.veo(f"[[{word}]] a dog", f"{ears.url}/veo/{word}").json()["data"]["taskId"]
        data = kie.ended(task_id, VEO)
        assert (data["successFlag"], data["errorCode"], data["response"]) == (flag, code, None)
        task_id = flux(kie, f"[[{word}]] a dog", f"{ears.url}/flux/{word}")["data"]["taskId"]
        assert kie.ended(task_id, FLUX)["successFlag"] == flag
        ears.wait(2 if word == "fail" else 4)
        heard = {one.path: one.body for one in ears.heard}
        assert heard[f"/veo/{word}"]["code"] == heard[f"/flux/{word}"]["code"] == told
        assert heard[f"/flux/{word}"]["data"]["info"] == {"originImageUrl": "", "resultImageUrl": ""}


def test_fresh_records_are_null(kie: Kie, provider: SandboxProcess) -> None:
    provider.settings(speed=0.01)  # a record is fresh for ten seconds
    task_id = kie.veo("[[never]] a dog").json()["data"]["taskId"]
    assert kie.record(task_id, VEO) == {"code": 422, "msg": "record is null", "data": None}


@pytest.mark.parametrize(
    "given",
    [
        {"model": "veo4"},
        {"generationType": "TEXT_2_VIDEO", "imageUrls": [IMAGE]},
        {"generationType": "FIRST_AND_LAST_FRAMES_2_VIDEO"},
        {"generationType": "REFERENCE_2_VIDEO", "imageUrls": [IMAGE], "aspect_ratio": "9:16"},
        {"imageUrls": [IMAGE] * 3},
        {"aspect_ratio": "1:1"},
        {"seeds": 9999},
        {"duration": "8"},
        {"input": {}},
    ],
)
def test_veo_refuses(given: dict[str, Any], kie: Kie, provider: SandboxProcess) -> None:
    assert kie.veo("a dog", **given).json()["code"] == 422
    assert provider.stats()["tasks"] == 0


def test_flux_refuses(kie: Kie) -> None:
    assert flux(kie, "a dog", safetyTolerance=6)["code"] == 200
    edit = flux(kie, "a dog", inputImage=IMAGE, safetyTolerance=3)
    assert (edit["code"], "out of range" in edit["msg"]) == (500, True)
    assert flux(kie, "a dog", outputFormat="webp")["code"] == 422
