"""Odd results in records, and odd files behind the results' addresses."""

from __future__ import annotations

import json
import time
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Ears, Fal, Kie

DEEP = 100_000


def market(kie: Kie, word: str) -> dict[str, Any]:
    return kie.ended(kie.banana(f"[[{word}]] a"))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("empty-result", '{"resultUrls": []}'),
        ("null-result", None),
        ("nan-result", '{"resultUrls": NaN}'),
        ("deep-result", "[" * DEEP + "]" * DEEP),
    ],
)
def test_result_json_as_it_is(word: str, text: str | None, kie: Kie) -> None:
    data = market(kie, word)
    assert (data["state"], data["resultJson"], "response" in data) == ("success", text, False)


def test_result_json_around_true_addresses(kie: Kie, ears: Ears) -> None:
    cut = market(kie, "malformed-result")["resultJson"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)
    twice = market(kie, "double-encoded-result")["resultJson"]
    assert json.loads(json.loads(twice))["resultUrls"][0].startswith("http")
    assert json.loads(market(kie, "list-result")["resultJson"])[0].startswith("http")
    huge = market(kie, "huge-result")["resultJson"]
    assert len(huge) > 5 * 1024 * 1024
    assert json.loads(huge)["resultUrls"][0].startswith("http")
    kie.banana("[[list-result]] a", ears.url)
    assert isinstance(json.loads(ears.wait(1)[0].body["data"]["resultJson"]), list)


def test_flat_responses(kie: Kie) -> None:
    def response(word: str) -> Any:
        task_id = kie.veo(f"[[{word}]] a", duration=4).json()["data"]["taskId"]
        data = kie.ended(task_id, "veo/record-info")
        assert data["successFlag"] == 1
        return data["response"]

    assert response("null-result") is None
    assert response("empty-result")["resultUrls"] == []
    assert isinstance(response("list-result"), list)
    assert json.loads(json.loads(response("double-encoded-result")))["resultUrls"]
    assert response("malformed-result").startswith('{"taskId"')
    assert response("deep-result").startswith("[[[[")
    assert "NaN" in response("nan-result")
    assert len(response("huge-result")["padding"]) > 5_000_000


def test_fal_results(fal: Fal, ears: Ears) -> None:
    def body(word: str) -> str:
        return fal.ended(fal.qwen(f"[[{word}]] a")).text

    assert json.loads(body("empty-result"))["images"] == []
    assert json.loads(body("malformed-result"))["images"] == {"url": 7}
    assert json.loads(json.loads(body("double-encoded-result"))["images"])[0]["url"].startswith("http")
    assert body("null-result") == "null"
    assert json.loads(body("list-result"))[0]["url"].startswith("http")
    assert body("deep-result") == "[" * DEEP + "]" * DEEP
    assert body("nan-result") == '{"images": NaN}'
    assert len(body("huge-result")) > 5_000_000
    fal.qwen("[[deep-result]] a", ears.url)
    assert b"[" * DEEP in ears.wait(1)[0].raw


def test_router_answers(fal: Fal) -> None:
    def body(word: str) -> dict[str, Any]:
        answer = fal.ended(fal.router(f"[[{word}]] a"))
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    assert body("router-error")["error"]
    assert (body("router-empty")["output"], body("empty-result")["output"]) == ("", "")
    assert "usage" not in body("router-no-usage")
    assert body("router-partial")["partial"] is True


def url(kie: Kie, word: str) -> str:
    found: str = market(kie, word)["response"]["resultUrls"][0]
    return found


@pytest.mark.parametrize(
    ("word", "status", "content_type", "starts"),
    [
        ("result-404", 404, "text/plain", b"no"),
        ("result-403", 403, "text/plain", b"no"),
        ("result-500", 500, "text/plain", b"no"),
        ("result-html", 200, "text/html", b"<!doctype"),
        ("result-lying-type", 200, "image/png", b"<!doctype"),
        ("result-empty", 200, "image/png", b""),
    ],
)
def test_files_that_are_none(word: str, status: int, content_type: str, starts: bytes, kie: Kie) -> None:
    answer = kie.http.get(url(kie, word))
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (status, content_type)
    assert answer.content.startswith(starts)
    assert bool(answer.content) == bool(starts)


def test_a_file_fault_may_be_played_out(kie: Kie) -> None:
    address = url(kie, "result-404:2")
    assert [kie.http.get(address).status_code for _ in range(3)] == [404, 404, 200]


def test_redirects_are_only_offered(kie: Kie) -> None:
    answer = kie.http.get(url(kie, "result-redirect"))
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("http://169.254.169.254/")
    answer = kie.http.get(url(kie, "result-redirect-file"))
    assert (answer.status_code, answer.headers["location"]) == (302, "file:///etc/passwd")
    assert url(kie, "result-private-url").startswith("http://169.254.169.254/")


@pytest.mark.parametrize(("word", "length"), [("result-endless", None), ("result-vast", str(10 * 1024**3))])
def test_files_without_end(word: str, length: str | None, kie: Kie) -> None:
    received = b""
    with kie.http.stream("GET", url(kie, word)) as response:
        assert response.headers.get("content-length") == length
        for chunk in response.iter_raw():
            received += chunk
            if len(received) > 3_000_000:
                break
    assert received.startswith(b"\x89PNG")
    assert received.endswith(b"\0" * 1000)


@pytest.mark.parametrize("word", ["result-lying-length", "result-reset"])
def test_files_that_break_off(word: str, kie: Kie) -> None:
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        kie.http.get(url(kie, word))


def test_a_file_byte_by_byte(kie: Kie) -> None:
    address = url(kie, "result-slow")
    start = time.monotonic()
    with kie.http.stream("GET", address) as response:
        assert next(response.iter_raw())[:1] == b"\x89"
        assert 0.5 < time.monotonic() - start < 15
