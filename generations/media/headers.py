"""What a file is by its first bytes, and how large its picture claims to be, before any decoder sees it.

Names, extensions and Content-Type headers are the sender's opinion and are not asked (faults.md rows 23, 78,
79).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from generations.media.errors import BadMedia

SNIFF_BYTES = 64
EXTENSIONS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "video/mp4": "mp4"}
# ISO base media brands that mean "a film"; heic, avif and their like are pictures in the same box.
_FILM_BRANDS = frozenset(
    b"isom iso2 iso3 iso4 iso5 iso6 iso7 iso8 iso9 mp41 mp42 mp71 avc1 hvc1 M4VH M4VP dash msdh MSNV".split()
) | {b"M4V ", b"f4v "}
_PICTURE_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"))
_JPEG_SEGMENTS = 2000


@dataclass(frozen=True)
class ImageFacts:
    """A picture's type and its stored size in pixels (before EXIF orientation)."""

    content_type: str
    width: int
    height: int


def sniff(head: bytes) -> str | None:
    """image/jpeg, image/png, image/webp or video/mp4 by the first SNIFF_BYTES bytes; None for all else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and head[12:16] == b"IHDR":
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and head[12:16] in (b"VP8 ", b"VP8L", b"VP8X"):
        return "image/webp"
    if head[4:8] == b"ftyp" and len(head) >= 16:
        size = min(int.from_bytes(head[:4]), len(head))
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))}
        if brands & _FILM_BRANDS and head[8:12] not in _PICTURE_BRANDS:
            return "video/mp4"
    return None


def read_facts(file: BinaryIO) -> ImageFacts:
    """Type and size of a JPEG, PNG or WebP from its header alone; raises BadMedia. Moves the file."""
    file.seek(0)
    head = file.read(SNIFF_BYTES)
    content_type = sniff(head)
    try:
        if content_type == "image/png":
            width, height = struct.unpack(">II", head[16:24])
        elif content_type == "image/webp":
            width, height = _webp(head)
        elif content_type == "image/jpeg":
            width, height = _jpeg(file)
        else:
            raise BadMedia("The file is not a JPEG, PNG or WebP picture.")
    except struct.error:
        raise BadMedia("The picture's header is cut short.") from None
    if width < 1 or height < 1:
        raise BadMedia("The picture claims to have no pixels.")
    return ImageFacts(content_type, width, height)


def _webp(head: bytes) -> tuple[int, int]:
    """Size by RFC 9649 sections 2.5 to 2.7."""
    kind, data = head[12:16], head[20:30]
    if len(data) < 10:
        raise BadMedia("The picture's header is cut short.")
    if kind == b"VP8X":
        width = 1 + int.from_bytes(data[4:7], "little")
        height = 1 + int.from_bytes(data[7:10], "little")
        return width, height
    if kind == b"VP8L":
        signature, bits = struct.unpack("<BI", data[:5])
        if signature != 0x2F:
            raise BadMedia("The picture's header is damaged.")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    start, width, height = struct.unpack("<3sHH", data[3:10])
    if start != b"\x9d\x01\x2a":
        raise BadMedia("The picture's header is damaged.")
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    """Size from the frame header (SOFn) of ITU T.81 annex B, found by walking the segments before it."""
    file.seek(2)
    for _ in range(_JPEG_SEGMENTS):
        marker, code = struct.unpack("BB", file.read(2))
        while code == 0xFF:  # fill bytes
            (code,) = struct.unpack("B", file.read(1))
        if marker != 0xFF or code in (0x00, 0xD8, 0xD9, 0xDA):
            break
        if code == 0x01 or 0xD0 <= code <= 0xD7:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if 0xC0 <= code <= 0xCF and code not in (0xC4, 0xC8, 0xCC):
            _, height, width = struct.unpack(">BHH", file.read(5))
            return width, height
        file.seek(max(length - 2, 0), 1)
    raise BadMedia("The picture has no frame header.")
