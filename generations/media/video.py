"""Films: size, length and a poster frame by FFmpeg's libraries (PyAV), with bounded work.

The file is handed over as an open file, not as a name, so that no protocol and no second file can be reached
from within it. The box structure is walked first: a download that was cut short, or an index made to fill the
memory, never reaches the demuxer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from generations.media.errors import BadMedia
from generations.media.headers import SNIFF_BYTES, sniff
from generations.media.images import MAX_PIXELS, MAX_SIDE, small_webp

POSTER_SIDE = 1024
_POSTER_SECONDS = 1.0  # the very first frame is often black
_MAX_PACKETS = 300
_MAX_FRAMES = 60
_MAX_BOXES = 20_000
_MAX_INDEX_BYTES = 32 * 1024 * 1024
_CODECS = frozenset(("h264", "hevc", "av1", "vp9", "mpeg4"))


@dataclass(frozen=True)
class VideoFacts:
    """A film's size in pixels and its length in milliseconds."""

    width: int
    height: int
    duration_ms: int


def probe_video(path: str | Path) -> VideoFacts:
    """Size and length of an mp4; raises BadMedia when it is none, is cut short or has no length."""
    with _opened(path) as (container, stream):
        return _facts(container, stream)


def poster(path: str | Path) -> bytes:
    """A frame from the first second as WebP, at most POSTER_SIDE pixels a side; raises BadMedia."""
    with _opened(path) as (container, stream):
        facts = _facts(container, stream)
        wanted = min(_POSTER_SECONDS, facts.duration_ms / 3000)
        frame = None
        for frame in _frames(container, stream):
            if frame.time is not None and frame.time >= wanted:
                break
        if frame is None:
            raise BadMedia("The film has no frame that can be shown.")
        scale = min(1.0, POSTER_SIDE / max(frame.width, frame.height))
        picture = frame.to_image(  # type: ignore[no-untyped-call]
            width=max(2, round(frame.width * scale)), height=max(2, round(frame.height * scale))
        )
        return small_webp(picture, POSTER_SIDE)


@contextmanager
def _opened(path: str | Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    with Path(path).open("rb") as file:
        _check_boxes(file)
        try:
            with av.open(file, "r", format="mp4") as container:
                if not container.streams.video:
                    raise BadMedia("The film has no picture.")
                stream = container.streams.video[0]
                if stream.codec_context.codec.canonical_name not in _CODECS:
                    raise BadMedia("The film is in a format that we do not read.")
                stream.codec_context.thread_count = 1
                yield container, stream
        except av.FFmpegError as error:
            raise BadMedia("The film cannot be decoded.") from error


def _facts(container: InputContainer, stream: VideoStream) -> VideoFacts:
    width, height = stream.codec_context.width, stream.codec_context.height
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise BadMedia("The film has an impossible size.")
    duration_ms = round((container.duration or 0) / 1000)  # FFmpeg counts microseconds
    if duration_ms <= 0:
        raise BadMedia("The film has no length.")
    return VideoFacts(width, height, duration_ms)


def _frames(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    decoded = 0
    for count, packet in enumerate(container.demux(stream)):
        for frame in packet.decode():
            yield frame
            decoded += 1
        if count >= _MAX_PACKETS or decoded >= _MAX_FRAMES:
            return


def _check_boxes(file: BinaryIO) -> None:
    """Walks the top-level boxes of ISO/IEC 14496-12 section 4.2: each must end within the file."""
    if sniff(file.read(SNIFF_BYTES)) != "video/mp4":
        raise BadMedia("The file is not an mp4 film.")
    end = file.seek(0, 2)
    at = index_bytes = 0
    for _ in range(_MAX_BOXES):
        if at + 8 > end:
            break
        file.seek(at)
        head = file.read(16)
        size, kind = int.from_bytes(head[:4]), head[4:8]
        if size == 1:
            size = int.from_bytes(head[8:16])
        elif size == 0:
            size = end - at
        if size < 8 or at + size > end:
            raise BadMedia("The film is cut short.")
        if kind in (b"moov", b"moof"):
            index_bytes += size
        at += size
    if index_bytes > _MAX_INDEX_BYTES:
        raise BadMedia("The film's index is too large.")
    if index_bytes == 0 or at + 8 <= end:
        raise BadMedia("The film has no index.")
