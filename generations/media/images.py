"""Pictures: uploads made harmless, results looked at, thumbnails.

An upload is never kept as it came: it is decoded and written anew, so that no metadata, no second format
hidden in the file and no broken structure survives (faults.md rows 78 and 79, checklist E14). The cheap
checks come first: bytes, then magic bytes, then the size that the header claims; only then does a decoder
run.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps

from generations.media.errors import BadMedia, UploadRefused
from generations.media.headers import ImageFacts, read_facts

UPLOAD_MAX_BYTES = 10 * 1024 * 1024  # catalogue.md: at most 10 MB
MAX_PIXELS = 50_000_000  # our own limit: Pillow only warns at 89 million (faults.md row 78)
MAX_SIDE = 16_383  # the most that WebP can hold, so that every picture can be written back in its own format
MAX_JPEG_SCANS = 100  # each scan costs a pass over all pixels; cameras and editors write about 10
THUMBNAIL_SIDE = 512
_WEBP_CHUNKS = 65_536  # where the image chunk begins: only a color profile can stand before it
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


@dataclass(frozen=True)
class CleanImage:
    """An upload written anew: bytes, type, and its size in pixels as it is shown."""

    bytes: bytes
    content_type: str
    width: int
    height: int


def inspect_image(source: str | Path | BinaryIO) -> ImageFacts:
    """Type and stored size by the header, within our limits; decodes nothing. Raises BadMedia."""
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            return inspect_image(file)
    facts = read_facts(source)
    if facts.width * facts.height > MAX_PIXELS or max(facts.width, facts.height) > MAX_SIDE:
        raise BadMedia("The picture has more pixels than we take.")
    return facts


def clean_upload(data: bytes) -> CleanImage:
    """A user's picture, decoded in full, turned upright, without metadata, written anew in its own format.

    Takes JPEG, PNG and WebP with one frame, up to UPLOAD_MAX_BYTES, MAX_PIXELS and MAX_SIDE. Colors are
    brought to sRGB when the file has a profile. Raises UploadRefused.
    """
    if not data:
        raise UploadRefused("The file is empty.", "empty")
    if len(data) > UPLOAD_MAX_BYTES:
        raise UploadRefused("The file is larger than 10 MB.", "too_large")
    try:
        facts = read_facts(io.BytesIO(data))
    except BadMedia as error:
        raise UploadRefused("Only whole JPEG, PNG and WebP pictures are taken.", "wrong_type") from error
    if facts.width * facts.height > MAX_PIXELS or max(facts.width, facts.height) > MAX_SIDE:
        raise UploadRefused("The picture has more than 50 megapixels, or a side over 16,383.", "too_many_pixels")
    if facts.content_type == "image/jpeg" and data.count(b"\xff\xda") > MAX_JPEG_SCANS:
        raise UploadRefused("The picture is damaged.", "damaged")
    picture = _decode_upload(data, facts)
    written = _write_within(picture, _attempts(data, facts.content_type))
    return CleanImage(written, facts.content_type, picture.width, picture.height)


def thumbnail(path: str | Path) -> bytes:
    """A WebP of at most THUMBNAIL_SIDE pixels a side. Decodes the whole picture; raises BadMedia if it
    cannot.
    """
    with Path(path).open("rb") as file:
        facts = inspect_image(file)
        try:
            with _open(file, facts) as picture:
                picture.draft("RGB", (THUMBNAIL_SIDE * 2, THUMBNAIL_SIDE * 2))
                return small_webp(_upright(picture), THUMBNAIL_SIDE)
        except MemoryError:
            raise
        except Exception as error:  # whatever a decoder makes of foreign bytes, it is no picture
            raise BadMedia("The picture cannot be decoded.") from error


def small_webp(picture: Image.Image, side: int) -> bytes:
    """The picture as WebP, at most `side` pixels a side, never enlarged."""
    picture = _plain(picture)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=80, method=2)
    return out.getvalue()


def _open(file: BinaryIO, facts: ImageFacts) -> Image.Image:
    """Pillow's view of the file, with only this format's reader, and only if it sees the size that we saw."""
    file.seek(0)
    picture = Image.open(file, formats=[_FORMATS[facts.content_type]])
    if picture.size != (facts.width, facts.height):
        raise BadMedia("The picture's header contradicts itself.")
    return picture


def _decode_upload(data: bytes, facts: ImageFacts) -> Image.Image:
    try:
        with _open(io.BytesIO(data), facts) as picture:
            # An MPO is a camera's JPEG with a second view or a gain map behind: the first is the photo.
            if getattr(picture, "n_frames", 1) > 1 and picture.format != "MPO":
                raise UploadRefused("Animations are not taken; send one picture.", "animated")
            picture.load()
            return _plain(_in_srgb(_upright(picture)))
    except (UploadRefused, MemoryError):
        raise
    except Exception as error:  # whatever a decoder makes of foreign bytes, it is no picture
        raise UploadRefused("The picture is damaged.", "damaged") from error


def _upright(picture: Image.Image) -> Image.Image:
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def _in_srgb(picture: Image.Image) -> Image.Image:
    """Colors as the eye saw them: without its profile a wide-gamut photo would turn pale."""
    profile = picture.info.get("icc_profile")
    if not profile or picture.mode not in ("RGB", "RGBA", "CMYK", "L"):
        return picture
    try:
        converted = ImageCms.profileToProfile(
            picture,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            ImageCms.createProfile("sRGB"),
            outputMode="RGBA" if picture.mode == "RGBA" else "RGB",
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return picture  # an unreadable profile is metadata like any other: it is dropped
    assert converted is not None
    return converted


def _plain(picture: Image.Image) -> Image.Image:
    """The pixels alone, in a mode that the formats can hold: L, RGB or RGBA, eight bits each."""
    if picture.has_transparency_data:
        mode = "RGBA"
    elif picture.mode in ("1", "L") or picture.mode.startswith("I"):
        mode = "L"
    else:
        mode = "RGB"
    if picture.mode.startswith("I;16"):
        picture = picture.point(lambda value: value / 256, "L")
    if picture.mode != mode or "transparency" in picture.info:
        picture = picture.convert(mode)
    picture.info.clear()
    return picture


def _write_within(picture: Image.Image, attempts: Sequence[dict[str, Any]]) -> bytes:
    """The file, no longer than an upload may be: quality gives way before the picture is refused."""
    for options in attempts:
        out = io.BytesIO()
        picture.save(out, **options)
        if out.tell() <= UPLOAD_MAX_BYTES:
            return out.getvalue()
    raise UploadRefused("The picture is larger than 10 MB once it is written plainly.", "too_large")


def _attempts(data: bytes, content_type: str) -> list[dict[str, Any]]:
    """How to write the picture in its own format, best first."""
    if content_type == "image/png":
        return [{"format": "PNG", "compress_level": level} for level in (6, 9)]
    if content_type == "image/jpeg":
        return [{"format": "JPEG", "quality": quality, "subsampling": 0} for quality in (95, 90, 80)]
    lossy: list[dict[str, Any]] = [{"format": "WEBP", "quality": quality, "method": 0} for quality in (95, 80)]
    if data[12:16] == b"VP8L" or (data[12:16] == b"VP8X" and b"VP8L" in data[:_WEBP_CHUNKS]):
        return [{"format": "WEBP", "lossless": True, "quality": 20, "method": 0, "exact": True}, *lossy]
    return lossy
