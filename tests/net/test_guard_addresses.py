"""Faults row 61: which addresses are the public internet, and which spellings are no address at all."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project.net import Guard, Refused, Unresolvable, check_url
from project.net.addresses import is_public
from project.net.guard import parse, vet

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # how fast the machine is proves nothing
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "64:ff9b:1:ffff::808:808", "100::1", "2001::1",
    "2001:0:7f00:1::", "2001:2::1", "2001:10::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "4000::1",
]  # fmt: skip
PUBLIC = [
    "1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1",
    "198.20.0.1", "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001::8", "64:ff9b::808:808",
    "::ffff:8.8.8.8",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_it_knows_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_it_knows_what_is_public(address: str) -> None:
    assert is_public(address)


@BUSY
@given(st.ip_addresses(v=4))
def test_an_embedded_address_is_judged_as_the_address_it_is(address: object) -> None:
    number = int(address)  # type: ignore[call-overload]
    high, low = number >> 16, number & 0xFFFF
    assert is_public(f"::ffff:{high:x}:{low:x}") is is_public(str(address))
    assert is_public(f"64:ff9b::{high:x}:{low:x}") is is_public(str(address))
    assert not is_public(f"2002:{high:x}:{low:x}::1")


@BUSY
@given(st.ip_addresses(v=6))
def test_nothing_that_python_calls_private_is_public(address: object) -> None:
    if getattr(address, "is_private", False) or getattr(address, "is_multicast", False):
        assert not is_public(str(address)) or getattr(address, "ipv4_mapped", None) is not None


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_points_there_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="public internet"):
        check_url("https://files.example.com/a.png", resolve=lambda host, port: [address])


@pytest.mark.parametrize("address", PRIVATE)
def test_one_bad_answer_among_good_ones_refuses(address: str) -> None:
    with pytest.raises(Refused, match="public internet"):
        check_url("https://files.example.com/a.png", resolve=lambda host, port: ["8.8.8.8", address])


@pytest.mark.parametrize("address", PRIVATE)
def test_the_literal_itself_is_refused(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Refused, match="public internet"):
        check_url(f"https://{host}/a.png")


@pytest.mark.parametrize(
    "url",
    [
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://127.1/",
        "https://0177.0.0.1/", "https://0177.0.0.01/", "https://127.0.0.1./", "https://０x7f.1/",
        "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://1.2.3/", "https://1.2.3.4.5/",
        "https://999.1.1.1/", "https://foo.0x10/", "https://[::1%25lo]/", "https://[fe80::1%eth0]/",
        "https://[v1.x]/", "https://%31%32%37.0.0.1/",
    ],
)  # fmt: skip
def test_a_disguised_literal_is_refused_without_asking_dns(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_url(url, resolve=must_not_be_asked)
    assert not isinstance(refusal.value, Unresolvable)


@pytest.mark.parametrize(
    "url",
    [
        "", "files.example.com/a.png", "//files.example.com/a", "file:///etc/passwd",
        "gopher://files.example.com/", "ftp://files.example.com/a", "javascript:alert(1)",
        "data:image/png;base64,AAAA", "http://files.example.com/a", "https://", "https:///a",
        "https://files.example.com:22/", "https://files.example.com:80/",
        "https://files.example.com:8443/", "https://files.example.com:0/",
        "https://files.example.com:99999/", "https://files.example.com:x/",
        "https://user@files.example.com/", "https://user:pw@files.example.com/",
        "https://files.example.com@127.0.0.1/", "https://@files.example.com/",
        "https://files.example.com\\@evil.test/", "https://files.example.com/a b",
        "https://files.example.com/\r\nX: y", "https://files.example.com/\t",
        "\thttps://files.example.com/", "https://files.exa\nmple.com/", "https://files.example.com/\x00",
        "https://files.example.com/\ud800", "https://-a.example.com/", "https://a-.example.com/",
        "https://a..b.com/", "https://" + "a" * 64 + ".com/", "https://" + "a." * 130 + "com/",
        "https://localhost/", "https://intranet/", "https://files.example.com/" + "a" * 5000,
        "https://exa<mple.com/", "https://ex%61mple.com/",
    ],
)  # fmt: skip
def test_an_odd_address_is_refused_without_asking_dns(url: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_url(url, resolve=must_not_be_asked)
    assert not isinstance(refusal.value, Unresolvable)


def test_our_own_host_is_refused(settings: object) -> None:
    settings.SITE_URL = "https://Frame.Example.com"  # type: ignore[attr-defined]
    for host in ("frame.example.com", "FRAME.example.com", "frame.example.com.", "ｆrame.example.com"):
        with pytest.raises(Refused, match="this service"):
            check_url(f"https://{host}/media/x", resolve=must_not_be_asked)


def test_a_name_without_an_answer_is_told_apart() -> None:
    def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    def empty(host: str, port: int) -> list[str]:
        return []

    for resolve in (nothing, empty):
        with pytest.raises(Unresolvable):
            check_url("https://files.example.com/", resolve=resolve)


def test_a_public_name_passes_and_is_normalized() -> None:
    target = parse("https://BÜCHER.example.com.:443/a/ü?x=ü%20+/'&b=1#part")
    assert target.host == "xn--bcher-kva.example.com"
    assert target.path == b"/a/%C3%BC?x=%C3%BC%20+/'&b=1"
    assert vet(target, Guard.PUBLIC, seconds=1, resolve=lambda host, port: ["8.8.8.8"]) == ["8.8.8.8"]


@BUSY
@given(st.text(max_size=60))
def test_no_text_breaks_the_check(text: str) -> None:
    for url in (text, f"https://{text}", f"https://{text}.example.com/", f"https://files.example.com/{text}"):
        with pytest.raises(Refused) as refusal:
            check_url(url, resolve=lambda host, port: ["127.0.0.1"])
        assert refusal.value.reason


def must_not_be_asked(host: str, port: int) -> list[str]:
    raise AssertionError(f"DNS was asked for {host}")
