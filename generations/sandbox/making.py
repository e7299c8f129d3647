"""Makes what a task asks for, with the input images when they can be had, and puts the files where they are served."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict

from generations.sandbox import films, outbound, pictures, texts
from generations.sandbox.faults import Faults
from generations.sandbox.files import METADATA, Files
from generations.sandbox.tasks import Made, Task, Work

SOURCE_SECONDS, SOURCE_BYTES = 3.0, 10 * 1024 * 1024
FORGET_FAILURE = 30.0  # seconds in which a host that gave no answer is not asked again
AT_ONCE = threading.BoundedSemaphore(2)  # drawing is work for the processor
FLUX_ORIGIN_SECONDS = 600.0  # originImageUrl lives ten minutes (kie.md 4.1)
CACHE_BYTES = 64 * 1024 * 1024


class Cache:
    """Finished files by what they were made from; the least used go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[object, ...], tuple[bytes, int, int]] = OrderedDict()
        self._size = 0

    def get(self, key: tuple[object, ...]) -> tuple[bytes, int, int] | None:
        """What was made from this before."""
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
            return self._files.get(key)

    def put(self, key: tuple[object, ...], made: tuple[bytes, int, int]) -> None:
        """Remembers what was made."""
        with self._lock:
            if key not in self._files:
                self._files[key] = made
                self._size += len(made[0])
            while self._size > CACHE_BYTES:
                _, (data, _, _) = self._files.popitem(last=False)
                self._size -= len(data)


_cache = Cache()
_silent: dict[str, float] = {}  # host -> when it may be asked again


def source_of(url: str) -> bytes | None:
    """The input image's bytes; None when it is not to be had within a few seconds."""
    host = url.split("/")[2] if url.count("/") >= 2 else url
    if _silent.get(host, 0.0) > time.monotonic():
        return None
    try:
        reply = outbound.exchange("GET", url, timeout=SOURCE_SECONDS, most=SOURCE_BYTES)
    except outbound.Unreachable:
        _silent[host] = time.monotonic() + FORGET_FAILURE
        return None
    return reply.body if reply.status == 200 else None


def make(task: Task, files: Files) -> None:
    """Makes the task's outputs, once, however often and from wherever it is called."""
    with task.making:
        if task.is_made:
            return
        sources = [data for data in map(source_of, task.work.sources) if data]
        task.fetched = len(sources)
        with AT_ONCE:
            if task.work.kind == "text":
                _write(task, sources)
            else:
                task.made = [_one(task, files, index, sources) for index in range(task.delivered)]
                if task.family == "flux" and task.made:
                    task.origin = f"{task.base}/files/{files.link(task.made[0].url, FLUX_ORIGIN_SECONDS)}"
        task.is_made = True


def _write(task: Task, sources: list[bytes]) -> None:
    body, images = task.body, [image for image in map(pictures.open_source, sources) if image]
    limit = body.get("max_tokens")
    seen = [pictures.facts(image) for image in images]
    text, cut = texts.expand(task.work.prompt, seen, float(body.get("temperature", 1)), limit)
    task.text, task.text_partial = text, cut
    system = body.get("system_prompt") or ""
    task.usage = texts.usage(task.work.prompt, system, len(task.work.sources), text)


def _one(task: Task, files: Files, index: int, sources: list[bytes]) -> Made:
    source = sources[index % len(sources)] if sources else None
    data, width, height = _drawn(task.work, index, source)
    content_type = "video/mp4" if task.work.kind == "video" else f"image/{task.work.format}"
    if "result-private-url" in task.faults:
        return Made(f"{METADATA}{index}", content_type, width, height, len(data))
    name = files.put(data, content_type, Faults(task.faults.words))
    return Made(f"{task.base}/files/{name}", content_type, width, height, len(data))


def _drawn(work: Work, index: int, data: bytes | None) -> tuple[bytes, int, int]:
    digest = hashlib.sha256(data).digest() if data else b""
    key = (work.kind, work.prompt, index, work.ratio, work.side, work.format, work.seconds, digest)
    made = _cache.get(key)
    if made is None:
        source = pictures.open_source(data)
        if work.kind == "video":
            made = films.film(work.prompt, index, work.ratio, work.side, work.seconds, source)
        else:
            made = pictures.picture(work.prompt, index, work.ratio, work.side, work.format, source)
        _cache.put(key, made)
    return made


def price(task: Task) -> dict[str, float]:
    """What the finished task costs: KIE credits, fal billable units (megapixels of images, dollars of texts)."""
    more = task.faults.number("more-credits", 10) if "more-credits" in task.faults else 0.0
    if task.provider == "kie":
        count = task.delivered if task.work.per_output else 1
        return {"credits": round(task.work.credits_each * count + more, 4)}
    if task.family == "fal":
        return {"units": round(sum(made.width * made.height for made in task.made) / 1_000_000 + more, 6)}
    return {"units": round(task.usage.get("cost", 0.0) + more, 7)}
