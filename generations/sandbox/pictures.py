"""Real images: the input image changed as the prompt's colours say, or a drawing with the prompt on it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}
MOST_PIXELS = 40_000_000  # an input above this is not opened
CAPTION = 160  # characters of the prompt on the image


@dataclass(frozen=True)
class Facts:
    """What can be seen of an image without understanding it: pixels, and its mean colour (0..255 each)."""

    width: int
    height: int
    red: int
    green: int
    blue: int


def open_source(data: bytes | None) -> Image.Image | None:
    """The input as an RGB image; None when there is none or it is no image that can be opened."""
    if not data:
        return None
    try:
        image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
        if image.width * image.height > MOST_PIXELS:
            return None
        return ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # what Pillow raises for bad files
        return None


def facts(image: Image.Image) -> Facts:
    """The size and the mean colour."""
    red, green, blue = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return Facts(image.width, image.height, int(red), int(green), int(blue))


def size_for(ratio: tuple[int, int] | None, side: int, source: Image.Image | None) -> tuple[int, int]:
    """Even pixels of the asked ratio, or of the source's, or of 16:9; the longer side is `side`."""
    wide, high = ratio or ((source.width, source.height) if source else (16, 9))
    scale = side / max(wide, high)
    return max(16, int(wide * scale) // 2 * 2), max(16, int(high * scale) // 2 * 2)


def colors(prompt: str, index: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """A dark and a light color that belong to this prompt and output."""
    digest = hashlib.sha256(f"{index}:{prompt}".encode("utf-8", "replace")).digest()
    dark = (digest[0] // 3, digest[1] // 3, digest[2] // 3)
    return dark, (160 + digest[3] // 3, 160 + digest[4] // 3, 160 + digest[5] // 3)


def canvas(prompt: str, index: int, size: tuple[int, int], source: Image.Image | None) -> Image.Image:
    """The picture without its caption."""
    dark, light = colors(prompt, index)
    if source is not None:
        fitted = ImageOps.fit(source, size, Image.Resampling.BILINEAR)
        toned = ImageOps.colorize(ImageOps.grayscale(fitted), dark, light)
        return ImageEnhance.Contrast(Image.blend(fitted, toned, 0.35)).enhance(1.1)
    gradient = Image.linear_gradient("L").rotate(90 * (index % 4)).resize(size)
    image = ImageOps.colorize(gradient, dark, light)
    drawing = ImageDraw.Draw(image)
    spots = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
    for x, y, radius in zip(spots[0:12:3], spots[1:12:3], spots[2:12:3], strict=True):
        center = (x * size[0] // 255, y * size[1] // 255)
        drawing.circle(center, max(4, radius * min(size) // 900), outline=light, width=max(2, min(size) // 120))
    return image


def caption(prompt: str, size: tuple[int, int]) -> Image.Image:
    """The prompt's beginning along the lower edge, on transparent ground: pasted over a picture or each frame."""
    text = " ".join(prompt.encode("utf-8", "replace").decode().split())[:CAPTION]
    height = max(12, size[1] // 28)
    font = ImageFont.load_default(height)
    per_line = max(8, int(size[0] / (height * 0.55)))
    lines = [text[start : start + per_line] for start in range(0, len(text), per_line)][:3]
    step = int(height * 1.35)
    band = Image.new("RGBA", (size[0], step * len(lines) + height // 2))
    drawing = ImageDraw.Draw(band)
    for number, line in enumerate(lines):
        place, stroke = (height // 2, step * number), max(1, height // 10)
        drawing.text(place, line, (255, 255, 255), font, stroke_width=stroke, stroke_fill=(0, 0, 0))
    return band


def write(band: Image.Image, image: Image.Image) -> Image.Image:
    """Puts a caption on a picture."""
    image.paste(band, (0, image.height - band.height), band)
    return image


def encode(image: Image.Image, form: str) -> bytes:
    """The file's bytes; `form` is png, jpeg or webp."""
    out = io.BytesIO()
    options = {"compress_level": 1} if form == "png" else {"quality": 85}
    image.save(out, FORMATS[form], **options)
    return out.getvalue()


def picture(
    prompt: str, index: int, ratio: tuple[int, int] | None, side: int, form: str, source: Image.Image | None
) -> tuple[bytes, int, int]:
    """One finished image: its bytes, width and height in pixels."""
    size = size_for(ratio, side, source)
    image = write(caption(prompt, size), canvas(prompt, index, size, source))
    return encode(image, form), image.width, image.height
