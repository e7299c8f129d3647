"""Both upload services: KIE's multipart POST (kie.md 6), fal's initiate and PUT (fal.md 6). They count what they are
asked and what they keep; the setting `upload_fault` makes them misbehave.
"""

from __future__ import annotations

import secrets
from typing import Any

from werkzeug import Request, Response

from generations.sandbox import wire
from generations.sandbox.fal import unauthorized
from generations.sandbox.kie import guarded, refused
from generations.sandbox.world import World

HANG = 60.0  # seconds
PRIVATE = "https://10.0.0.8/secret.png"
EXTENSIONS = {"image/png": "png", "image/jpeg": "jpeg", "image/webp": "webp"}
MOST_BYTES = 10 * 1024 * 1024


def _misbehaves(world: World, request: Request) -> Response | None:
    """What the asked fault makes of a request, if it is one of the answer's form."""
    match world.settings.upload_fault:
        case "500" | "401" | "429" as status:
            return wire.answer({"code": int(status), "msg": "no", "detail": "no"}, int(status))
        case "garbage":
            return wire.raw_answer('{"data": [1,', 200)
        case "hang":
            world.closed.wait(HANG)
        case "reset":
            wire.reset(request)
    return None


def _kie(world: World, request: Request, key: str) -> Response:
    """`file`, `uploadPath`, `fileName`; the same name overwrites."""
    if (odd := _misbehaves(world, request)) is not None:
        return odd
    sent, folder = request.files.get("file"), request.form.get("uploadPath", "")
    if sent is None or not folder or folder.strip("/") != folder:
        return refused(400, "file and uploadPath (without slashes at its ends) are required", status=400)
    data, kind = sent.read(), sent.mimetype
    if kind not in EXTENSIONS or not 0 < len(data) <= MOST_BYTES:
        return refused(400, "not an image", status=400)
    name = request.form.get("fileName") or f"{secrets.token_hex(8)}.{EXTENSIONS[kind]}"
    stored = world.files.put(data, kind, name=f"{folder.replace('/', '-')}-{name}")
    world.count_upload("kie")
    shown: dict[str, Any] = {
        "fileName": name,
        "filePath": f"{folder}/{name}",
        "downloadUrl": _address(world, f"{request.host_url}files/{stored}"),
        "fileSize": len(data) - 1 if world.settings.upload_fault == "short" else len(data),
        "mimeType": kind,
        "uploadedAt": "2026-09-22T12:00:00.000Z",
    }
    return wire.answer({"success": True, "code": 200, "msg": "File uploaded successfully", "data": shown})


def kie(world: World, request: Request) -> Response:
    """POST /api/file-stream-upload."""
    world.count_upload_request()
    return guarded(_kie)(world, request)


def initiate(world: World, request: Request) -> Response:
    """POST /storage/upload/initiate: where to put a file, and the address it will have."""
    world.count_upload_request()
    if (failed := unauthorized(request)) is not None:
        return failed
    if (odd := _misbehaves(world, request)) is not None:
        return odd
    body = wire.object_of(request) or {}
    kind = body.get("content_type")
    if kind not in EXTENSIONS or not isinstance(body.get("file_name"), str):
        return wire.answer({"detail": "file_name and content_type are required"}, 422)
    name = f"{secrets.token_hex(12)}.{EXTENSIONS[kind]}"
    where = f"{request.host_url}storage/put/{name}?signature={secrets.token_hex(8)}"
    return wire.answer({"upload_url": _address(world, where), "file_url": f"{request.host_url}files/{name}"})


def put(world: World, request: Request, name: str) -> Response:
    """PUT /storage/put/<name>: the bytes, under the signature alone; a key has no business here."""
    if "Authorization" in request.headers or not request.args.get("signature"):
        return wire.answer({"detail": "signature only"}, 403)
    if world.settings.upload_fault == "put-500":
        return wire.bad_gateway()
    if request.mimetype not in EXTENSIONS:
        return wire.answer({"detail": "not an image"}, 400)
    world.files.put(request.get_data(), request.mimetype, name=name)
    world.count_upload("fal")
    return Response(status=200)


def _address(world: World, url: str) -> Any:
    match world.settings.upload_fault:
        case "private":
            return PRIVATE
        case "no-address":
            return None
    return url
