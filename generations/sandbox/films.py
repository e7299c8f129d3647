"""Real clips: H.264 in mp4 that browsers play, a slow zoom over a picture with a ball crossing it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

from generations.sandbox import pictures

RATE = 12  # frames a second: enough to see that it moves
ZOOM = 0.15  # how much of the picture is lost towards the end
OPTIONS = {"preset": "ultrafast", "crf": "28"}


def film(
    prompt: str, index: int, ratio: tuple[int, int] | None, side: int, seconds: int, source: Image.Image | None
) -> tuple[bytes, int, int]:
    """One finished clip of `seconds`: its bytes, width and height in pixels. The index comes first (faststart)."""
    import av  # takes a moment to load; only clips need it

    width, height = pictures.size_for(ratio, side, source)
    still = pictures.canvas(prompt, index, (width, height), source)
    band, (_, light) = pictures.caption(prompt, (width, height)), pictures.colors(prompt, index)
    with tempfile.TemporaryDirectory(prefix="sandbox-film-") as folder:
        path = Path(folder) / "clip.mp4"  # faststart writes the file twice: it needs a real one
        with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
            stream = container.add_stream("libx264", rate=RATE, options=OPTIONS)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            stream.codec_context.thread_count = 1
            for number in range(seconds * RATE):
                image = pictures.write(band, _frame(still, number / (seconds * RATE), light))
                frame = av.VideoFrame.from_image(image)  # type: ignore[no-untyped-call]
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path.read_bytes(), width, height


def _frame(still: Image.Image, part: float, light: tuple[int, int, int]) -> Image.Image:
    width, height = still.size
    left, top = width * ZOOM * part / 2, height * ZOOM * part / 2
    box = (left, top, width - left, height - top)
    image = still.resize(still.size, Image.Resampling.BILINEAR, box)
    radius = max(4, height // 16)
    ImageDraw.Draw(image).circle((int(part * width), height // 3), radius, fill=light)
    return image
