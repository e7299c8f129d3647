"""Pictures and films made for the tests: good ones, and those that are built to hurt."""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from PIL import Image


def encode(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def decode(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        return picture


def gradient(width: int = 64, height: int = 48, mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((width, height)).convert(mode)


def noise(width: int = 640, height: int = 480) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise((width, height), 90) for _ in range(3)])


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_claiming(width: int, height: int) -> bytes:
    """A valid PNG of a few kB whose pixels, all alike, would fill the memory."""
    rows = zlib.compressobj(9)
    row = b"\0" * min(1 + width * 3, 60_000)
    data = b"".join(rows.compress(row) for _ in range(200)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def jpeg_claiming(width: int, height: int) -> bytes:
    """A JPEG whose frame header has been rewritten."""
    data = bytearray(encode(gradient(), "JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP of 40 bytes or so with a canvas of any size."""
    inner = encode(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (width - 1).to_bytes(3, "little")
    body = b"WEBP" + canvas + (height - 1).to_bytes(3, "little") + inner
    return b"RIFF" + struct.pack("<I", len(body)) + body


def animation(kind: str, frames: int) -> bytes:
    """A moving picture with all its frames different."""
    pictures = [Image.new("RGB", (8, 8), (i * 97 % 256, i // 256, 0)) for i in range(frames)]
    return encode(pictures[0], kind, save_all=True, append_images=pictures[1:], duration=20)


def jpeg_with_scans(scans: int) -> bytes:
    """A progressive JPEG that repeats one of its scans: small to send, long to decode."""
    data = encode(noise(64, 64), "JPEG", progressive=True)
    first = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", first + 2)
    third = data.index(b"\xff\xda", second + 2)
    return data[:second] + data[second:third] * scans + data[third:]


def jpeg_with_gps() -> bytes:
    """A photo that tells where it was taken, in EXIF, in XMP and in a comment."""
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    exif[0x0112] = 6  # to be shown turned right by 90 degrees
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    return encode(
        gradient(60, 40), "JPEG", exif=exif, comment=b"SecretComment", xmp=b"<x:xmpmeta>SecretPlace</x:xmpmeta>"
    )


def film(path: Path, *, frames: int = 24, size: tuple[int, int] = (160, 90), flags: str = "", dark: int = 0) -> Path:
    """An mp4 (H.264, 24 frames a second) whose first `dark` frames are black."""
    with av.open(str(path), "w", format="mp4", options={"movflags": flags} if flags else {}) as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            color = (0, 0, 0) if number < dark else (200, 60, 20)
            frame = av.VideoFrame.from_image(Image.new("RGB", size, color))  # type: ignore[no-untyped-call]
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
