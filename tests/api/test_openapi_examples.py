"""Every example of the document is sent as the page shows it, by its line of curl, and does what is documented."""

from __future__ import annotations

import html
import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from generations.models import Generation
from project import openapi_page
from project.openapi_views import document
from tests.api import conformity, ends
from tests.api.conftest import ASK, row_of

HOOK = "https://example.com/hooks"
CALLS = [
    (operation["operationId"], method, path)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
]
MORE = [
    (operation["operationId"], method, path, name)
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
    for content in operation.get("requestBody", {}).get("content", {}).values()
    for name in list(content.get("examples", {}))[1:]
]


class Shell:
    """As much of a shell and of curl as the lines of the page use."""

    def __init__(self, client: Any, names: dict[str, str]) -> None:
        self.client, self.names = client, names

    def run(self, line: str) -> Any:
        line = line.replace("\\\n", " ").replace("$(uuidgen)", "5f1d7a84c4c44d3a")
        line = re.sub(r"\$([A-Z_]+)", lambda found: self.names[found[1]], line)
        words = shlex.split(line)
        assert words.pop(0) == "curl"
        method, headers, data, file, address = "", {}, None, None, ""
        while words:
            match words.pop(0):
                case "-X":
                    method = words.pop(0)
                case "-H":
                    name, _, value = words.pop(0).partition(": ")
                    headers[name] = value
                case "-d":
                    data = words.pop(0)
                case "-F":
                    file = words.pop(0)
                case "-O":
                    pass
                case word:
                    assert not word.startswith("-"), word
                    address = word
        method = method or ("POST" if data or file else "GET")
        path = address.removeprefix("http://testserver")
        if file:
            part, _, name = file.partition("=@")
            response = self.client.post(path, {part: SimpleUploadedFile(name, _picture())}, headers=headers)
        else:
            kind = headers.pop("Content-Type", "")
            response = self.client.generic(method, path, data or "", content_type=kind, headers=headers)
        conformity.check(method, path.removeprefix("/api/v1"), response, sent=json.loads(data) if data else None)
        return response


def _picture() -> bytes:
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (64, 48), "navy").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def thing(world: Any, api: Callable[..., Any], client: Any) -> Callable[[str, str], str]:
    """thing(prefix, call): the id of one that exists, in the state that the call needs."""

    def generation(call: str) -> str:
        body = api("post", "/generations", {**ASK, "webhook_url": HOOK}, key=world.key).json()
        if "receipt" in call or "outputs" in call:
            ends.succeed(row_of(body))
        return str(body["id"])

    def delivery(call: str) -> str:
        if "generation" in call:
            row = Generation.objects.get()
            ends.succeed(row)
            path = f"/generations/{row.public_id}/deliveries"
        else:
            path = api("get", "/webhook-endpoints", key=world.key).json()["results"][0]["id"]
            path = f"/webhook-endpoints/{path}/deliveries"
            api("post", path.removesuffix("deliveries") + "test", {}, key=world.key)
        return str(api("get", path, key=world.key).json()["results"][0]["id"])

    def make(prefix: str, call: str) -> str:
        match prefix:
            case "gen":
                return generation(call)
            case "bat":
                body = {"requests": [ASK]}
                return str(api("post", "/generations/batch", body, key=world.key).json()["id"])
            case "upl":
                file = SimpleUploadedFile("image.png", _picture())
                headers = {"Authorization": f"Bearer {world.key}"}
                return str(client.post("/api/v1/uploads", {"file": file}, headers=headers).json()["id"])
            case "whe":
                return str(api("post", "/webhook-endpoints", {"url": HOOK}, key=world.key).json()["id"])
            case "dlv":
                return delivery(call)
        raise AssertionError(f"nothing here makes {prefix}_")

    return make


@pytest.fixture
def shell(world: Any, client: Any, thing: Callable[[str, str], str]) -> Callable[[str, str, str], Shell]:
    """shell(call, method, path): one in which the names that the call's line needs are set."""

    def make(call: str, method: str, path: str) -> Shell:
        names = {"FRAMEHOUSE_URL": "http://testserver/api/v1", "FRAMEHOUSE_KEY": world.key}
        for parameter in document()["paths"][path][method].get("parameters", []):
            if parameter.get("in") != "path":
                continue
            prefix = re.match(r"\^([a-z]+)_", parameter["schema"]["pattern"])
            name = parameter["name"].upper()
            names[name] = thing(prefix[1], call) if prefix else str(parameter["example"])
        return Shell(client, names)

    return make


@pytest.mark.parametrize(("call", "method", "path"), CALLS, ids=[call for call, _, _ in CALLS])
def test_the_line_of_curl_works(call: str, method: str, path: str, shell: Any) -> None:
    operation = document()["paths"][path][method]
    good = [status for status in operation["responses"] if status < "3"]
    response = shell(call, method, path).run(openapi_page.curl(method, path, operation))
    assert str(response.status_code) in good, response.content


@pytest.mark.parametrize(("call", "method", "path", "name"), MORE, ids=[f"{one[0]}-{one[3]}" for one in MORE])
def test_every_other_example_works(call: str, method: str, path: str, name: str, world: Any, api: Any) -> None:
    operation = document()["paths"][path][method]
    body = operation["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    response = api(method, path, body, key=world.key)
    assert str(response.status_code) in [status for status in operation["responses"] if status < "3"], response.content


def test_the_guides_lines_of_curl_work(world: Any, client: Any, thing: Any) -> None:
    page = html.unescape(client.get("/api/v1/docs").content.decode())
    guide = page[: page.index('id="calls-models"')]
    blocks = [block for block in re.findall(r'<pre class="code"[^>]*>(.*?)</pre>', guide, re.DOTALL) if "curl" in block]
    ran = []
    names = {"FRAMEHOUSE_URL": "http://testserver/api/v1", "FRAMEHOUSE_KEY": world.key, "ID": thing("gen", "")}
    for block in blocks:
        for line in block.replace("\\\n", " ").splitlines():
            if "$FRAMEHOUSE_URL" in line:  # the other one fetches a file, by a link that an answer had
                response = Shell(client, names).run(line.replace("wait=60", "wait=1"))
                ran.append(response.status_code)
    assert ran == [201, 200, 201, 201]
