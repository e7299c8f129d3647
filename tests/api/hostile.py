"""The rows of hostile inputs: what is sent, and the exact answer to it (issue 5, proof)."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass, field
from typing import Any

from tests.api.conftest import ASK

JSON, FORM = "application/json", "multipart/form-data; boundary=b"


@dataclass(frozen=True)
class Row:
    """One request and its answer: `{own}` and the like in the path are filled in from the scene."""

    name: str
    status: int
    code: str
    path: str = "/generations"
    method: str = "GET"
    body: bytes = b""
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)  # of the environment, as a server gives it
    key: bool = True


def ask(**fields: Any) -> bytes:
    return json.dumps({**ASK, **fields}).encode()


def asking(**fields: Any) -> bytes:
    return json.dumps({"model": "veo-3.1-fast", "input": {"prompt": "x", **fields}}).encode()


def prompt(text: bytes) -> bytes:
    return b'{"model": "flux-kontext-pro", "input": {"prompt": %s}}' % text


def part(
    content: bytes, *, name: str = "file", file: str | None = 'filename="a.png"', kind: str = "image/png"
) -> bytes:
    given = f"; {file}" if file else ""
    head = f'--b\r\nContent-Disposition: form-data; name="{name}"{given}\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + content + b"\r\n"


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--b--\r\n"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, data: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


BOMB = png(60_000, 60_000, b"\0" * 10_000)
BAD, SYNTAX, WRONG = (400, "malformed_request"), (400, "malformed_json"), (422, "invalid")

BODIES: list[tuple[str, int, str, bytes]] = [
    ("nothing", *WRONG, b""),
    ("a blank", *SYNTAX, b" "),
    ("half an object", *SYNTAX, b'{"model": "flux-kontext-pro", "input": {"prompt": "a"'),
    ("trailing garbage", *SYNTAX, ask() + b"x"),
    ("two objects", *SYNTAX, ask() + ask()),
    ("a trailing comma", *SYNTAX, b'{"model": "flux-kontext-pro",}'),
    ("a comment", *SYNTAX, b'/* */ {"model": "x"}'),
    ("single quotes", *SYNTAX, b"{'model': 'x'}"),
    ("a form as JSON", *SYNTAX, b"model=x&input=y"),
    ("a byte order mark", *SYNTAX, b"\xef\xbb\xbf" + ask()),
    ("UTF-16", *SYNTAX, ask().decode().encode("utf-16")),
    ("UTF-32", *SYNTAX, ask().decode().encode("utf-32-le")),
    ("latin-1", *SYNTAX, prompt('"ä"'.encode("latin-1"))),
    ("overlong UTF-8", *SYNTAX, prompt(b'"\xc0\xaf"')),
    ("a surrogate in UTF-8", *SYNTAX, prompt(b'"\xed\xa0\x80"')),
    ("a lone high surrogate", *SYNTAX, prompt(b'"\\ud83d"')),
    ("a lone low surrogate", *SYNTAX, prompt(b'"\\udca9"')),
    ("surrogates turned around", *SYNTAX, prompt(b'"\\udca9\\ud83d"')),
    ("a surrogate in a name", *SYNTAX, b'{"\\ud83d": 1}'),
    ("NUL escaped", *SYNTAX, prompt(b'"a\\u0000b"')),
    ("NUL raw", *SYNTAX, prompt(b'"a\x00b"')),
    ("NUL in a name", *SYNTAX, b'{"a\\u0000": 1}'),
    ("a raw control character", *SYNTAX, prompt(b'"a\x1fb"')),
    ("a raw line break", *SYNTAX, prompt(b'"a\nb"')),
    ("NaN", *SYNTAX, prompt(b"NaN")),
    ("Infinity", *SYNTAX, prompt(b"Infinity")),
    ("-Infinity", *SYNTAX, prompt(b"-Infinity")),
    ("1e999", *SYNTAX, prompt(b"1e999")),
    ("-1e999", *SYNTAX, prompt(b"-1e999")),
    ("5,000 digits", *SYNTAX, prompt(b"9" * 5_000)),
    ("5,000 digits after the point", *WRONG, prompt(b"0." + b"9" * 5_000)),
    ("2 to the 63", *SYNTAX, prompt(b"9223372036854775808")),
    ("a leading zero", *SYNTAX, prompt(b"007")),
    ("a plus", *SYNTAX, prompt(b"+1")),
    ("a hex number", *SYNTAX, prompt(b"0x10")),
    ("the same name twice", *SYNTAX, b'{"model": "veo-3.1-fast", "model": "flux-kontext-pro", "input": {}}'),
    ("the same name twice, escaped", *SYNTAX, b'{"model": "x", "mod\\u0065l": "y", "input": {}}'),
    ("the same name twice below", *SYNTAX, b'{"model": "x", "input": {"prompt": "a", "prompt": "b"}}'),
    ("100,000 arrays", *SYNTAX, b"[" * 100_000),
    ("100,000 arrays, closed", *SYNTAX, b"[" * 100_000 + b"]" * 100_000),
    ("21 objects deep", *SYNTAX, b'{"a":' * 21 + b"1" + b"}" * 21),
    ("too long a body", 413, "too_large", prompt(b'"' + b"x" * 262_144 + b'"')),
    ("too many blanks", 413, "too_large", b" " * 262_145),
    ("null", *WRONG, b"null"),
    ("an array", *WRONG, b"[" + ask() + b"]"),
    ("a text", *WRONG, b'"text"'),
    ("a number", *WRONG, b"0"),
    ("true", *WRONG, b"true"),
    ("an empty object", *WRONG, b"{}"),
    ("no input", *WRONG, b'{"model": "flux-kontext-pro"}'),
    ("a model that is none", *WRONG, ask(model="nope")),
    ("a model in upper case", *WRONG, ask(model="FLUX-KONTEXT-PRO")),
    ("a model of a path", *WRONG, ask(model="../flux-kontext-pro")),
    ("a model of 10,000 characters", *WRONG, ask(model="x" * 10_000)),
    ("a model as a number", *WRONG, ask(model=1)),
    ("a model as an array", *WRONG, ask(model=["flux-kontext-pro"])),
    ("a model as null", *WRONG, ask(model=None)),
    ("an input as an array", *WRONG, ask(input=[{"prompt": "x"}])),
    ("an input as a text", *WRONG, ask(input="prompt")),
    ("an input as null", *WRONG, ask(input=None)),
    ("a prompt as an object", *WRONG, prompt(b'{"$gt": ""}')),
    ("a prompt as an array", *WRONG, prompt(b'["a"]')),
    ("a prompt as a number", *WRONG, prompt(b"1")),
    ("a prompt as a truth", *WRONG, prompt(b"true")),
    ("an empty prompt", *WRONG, prompt(b'""')),
    ("a prompt of 5,001 characters", *WRONG, prompt(b'"' + b"x" * 5_001 + b'"')),
    ("an unknown input", *WRONG, asking(constructor="x")),
    ("__proto__ as input", *WRONG, asking(__proto__={"price": 0})),
    ("a choice that is none", *WRONG, asking(aspect_ratio="1:0")),
    ("a choice in Arabic digits", *WRONG, asking(aspect_ratio="١٦:٩")),
    ("a choice turned around", *WRONG, asking(aspect_ratio="\u202e9:61")),
    ("a seed as a text", *WRONG, asking(seed="7")),
    ("metadata as an array", *WRONG, ask(metadata=[])),
    ("metadata with a number", *WRONG, ask(metadata={"a": 1})),
    ("metadata below metadata", *WRONG, ask(metadata={"a": {"b": "c"}})),
    ("metadata with a name of 41", *WRONG, ask(metadata={"a" * 41: "x"})),
    ("metadata with a right-to-left name", *WRONG, ask(metadata={"a\u202eb": "x"})),
    ("metadata with 21 names", *WRONG, ask(metadata={f"k{n}": "x" for n in range(21)})),
    ("metadata with 501 emoji", *WRONG, ask(metadata={"a": "\U0001f600" * 501})),
    ("a price as a number", *WRONG, ask(max_price={"usd": 1})),
    ("a price below nothing", *WRONG, ask(max_price={"usd": "-1"})),
    ("a price with an exponent", *WRONG, ask(max_price={"usd": "1e3"})),
    ("a price in Arabic digits", *WRONG, ask(max_price={"usd": "١"})),
    ("a price of 5,000 digits", *WRONG, ask(max_price={"usd": "9" * 5_000})),
    ("a price of seven places", *WRONG, ask(max_price={"usd": "0.0000001"})),
    ("a price in two that differ", *WRONG, ask(max_price={"usd": "1", "credits": "1"})),
    ("a price in euros", *WRONG, ask(max_price={"eur": "1"})),
    ("a price that is too low", 409, "max_price_exceeded", ask(max_price={"usd": "0.000001"})),
    ("a webhook to a file", *WRONG, ask(webhook_url="file:///etc/passwd")),
    ("a webhook into a private network", *WRONG, ask(webhook_url="https://10.0.0.1/")),
    ("a webhook to a decimal address", *WRONG, ask(webhook_url="https://2130706433/")),
    ("a webhook with a user", *WRONG, ask(webhook_url="https://a:b@example.com/")),
    ("a webhook of 3,000 characters", *WRONG, ask(webhook_url="https://example.com/" + "x" * 3_000)),
    ("a quote as null", *WRONG, ask(quote=None)),
    ("a quote that is none", *WRONG, ask(quote="qt_" + "0" * 32)),
    ("a quote with SQL", *WRONG, ask(quote="' OR 1=1 --")),
]
MASS = [
    "team",
    "team_id",
    "credits",
    "price",
    "hold_amount",
    "charged",
    "state",
    "status",
    "is_staff",
    "id",
    "created_at",
]
QUERIES: list[tuple[str, int, str, str]] = [
    ("an unknown parameter", *WRONG, "/generations?debug=1"),
    ("a repeated parameter", *WRONG, "/generations?limit=1&limit=2"),
    ("an ordering", *WRONG, "/generations?ordering=-team__name"),
    ("a lookup", *WRONG, "/generations?team__name__startswith=E"),
    ("a lookup on a known name", *WRONG, "/generations?status__in=queued"),
    ("another team", *WRONG, "/generations?team=2"),
    ("SQL as a status", *WRONG, "/generations?status=queued'%20OR%201=1--"),
    ("an unknown status", *WRONG, "/generations?status=won"),
    ("an unknown model", *WRONG, "/generations?model=%27%3B+DROP+TABLE+x"),
    ("NUL as a value", *WRONG, "/generations?status=%00"),
    ("NUL as a name", *WRONG, "/generations?%00=1"),
    ("a value of 20,000 characters", *WRONG, "/generations?status=" + "x" * 20_000),
    ("a name of 20,000 characters", *WRONG, "/generations?" + "x" * 20_000 + "=1"),
    ("300 parameters", *BAD, "/generations?" + "&".join(f"a{n}=1" for n in range(300))),
    ("broken percents", *WRONG, "/generations?status=%zz%"),
    ("bytes that are no text", *WRONG, "/generations?status=%ff%fe"),
    ("a surrogate in percents", *WRONG, "/generations?status=%ed%a0%80"),
    ("an array in brackets", *WRONG, "/generations?status[]=queued"),
    ("limit 0", *WRONG, "/generations?limit=0"),
    ("limit -1", *WRONG, "/generations?limit=-1"),
    ("limit 101", *WRONG, "/generations?limit=101"),
    ("limit 1e1", *WRONG, "/generations?limit=1e1"),
    ("limit in Arabic digits", *WRONG, "/generations?limit=%D9%A1"),
    ("limit of 5,000 digits", *WRONG, "/generations?limit=" + "9" * 5_000),
    ("an empty limit", *WRONG, "/generations?limit="),
    ("an offset", *WRONG, "/generations?offset=10"),
    ("an empty cursor", *WRONG, "/generations?cursor="),
    ("a forged cursor", *WRONG, "/generations?cursor=WyJvbGRlciIsIjEiXQ:x"),
    ("a cursor with a letter changed", *WRONG, "/generations?cursor={cursor}x"),
    ("a cursor with NUL", *WRONG, "/generations?cursor={cursor}%00"),
    ("a cursor of bytes", *WRONG, "/generations?cursor=%ff%00%ff"),
    ("a cursor that is not ASCII", *WRONG, "/generations?cursor=%C3%A4:%C3%A4"),
    ("a cursor of another team", *WRONG, "/generations?cursor={foreign_cursor}"),
    ("a cursor of another list", *WRONG, "/generations?cursor={entries_cursor}"),
    ("a cursor of another list, the other way", *WRONG, "/wallet/entries?cursor={cursor}"),
    ("a cursor on a public list", *WRONG, "/models?cursor={cursor}"),
    ("a time that is none", *WRONG, "/wallet/entries?created_after=yesterday"),
    ("a time in the year 99999", *WRONG, "/wallet/entries?created_after=99999-01-01T00:00:00Z"),
    ("a day that is none", *WRONG, "/wallet/statement?from=2026-02-30"),
    ("a period turned around", *WRONG, "/wallet/statement?from=2026-02-02&to=2026-01-01"),
    ("a moment with NUL", *WRONG, "/wallet/balance?at=%00"),
    ("a grouping that is none", *WRONG, "/spend?by=password"),
    ("a parameter of a POST", *WRONG, "/models/veo-3.1-fast?cursor=x"),
]
ABSENT = (404, "not_found")
PATHS: list[tuple[str, int, str, str]] = [
    ("another team's", *ABSENT, "/generations/{foreign}"),
    ("another team's receipt", *ABSENT, "/generations/{foreign}/receipt"),
    ("another team's events", *ABSENT, "/generations/{foreign}/events"),
    ("an id of another kind", *ABSENT, "/generations/{foreign_quote}"),
    ("an id without its prefix", *ABSENT, "/generations/" + "0" * 32),
    ("an id with another prefix", *ABSENT, "/generations/key_" + "0" * 32),
    ("an id in upper case", *ABSENT, "/generations/{OWN}"),
    ("an id with dashes", *ABSENT, "/generations/gen_00000000-0000-0000-0000-000000000000"),
    ("an id and a blank", *ABSENT, "/generations/{own}%20"),
    ("an id and a line break", *ABSENT, "/generations/{own}%0a"),
    ("an id and NUL", *ABSENT, "/generations/{own}%00"),
    ("an id in Arabic digits", *ABSENT, "/generations/gen_" + "%D9%A1" * 32),
    ("an id of 10,000 characters", *ABSENT, "/generations/gen_" + "0" * 10_000),
    ("a number", *ABSENT, "/generations/1"),
    ("SQL", *ABSENT, "/generations/'%20OR%201=1--"),
    ("bytes that are no text", *ABSENT, "/generations/%ff%fe"),
    ("a trailing slash", *ABSENT, "/generations/"),
    ("two slashes", *ABSENT, "//generations"),
    ("a slash too many", *ABSENT, "/generations//{own}"),
    ("upwards", *ABSENT, "/generations/../wallet"),
    ("upwards in percents", *ABSENT, "/generations/%2e%2e%2fwallet"),
    ("out of the API", *ABSENT, "/../../etc/passwd"),
    ("a backslash", *ABSENT, "/generations\\{own}"),
    ("a file's ending", *ABSENT, "/generations.json"),
    ("upper case", *ABSENT, "/Generations"),
    ("a semicolon", *ABSENT, "/generations;a=b"),
    ("a model of two dots", *ABSENT, "/models/.."),
    ("a model with NUL", *ABSENT, "/models/veo-3.1-fast%00"),
    ("nothing", *ABSENT, "/"),
]
REFUSED = (401, "unauthenticated")
AUTHORIZATION = [
    "Bearer", "Bearer ", "Bearer  ", "Bearer\t", "bearer x", "BEARER x", "Basic YTpi", "Basic", "Digest username=x",
    "Token x",
    "x", " ", "Bearer null", "Bearer undefined", "Bearer fh_live_", "Bearer fh_test_" + "a" * 45,
    "Bearer fh_live_" + "a" * 45, "Bearer fh_live_" + "a" * 50_000, "Bearer fh_live_\u0661\u0662_x", "Bearer \x01\x02",
    "Bearer a b", "Bearer ' OR 1=1 --", "Bearer %00", "Bearer \x00", "Bearer,Bearer", "Key x", "Bearer 🔑",
]  # fmt: skip
POST = {"path": "/generations", "method": "POST"}
CHEAP = ask(max_price={"usd": "0.000001"})  # refused at the end of all checks: what stands before it passed
TOO_LOW = (409, "max_price_exceeded")
HEADERS: list[Row] = [
    *(
        Row(f"an idempotency key {name}", 422, "bad_idempotency_key", body=ask(), headers={"Idempotency-Key": value},
            **POST)
        for name, value in (
            ("empty", ""), ("of 256", "k" * 256), ("with NUL", "a\x00b"), ("with a control", "a\x1fb"),
            ("with a line break", "a\nb"), ("with DEL", "a\x7fb"), ("in unicode", "schlüssel"), ("of an emoji", "🔑"),
        )
    ),
    *(
        Row(f"a preference {value[:20]!r}", *TOO_LOW, body=CHEAP, headers={"Prefer": value}, **POST)
        for value in ("wait=-1", "wait=99999999999999", "wait=١", "wait", "wait=1e9", ",;,;", "\x00", "wait=" * 5_000)
    ),
    *(
        Row(f"a request id {value[:20]!r}", *ABSENT, path="/generations/gen_0", headers={"X-Request-Id": value})
        for value in ("<script>", "a\r\nSet-Cookie: a=b", "x" * 10_000, "\x00", "ünïcode-request", "../../etc")
    ),
    *(
        Row(f"a body of {kind or 'no type'!r}", 415, "unsupported_media_type", body=ask(), kind=kind, **POST)
        for kind in (
            "", "text/plain", "application/xml", "text/json", "application/x-www-form-urlencoded",
            "multipart/form-data",
            "application/jsonp", "json", "application/json/x", "application/merge-patch+json", "\x00", "application/*",
        )
    ),
    Row("JSON in another charset", *SYNTAX, body=ask().decode().encode("utf-16"), kind=f"{JSON}; charset=utf-16",
        **POST),
    Row("a length that is too short", *SYNTAX, body=ask(), extra={"CONTENT_LENGTH": "10"}, **POST),
    Row("a length that is no number", *WRONG, body=ask(), extra={"CONTENT_LENGTH": "abc"}, **POST),
    Row("a length in Arabic digits", *SYNTAX, body=ask(), extra={"CONTENT_LENGTH": "\u0661\u0660"}, **POST),
    Row("a length below nothing", *SYNTAX, body=ask(), extra={"CONTENT_LENGTH": "-1"}, **POST),
    Row("a length of a terabyte", 413, "too_large", body=ask(), extra={"CONTENT_LENGTH": str(2**40)}, **POST),
    Row("a length of 5,000 digits", 413, "too_large", body=ask(), extra={"CONTENT_LENGTH": "9" * 5_000}, **POST),
    Row("chunks without a length", 411, "length_required", headers={"Transfer-Encoding": "chunked"},
        extra={"CONTENT_LENGTH": ""}, body=ask(), **POST),
    Row("an expectation of nothing known", *TOO_LOW, body=CHEAP, headers={"Expect": "the-impossible"}, **POST),
    Row("another method in a header", 405, "method_not_allowed", "/wallet", "POST",
        headers={"X-HTTP-Method-Override": "GET"}),
    Row("a method that is none", 405, "method_not_allowed", "/wallet", "BREW"),
    Row("a method of 1,000 letters", 405, "method_not_allowed", "/wallet", "A" * 1_000),
    Row("TRACE", 405, "method_not_allowed", "/wallet", "TRACE"),
    Row("a host that is not ours", 400, "bad_request", "/wallet", headers={"Host": "evil.example"}),
    Row("a host with a user", 400, "bad_request", "/wallet", headers={"Host": "a@testserver"}),
]  # fmt: skip
IMAGE = png(8, 8, b"\0" * 200)
NESTED = form(part(IMAGE)).replace(b"--b", b"--c")
UPLOADS: list[tuple[str, int, str, bytes, str]] = [
    ("no part", *WRONG, form(), FORM),
    ("nothing at all", *WRONG, b"", FORM),
    ("no file name", *WRONG, form(part(IMAGE, file=None)), FORM),
    ("two files", *WRONG, form(part(IMAGE), part(IMAGE)), FORM),
    ("another name", *WRONG, form(part(IMAGE, name="image")), FORM),
    ("a field beside", *WRONG, form(part(IMAGE), part(b"7", name="team", file=None)), FORM),
    ("a name with NUL", *WRONG, form(part(IMAGE, name="fi\x00le")), FORM),
    ("parts within a part", *WRONG, form(part(NESTED, kind="multipart/mixed; boundary=c")), FORM),
    ("another boundary", *WRONG, form(part(IMAGE)), "multipart/form-data; boundary=other"),
    ("no boundary", *BAD, form(part(IMAGE)), "multipart/form-data"),
    ("a boundary of 300", *BAD, form(part(IMAGE)), "multipart/form-data; boundary=" + "b" * 300),
    ("an end that is missing", *WRONG, part(IMAGE[:60]), FORM),
    ("0 bytes", *WRONG, form(part(b"")), FORM),
    ("0 bytes with a path as name", *WRONG, form(part(b"", file='filename="../../etc/passwd"')), FORM),
    ("a name with NUL and no image", *WRONG, form(part(b"x", file='filename="a\x00.png"')), FORM),
    ("a name of 10,000 and no image", *BAD, form(part(b"x", file=f'filename="{"a" * 9_000}.png"')), FORM),
    ("SVG", *WRONG, form(part(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>")), FORM),
    ("HTML", *WRONG, form(part(b"<!doctype html><script>alert(1)</script>")), FORM),
    ("HTML that begins as GIF", *WRONG, form(part(b"GIF89a/*<script>alert(1)</script>*/=0")), FORM),
    ("HTML that begins as JPEG", *WRONG, form(part(b"\xff\xd8\xff\xe0<script>alert(1)</script>")), FORM),
    ("a head of PNG alone", *WRONG, form(part(b"\x89PNG\r\n\x1a\n")), FORM),
    ("a picture of 3,600 megapixels", *WRONG, form(part(BOMB)), FORM),
    ("a picture of 0 by 0", *WRONG, form(part(png(0, 0, b""))), FORM),
    ("a PDF", *WRONG, form(part(b"%PDF-1.7 ")), FORM),
    ("a ZIP", *WRONG, form(part(b"PK\x03\x04" + b"\0" * 40)), FORM),
    ("a file in base64", *BAD, b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n"
     b"Content-Transfer-Encoding: base64\r\n\r\n!!!!!\r\n--b--\r\n", FORM),
    ("JSON", 415, "unsupported_media_type", ask(), JSON),
    ("the picture itself", 415, "unsupported_media_type", IMAGE, "image/png"),
]  # fmt: skip

NEW_CALLS = [
    ("POST", "/quotes/batch", {"requests": [ASK]}),
    ("POST", "/generations/batch", {"requests": [ASK]}),
    ("POST", "/prompt-expansions", {"prompt": "a"}),
    ("POST", "/webhook-endpoints", {"url": "https://example.com/"}),
    ("POST", "/webhook-secret/rotate", {}),
]

ROWS = [
    *(Row(f"body: {name}", status, code, body=body, **POST) for name, status, code, body in BODIES),
    *(Row(f"quote: {name}", status, code, "/quotes", "POST", body) for name, status, code, body in BODIES[:40]),
    *(Row(f"extra field: {name}", *WRONG, body=ask(**{name: 1}), **POST) for name in MASS),
    *(Row(f"extra field of a quote: {name}", *WRONG, "/quotes", "POST", ask(**{name: 1})) for name in MASS),
    *(Row(f"unknown field: {method} {path}", *WRONG, path, method, json.dumps({**body, "team": 1}).encode())
      for method, path, body in NEW_CALLS),
    Row("unknown field: of an item", *WRONG, body=json.dumps({"requests": [{**ASK, "price": 1}]}).encode(),
        path="/generations/batch", method="POST"),
    Row("unknown field: of a grid", *WRONG, body=b'{"grid": {"models": ["x"], "prompts": ["a"], "prices": [1]}}',
        path="/generations/batch", method="POST"),
    Row("another team's quote", *WRONG, body=b'{"model": "flux-kontext-pro", "input": {"prompt": "a lighthouse"}, '
        b'"quote": "{foreign_quote}"}', **POST),
    Row("cancel: another team's", *ABSENT, "/generations/{foreign}/cancel", "POST"),
    Row("cancel: fields", *WRONG, "/generations/{own}/cancel", "POST", b'{"force": true}'),
    Row("cancel: not JSON", *SYNTAX, "/generations/{own}/cancel", "POST", b"{"),
    *(Row(f"query: {name}", status, code, path) for name, status, code, path in QUERIES),
    *(Row(f"path: {name}", status, code, path) for name, status, code, path in PATHS),
    *(
        Row(f"authorization: {value[:30]!r} of {len(value)}", *REFUSED, "/key", headers={"Authorization": value},
            key=False)
        for value in AUTHORIZATION
    ),
    *HEADERS,
    *(Row(f"upload: {row[0]}", row[1], row[2], "/uploads", "POST", row[3], row[4]) for row in UPLOADS),
]  # fmt: skip
