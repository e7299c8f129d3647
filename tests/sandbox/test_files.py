"""The results are real files of the asked shape, made from the input image where it can be had."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import av
import pytest
from PIL import Image, ImageStat

from tests.sandbox.conftest import Fal, Kie
from tests.sandbox_client import SandboxProcess

GREEN = (20, 200, 40)


@pytest.fixture
def green() -> Iterator[str]:
    """The address of a green portrait picture."""
    out = io.BytesIO()
    Image.new("RGB", (300, 400), GREEN).save(out, "PNG")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.end_headers()
            self.wfile.write(out.getvalue())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/green.png"
    server.shutdown()
    thread.join()
    server.server_close()


def files(kie: Kie, model: str, **given: Any) -> list[tuple[str, bytes]]:
    """(content type, bytes) of each output of a task."""
    answer = kie.market(model, **given).json()
    assert answer["code"] == 200, answer
    urls = kie.ended(answer["data"]["taskId"])["response"]["resultUrls"]
    found = [kie.http.get(url) for url in urls]
    assert {response.status_code for response in found} == {200}
    return [(response.headers["content-type"], response.content) for response in found]


@pytest.mark.parametrize(
    ("given", "content_type", "form", "size"),
    [
        ({"aspect_ratio": "16:9"}, "image/png", "PNG", (1024, 576)),
        ({"aspect_ratio": "2:3", "output_format": "jpg"}, "image/jpeg", "JPEG", (682, 1024)),
        ({"aspect_ratio": "1:1", "resolution": "2K"}, "image/png", "PNG", (1536, 1536)),
    ],
)
def test_images(given: dict[str, Any], content_type: str, form: str, size: tuple[int, int], kie: Kie) -> None:
    ((served, data),) = files(kie, "nano-banana-pro", prompt="a brass clock ⏰ \u202e", **given)
    image = Image.open(io.BytesIO(data))
    image.load()
    assert (served, image.format, image.size) == (content_type, form, size)
    assert len(set(image.resize((8, 8)).get_flattened_data())) > 4


def test_several_images_are_not_the_same(kie: Kie) -> None:
    given = {"image_urls": ["https://img.example/a.png"], "image_size": "square", "max_images": 3}
    found = files(kie, "bytedance/seedream-v4-edit", prompt="three hats", **given)
    assert len({data for _, data in found}) == 3
    assert {Image.open(io.BytesIO(data)).size for _, data in found} == {(512, 512)}


def test_an_image_is_edited_from_its_input(kie: Kie, green: str) -> None:
    ((_, data),) = files(kie, "google/nano-banana-edit", prompt="x", image_urls=[green], image_size="auto")
    image = Image.open(io.BytesIO(data)).convert("RGB")
    assert image.size == (768, 1024)  # the input's shape
    red, greens, blue = ImageStat.Stat(image.crop((0, 0, 768, 512))).mean
    assert greens > red + 20
    assert greens > blue + 20


@pytest.mark.parametrize(
    ("model", "given", "seconds", "size"),
    [
        ("veo3_fast", {"duration": 4, "aspect_ratio": "9:16"}, 4, (270, 480)),
        ("hailuo/2-3-image-to-video-pro", {"duration": "6"}, 6, (360, 480)),
    ],
)
def test_clips_play(
    model: str, given: dict[str, Any], seconds: int, size: tuple[int, int], kie: Kie, green: str
) -> None:
    given = given if model == "veo3_fast" else {**given, "image_url": green}
    ((content_type, data),) = files(kie, model, prompt="a ball rolls by", **given)
    assert content_type == "video/mp4"
    assert 0 < data.find(b"moov") < data.find(b"mdat")  # plays before it is loaded whole
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        frames = [frame.to_image() for frame in container.decode(stream)]  # type: ignore[no-untyped-call]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert container.duration is not None
        assert abs(container.duration / 1_000_000 - seconds) < 0.2
    assert frames[0].size == size
    assert frames[0].tobytes() != frames[-1].tobytes()


def test_vision_tells_what_it_saw(fal: Fal, green: str) -> None:
    given: dict[str, Any] = {
        "model": "google/gemini-2.5-flash",
        "prompt": "a leaf",
        "image_urls": [green],
        "temperature": 0,
    }
    text = fal.ended(fal.submit("openrouter/router/vision", **given).json()).json()["output"]
    assert "portrait frame of 300 by 400 pixels" in text


def test_flux_and_qwen_formats(kie: Kie, fal: Fal, provider: SandboxProcess) -> None:
    body = {"prompt": "a hat", "outputFormat": "png", "aspectRatio": "21:9"}
    task_id = kie.http.post("/api/v1/flux/kontext/generate", json=body).json()["data"]["taskId"]
    url = kie.ended(task_id, "flux/kontext/record-info")["response"]["resultImageUrl"]
    assert Image.open(io.BytesIO(kie.http.get(url).content)).size == (1024, 438)
    image = fal.ended(fal.qwen("a hat", output_format="jpeg", image_size={"width": 640, "height": 320})).json()
    data = fal.http.get(image["images"][0]["url"]).content
    assert (Image.open(io.BytesIO(data)).format, Image.open(io.BytesIO(data)).size) == ("JPEG", (640, 320))
    assert len(data) == image["images"][0]["file_size"]
