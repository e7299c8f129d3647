"""Faults rows 18 and 75: hostile JSON has an answer of its own and never a traceback."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from project.strict_json import BadJson, loads_provider, loads_request

BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # how fast the machine is proves nothing
DEEP = b"[" * 100_000
HOSTILE = {
    b"": "syntax",
    b"{": "syntax",
    b'{"a":1}{"b":2}': "syntax",
    b"{'a':1}": "syntax",
    b'\xef\xbb\xbf{"a":1}': "syntax",
    b'{"a":"\n"}': "syntax",
    b'{"a":"\x00"}': "syntax",
    b'{"a":"\xff"}': "not_utf8",
    '{"a":1}'.encode("utf-16"): "not_utf8",
    b'{"a":"\xed\xa0\x80"}': "not_utf8",
    DEEP: "too_deep",
    b'{"a":' * 40_000: "too_deep",
    b"[" * 21 + b"]" * 21: "too_deep",
    b"NaN": "number",
    b'{"a":NaN}': "number",
    b"[Infinity]": "number",
    b"[-Infinity]": "number",
    b"[1e999]": "number",
    b"[-1e999]": "number",
    b"9" * 5000: "number",
    b"[" + b"9" * 5000 + b"]": "number",
    b" " * 300_000: "too_large",
}
STRICT_ONLY = {
    b"9223372036854775808": "number",
    b"-9223372036854775809": "number",
    b'{"a":1,"a":2}': "duplicate_key",
    b'[{"b":{"a":1,"\\u0061":2}}]': "duplicate_key",
    b'{"a":"\\u0000"}': "forbidden_character",
    b'{"\\u0000":1}': "forbidden_character",
    b'["\\ud800"]': "forbidden_character",
    b'["\\udc00\\ud800"]': "forbidden_character",
}


@pytest.mark.parametrize(("raw", "code"), [*HOSTILE.items(), *STRICT_ONLY.items()])
def test_a_hostile_request_is_refused_with_its_code(raw: bytes, code: str) -> None:
    with pytest.raises(BadJson) as error:
        loads_request(raw)
    assert error.value.code == code
    assert error.value.status == (413 if code == "too_large" else 400)


@pytest.mark.parametrize(("raw", "code"), HOSTILE.items())
def test_a_hostile_provider_is_refused_too(raw: bytes, code: str) -> None:
    with pytest.raises(BadJson) as error:
        loads_provider(raw, max_bytes=250_000 if code == "too_large" else 2_000_000)
    assert error.value.code == code


def test_a_provider_may_have_big_seeds_and_repeat_keys() -> None:
    assert loads_provider(b'{"seed":17454220438242315174,"a":1,"a":2}') == {
        "seed": 17454220438242315174,
        "a": 2,
    }


def test_what_cannot_be_stored_is_replaced() -> None:
    assert loads_provider(b'{"a\\u0000":["\\ud800x",{"b":"\\u0000"}]}') == {"a�": ["�x", {"b": "�"}]}
    assert loads_provider('["\ud800"]') == ["�"]


def test_a_result_within_a_string_is_read_too() -> None:
    inner = json.dumps({"resultUrls": ["https://a.test/ü.png"]}, ensure_ascii=False)
    assert loads_provider(inner) == {"resultUrls": ["https://a.test/ü.png"]}
    with pytest.raises(BadJson):
        loads_provider("[" + "ü" * 60 + "]", max_bytes=100)


def test_good_json_comes_through() -> None:
    raw = b'{"a":[1,-9223372036854775808,9223372036854775807,1.5,true,null,"\\ud83d\\ude00"],"b":{}}'
    expected = {"a": [1, -(2**63), 2**63 - 1, 1.5, True, None, "😀"], "b": {}}
    assert loads_request(raw) == expected
    assert loads_provider(raw) == expected
    assert loads_request(b"[" * 20 + b"]" * 20) is not None


@BUSY
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    for loads in (loads_request, loads_provider):
        with contextlib.suppress(BadJson):
            storable(loads(raw))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)  # fmt: skip


@BUSY
@given(JSON)
def test_what_json_writes_is_read_back_or_refused_by_name(value: Any) -> None:
    raw = json.dumps(value).encode()
    storable(loads_provider(raw))
    if "\\u0000" in raw.decode().replace("\\\\", ""):
        with pytest.raises(BadJson, match="NUL"):
            loads_request(raw)
    else:
        assert loads_request(raw) == value


def storable(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    text.encode("utf-8")
    assert "\\u0000" not in text.replace("\\\\", "")
