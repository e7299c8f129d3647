"""GET /media/<name>: stored files to whoever holds a signed link (faults.md rows 79 and 83).

Every answer says that the bytes are media and nothing else: the type from our own table, `nosniff`, and a
policy under which even a mistaken page could run nothing.
"""

from __future__ import annotations

import time
from typing import IO, Any

from django.core.files.storage import FileSystemStorage, default_storage
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe
from werkzeug.http import parse_range_header

from generations import removals
from generations.media import EXTENSIONS
from project.errors import NotFound, Problem
from project.media_links import Link, LinkExpired, verify

_TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}
_CACHE_SECONDS = 3600


class LinkGone(Problem):
    status, code, title = 410, "link_expired", "This link has expired"


class FileDeleted(Problem):
    status, code, title = 410, "outputs_deleted", "This file was deleted by its team"


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """One stored file, whole or one range of it (RFC 9110 section 14). NotFound for a link that is not ours, 410 for
    one whose time is over or whose file was deleted."""
    try:
        link = verify(path, request.GET.dict())
    except LinkExpired:
        raise LinkGone from None
    content_type = _TYPES.get(path.rpartition(".")[2])
    if link is None or content_type is None:
        raise NotFound
    if removals.gone(link.name):
        raise FileDeleted
    if isinstance(default_storage, FileSystemStorage):
        response = _serve(request, link, content_type)
    else:
        response = _redirect(link, content_type)
    left = min(_CACHE_SECONDS, link.expires - int(time.time()))
    response["Cache-Control"] = f"private, max-age={max(0, left)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def _serve(request: HttpRequest, link: Link, content_type: str) -> HttpResponseBase:
    try:
        modified = default_storage.get_modified_time(link.name).timestamp()
        size = default_storage.size(link.name)
        etag = f'"{size:x}-{int(modified * 1_000_000):x}"'
        unchanged = get_conditional_response(request, etag=etag, last_modified=int(modified))
        if unchanged is not None:
            unchanged["ETag"] = etag
            return unchanged
        start, stop, status = _range(request, size, etag)
        response: HttpResponseBase
        if status == 416:
            response = HttpResponse(status=416)
            response["Content-Range"] = f"bytes */{size}"
            return response
        if request.method == "HEAD":
            response = HttpResponse(status=status)
        else:
            response = FileResponse(_Window(default_storage.open(link.name, "rb"), start, stop), status=status)
    except FileNotFoundError:
        raise NotFound from None
    if status == 206:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response["Content-Type"] = content_type
    response["Content-Length"] = str(stop - start)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    response["Content-Disposition"] = _disposition(link)
    return response


def _range(request: HttpRequest, size: int, etag: str) -> tuple[int, int, int]:
    """Start, stop and status. More than one range, or one of another version, is answered with the whole
    file.
    """
    asked = parse_range_header(request.headers.get("Range"))
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0, size, 200
    if request.headers.get("If-Range", etag) != etag:
        return 0, size, 200
    begin, end = asked.ranges[0]
    start = begin if begin >= 0 else max(0, size + begin)
    stop = size if end is None else min(end, size)
    return (start, stop, 206) if start < stop else (0, size, 416)


def _redirect(link: Link, content_type: str) -> HttpResponseBase:
    """An object store serves its own files, by a link of its own that lives as long as ours."""
    storage: Any = default_storage
    return HttpResponseRedirect(
        storage.url(
            link.name,
            parameters={
                "ResponseContentType": content_type,
                "ResponseContentDisposition": _disposition(link),
            },
            expire=max(1, min(_CACHE_SECONDS * 2, link.expires - int(time.time()))),
        )
    )


def _disposition(link: Link) -> str:
    filename = link.filename or link.name.rpartition("/")[2]
    return content_disposition_header(bool(link.filename), filename) or "inline"


class _Window:
    """A part of a file, as FileResponse reads it; closes the file with itself."""

    def __init__(self, file: IO[bytes], start: int, stop: int) -> None:
        self._file = file
        self._left = stop - start
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(data)
        return data

    def close(self) -> None:
        self._file.close()
