"""The sandbox's upload services: KIE's form, fal's two steps, what they refuse and what they count."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox_client import SandboxProcess

KIE = {"Authorization": "Bearer k", "User-Agent": "test"}
FAL = {"Authorization": "Key id:secret"}
PNG = b"\x89PNG and so on"


def post(sandbox: SandboxProcess, path: str, **more: Any) -> httpx.Response:
    return httpx.post(f"{sandbox.url}{path}", trust_env=False, timeout=60, **more)


def to_kie(sandbox: SandboxProcess, name: str = "a.png", data: bytes = PNG, **more: Any) -> httpx.Response:
    fields = {"uploadPath": "in", "fileName": name, **more.pop("fields", {})}
    files = {"file": (name, data, more.pop("kind", "image/png"))}
    return post(sandbox, "/api/file-stream-upload", data=fields, files=files, **{"headers": KIE, **more})


def test_kie_keeps_a_file_and_the_same_name_overwrites(sandbox: SandboxProcess) -> None:
    first = to_kie(sandbox).json()
    assert (first["success"], first["code"], first["data"]["fileSize"]) == (True, 200, len(PNG))
    url = first["data"]["downloadUrl"]
    assert httpx.get(url, trust_env=False).content == PNG
    assert to_kie(sandbox, data=PNG * 2).json()["data"]["downloadUrl"] == url
    assert httpx.get(url, trust_env=False).content == PNG * 2
    assert (sandbox.stats()["uploads"], sandbox.stats()["upload_requests"]) == ({"kie": 2}, 2)
    assert sandbox.stats()["creates"] == 0


def test_kie_refuses_what_is_not_as_documented(sandbox: SandboxProcess) -> None:
    assert to_kie(sandbox, headers={"User-Agent": "test"}).json()["code"] == 401
    assert to_kie(sandbox, fields={"uploadPath": "/in/"}).json()["code"] == 400
    assert to_kie(sandbox, kind="text/html").json()["code"] == 400
    assert to_kie(sandbox, data=b"").json()["code"] == 400
    assert (sandbox.stats()["uploads"], sandbox.stats()["upload_requests"]) == ({}, 4)


def test_fal_says_where_to_put_it_and_wants_no_key_there(sandbox: SandboxProcess) -> None:
    ask = {"file_name": "a.png", "content_type": "image/png"}
    path = "/storage/upload/initiate?storage_type=fal-cdn-v3"
    assert post(sandbox, path, json=ask).status_code == 401
    assert (
        post(sandbox, path, json={"file_name": "a.html", "content_type": "text/html"}, headers=FAL).status_code == 422
    )
    told = post(sandbox, path, json=ask, headers=FAL).json()
    assert httpx.get(told["file_url"], trust_env=False).status_code == 404
    kind = {"Content-Type": "image/png"}
    for headers, status in (({**kind, **FAL}, 403), (kind, 200)):
        answer = httpx.put(told["upload_url"], content=PNG, headers=headers, trust_env=False)
        assert answer.status_code == status
    assert httpx.get(told["file_url"], trust_env=False).content == PNG
    assert sandbox.stats()["uploads"] == {"fal": 1}


@pytest.mark.parametrize("fault", ["500", "401", "429"])
def test_a_fault_is_played_until_it_is_taken_back(sandbox: SandboxProcess, fault: str) -> None:
    sandbox.settings(upload_fault=fault)
    assert to_kie(sandbox).status_code == int(fault)
    sandbox.settings(upload_fault="")
    assert to_kie(sandbox).status_code == 200


def test_a_fault_that_nobody_knows_is_refused(sandbox: SandboxProcess) -> None:
    with pytest.raises(AssertionError, match="upload_fault"):
        sandbox.settings(upload_fault="50")
