"""Whether a provider can fetch from us, by the form of SITE_URL; and which addresses of a provider's are believed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from werkzeug.formparser import parse_form_data

from project import net

PUBLIC = [
    "https://frame.example.com",
    "https://frame.example.com:8443",
    "https://8.8.8.8",
    "https://FRAME.example.com.",
]
PUBLIC += ["https://[2606:4700:4700::1111]", "https://bücher.example.org"]
HIDDEN = [
    "http://frame.example.com",
    "http://localhost:8000",
    "https://localhost",
    "https://127.0.0.1",
    "https://[::1]",
]
HIDDEN += ["https://10.0.0.5", "https://192.168.1.4:8000", "https://100.64.0.1", "https://[fd00::1]", "https://box"]
HIDDEN += [
    f"https://frame.{name}" for name in ("local", "internal", "lan", "localhost", "test", "example", "home.arpa")
]
HIDDEN += ["https://frame.LOCAL.", "https://169.254.1.1"]


@pytest.mark.parametrize("site", PUBLIC)
def test_a_public_site_is_known(site: str, settings: Any) -> None:
    settings.SITE_URL = site
    assert net.is_public_site()


@pytest.mark.parametrize("site", HIDDEN)
def test_a_hidden_site_is_known(site: str, settings: Any) -> None:
    settings.SITE_URL = site
    assert not net.is_public_site()


def test_what_is_let_through_counts_as_public(settings: Any) -> None:
    settings.SITE_URL, settings.OUTBOUND_ALLOW_HOSTS = "http://localhost:8000", ("localhost:8000",)
    assert net.is_public_site()
    settings.OUTBOUND_ALLOW_HOSTS = ("localhost:9000",)
    assert not net.is_public_site()


@pytest.mark.parametrize("url", ["https://v3b.fal.media/files/b/in.png", "https://8.8.8.8/a"])
def test_a_public_form_passes_without_a_name_server(url: str) -> None:
    net.check_form(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://v3b.fal.media/a", "https://127.0.0.1/a", "https://10.0.0.8/a", "https://[::ffff:10.0.0.1]/a", "https://box/a",
        "https://v3b.fal.media:8443/a", "https://u@v3b.fal.media/a", "https://frame.example.com/a", "", "nothing",
    ],
)  # fmt: skip
def test_another_form_does_not(url: str) -> None:
    with pytest.raises(net.Refused):
        net.check_form(url)


def test_a_form_with_a_file_is_read_back_as_it_was() -> None:
    data = b"\r\n--\x00\xff" * 3
    kind, body = net.multipart({"a": "b/c"}, name="file", filename="x.png", content_type="image/png", data=data)
    environ = {
        "CONTENT_TYPE": kind,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        "REQUEST_METHOD": "POST",
    }
    _, form, files = parse_form_data(environ)
    assert (form.to_dict(), files["file"].filename, files["file"].mimetype) == ({"a": "b/c"}, "x.png", "image/png")
    with files["file"].stream as stream:
        assert stream.read() == data
