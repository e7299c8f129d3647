"""Faults row 23: what a file is by its bytes, how large and how long, and a preview of it."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import pytest
from PIL import Image

from generations.media import BadMedia, inspect_image, poster, probe_video, sniff, thumbnail
from tests.media import corpus


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41", "video/mp4"),
        (b"\0\0\0\x1cftypmp42\0\0\0\0mp42isom", "video/mp4"),
        (b"\0\0\0\x18ftypqt  \0\0\x02\0qt  qt  ", None),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1isom", None),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", None),
        (b"\x1aE\xdf\xa3webm", None),
        (b"<html>", None),
        (b"", None),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"GIF89a", None),
    ],
)
def test_magic_bytes(head: bytes, expected: str | None) -> None:
    assert sniff(head) == expected


@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": True})],
)
@pytest.mark.parametrize("size", [(1, 1), (317, 211), (3000, 20)])
def test_the_size_is_read_from_the_header(kind: str, options: dict[str, bool], size: tuple[int, int]) -> None:
    data = corpus.encode(corpus.gradient(*size), kind, **options)
    facts = inspect_image(io.BytesIO(data))
    assert (facts.width, facts.height) == size


def test_a_webp_with_a_canvas_tells_its_size(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x010F] = "x"
    path = tmp_path / "a.webp"
    path.write_bytes(corpus.encode(corpus.gradient(31, 17), "WEBP", exif=exif))
    assert path.read_bytes()[12:16] == b"VP8X"
    assert (inspect_image(path).width, inspect_image(path).height) == (31, 17)


def test_a_thumbnail_is_small_and_upright(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(corpus.encode(corpus.noise(2000, 1000), "PNG"))
    small = corpus.decode(thumbnail(path))
    assert (small.format or "WEBP", small.size) == ("WEBP", (512, 256))
    path.write_bytes(corpus.jpeg_with_gps())
    data = thumbnail(path)
    assert corpus.decode(data).size == (40, 60)
    assert b"Secret" not in data


CUT = corpus.encode(corpus.noise(200, 200), "PNG")[:50_000]


@pytest.mark.parametrize(
    "data", [b"", b"<html>", corpus.png_claiming(60_000, 60_000), CUT], ids=["empty", "page", "flood", "cut"]
)
def test_what_cannot_be_decoded_has_no_thumbnail(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(BadMedia):
        thumbnail(path)


@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov+default_base_moof"])
def test_a_film_tells_size_and_length(tmp_path: Path, flags: str) -> None:
    path = corpus.film(tmp_path / "a.mp4", frames=60, size=(320, 180), flags=flags)
    facts = probe_video(path)
    assert (facts.width, facts.height) == (320, 180)
    assert abs(facts.duration_ms - 2500) <= 50


def test_a_poster_is_not_the_black_first_frame(tmp_path: Path) -> None:
    path = corpus.film(tmp_path / "a.mp4", frames=48, size=(2048, 1024), dark=6)
    picture = corpus.decode(poster(path))
    assert picture.size == (1024, 512)
    red, green, blue = picture.convert("RGB").getpixel((500, 200))  # type: ignore[misc]
    assert red > 150 > green > blue - 40


def test_a_film_of_one_frame_has_a_poster(tmp_path: Path) -> None:
    assert corpus.decode(poster(corpus.film(tmp_path / "a.mp4", frames=1))).size == (160, 90)


@pytest.mark.parametrize("flags", ["", "faststart", "frag_keyframe+empty_moov+default_base_moof"])
@pytest.mark.parametrize("part", [0.2, 0.5, 0.98])
def test_a_cut_film_is_refused(tmp_path: Path, flags: str, part: float) -> None:
    path = corpus.film(tmp_path / "a.mp4", flags=flags)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BadMedia):
        probe_video(path)


FILM_HEAD = b"\0\0\0\x18ftypisom\0\0\0\0isommp41"
HOSTILE = {
    "no index": struct.pack(">I", 16) + b"mdat" + bytes(8),
    "endless": struct.pack(">I", 0) + b"moov" + b"a" * 100,
    "no steps": (struct.pack(">I", 4) + b"free") * 100,
    "beyond the end": struct.pack(">I", 1) + b"mdat" + struct.pack(">Q", 2**62),
    "empty index": b"\0\0\0\x10moov" + bytes(8),
    "too many": (struct.pack(">I", 8) + b"free") * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_boxes_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(FILM_HEAD + HOSTILE[name])
    with pytest.raises(BadMedia):
        probe_video(path)


def test_an_index_made_to_fill_the_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb") as file:
        file.write(FILM_HEAD + struct.pack(">I", 200_000_000) + b"moov")
        file.truncate(24 + 200_000_000)  # sparse: takes no room on the disk
    with pytest.raises(BadMedia, match="index"):
        probe_video(path)


def test_a_film_that_names_another_file_opens_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"ffconcat version 1.0\nfile /etc/hostname\n")
    for look in (probe_video, poster):
        with pytest.raises(BadMedia):
            look(path)
