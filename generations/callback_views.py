"""The address that providers call back to. Only translates; see callbacks.py."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from generations import callbacks
from project.errors import TooLargeBody


@csrf_exempt
@require_POST
def receive(request: HttpRequest, provider: str, token: str) -> HttpResponse:
    """200 as soon as the callback is stored; the raw body is read before anything else touches it (fal.md 4.4)."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > callbacks.BODY_BYTES:
        raise TooLargeBody("A callback has at most 1 MiB.")
    raw = request.read(callbacks.BODY_BYTES + 1)
    if len(raw) > callbacks.BODY_BYTES:
        raise TooLargeBody("A callback has at most 1 MiB.")
    callbacks.receive(provider=provider, token=token, headers=request.headers, raw=raw)
    return JsonResponse({"code": 200, "msg": "success"})
