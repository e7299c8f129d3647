"""Each limit of each field: at it, above it, below it; wrong types; and how the errors read."""

from __future__ import annotations

from typing import Any

import pytest

from generations import catalog
from generations.catalog import ENTRIES, InputError
from tests.catalog.cases import IMAGE as LINK
from tests.catalog.cases import LEAST, UPLOAD
from tests.catalog.limits import IMAGE, IMAGES, OPTIONS, SWITCHES, TENTHS, TEXT, UNIT, WHOLE

Key = tuple[str, str]

# what some words need beside them
NEEDS: dict[Key, dict[str, Any]] = {
    ("hailuo-2.3-pro", "10"): {"resolution": "768P"},
    ("veo-3.1-fast", "FIRST_AND_LAST_FRAMES_2_VIDEO"): {"imageUrls": [LINK]},
    ("veo-3.1-fast", "REFERENCE_2_VIDEO"): {"imageUrls": [LINK]},
}
ALL = [*TEXT, *OPTIONS, *WHOLE, *IMAGES, *SWITCHES, *IMAGE, *TENTHS, *UNIT]


def accepted(key: Key, value: Any, **extra: Any) -> Any:
    slug, field = key
    return catalog.get(slug).validate({**LEAST[slug], **extra, field: value}).get(field)


def refused(key: Key, value: Any, **extra: Any) -> tuple[str, str]:
    """The code and message of the only error, which must be about this field."""
    slug, field = key
    with pytest.raises(InputError) as error:
        catalog.get(slug).validate({**LEAST[slug], **extra, field: value})
    [fault] = error.value.errors
    assert fault.path.split(".")[0] == field
    assert field in fault.message
    assert "pydantic" not in fault.message
    assert "Input should" not in fault.message
    return fault.code, fault.message


def test_the_tables_name_every_field_of_every_model() -> None:
    fields = {(slug, name) for slug, entry in ENTRIES.items() for name in entry.Input.model_fields}
    assert set(ALL) == fields
    assert len(ALL) == len(fields)


@pytest.mark.parametrize(("key", "most"), TEXT.items())
def test_text_has_its_length_in_characters(key: Key, most: int) -> None:
    for letter in ("a", "é", "\N{ROCKET}"):
        assert accepted(key, letter * most) == letter * most
        code, message = refused(key, letter * (most + 1))
        assert code == "too_long"
        assert str(most) in message
    assert refused(key, "a\x00b")[0] == "not_allowed"
    assert refused(key, "a\ud800b")[0] == "not_allowed"


@pytest.mark.parametrize("slug", LEAST)
def test_a_prompt_holds_more_than_white_space(slug: str) -> None:
    for blank in ("", " ", "\n\t \r", "\u00a0\u3000"):
        assert refused((slug, "prompt"), blank)[0] == "too_short"


@pytest.mark.parametrize(("key", "row"), OPTIONS.items())
def test_a_choice_takes_its_words_only(key: Key, row: tuple[list[str], str]) -> None:
    slug, field = key
    words, default = row
    for word in words:
        assert accepted(key, word, **NEEDS.get((slug, word), {})) == word
    assert catalog.get(slug).validate(LEAST[slug])[field] == default
    for wrong in ("", "nonsense", f"{words[0]} ", words[0].swapcase() + "x", "\ud800"):
        code, message = refused(key, wrong)
        assert code == "not_allowed"
        if wrong != "\ud800":
            assert f"must be one of {', '.join(words)}" in message
    for wrong_type in (5, 5.0, True, ["5"], {"5": 1}, None):
        assert refused(key, wrong_type)[0] == "wrong_type"


@pytest.mark.parametrize(("key", "row"), WHOLE.items())
def test_a_whole_number_keeps_its_range(key: Key, row: tuple[int | None, int | None, int | None]) -> None:
    slug, field = key
    least, most, default = row
    assert catalog.get(slug).validate(LEAST[slug]).get(field) == default
    if least is None or most is None:
        for number in (-1, 0, 2**63 - 1):
            assert accepted(key, number) == number
    else:
        for number in (least, least + 1, most):
            assert accepted(key, number) == number
        for number in (least - 1, most + 1, 10**30, -(10**30)):
            code, message = refused(key, number)
            assert (code, f"from {least} to {most}" in message) == ("out_of_range", True)
    middle = least or 1
    for wrong_type in (str(middle), float(middle), middle + 0.5, True, None, [middle], float("nan")):
        assert refused(key, wrong_type)[0] == "wrong_type"


@pytest.mark.parametrize(("key", "row"), IMAGES.items())
def test_a_list_of_images_keeps_its_number(key: Key, row: tuple[int, int]) -> None:
    least, most = row
    for number in range(least, most + 1):
        assert accepted(key, [LINK] * number) == [LINK] * number
    assert refused(key, [LINK] * (most + 1))[0] == "too_long"
    if least:
        assert refused(key, [])[0] == "too_short"
    for wrong_type in (LINK, {"0": LINK}, None, 1, True):
        assert refused(key, wrong_type)[0] == "wrong_type"
    slug, field = key
    with pytest.raises(InputError) as error:
        catalog.get(slug).validate({**LEAST[slug], field: [LINK, 7]})
    assert [(fault.path, fault.code) for fault in error.value.errors] == [(f"{field}.1", "wrong_type")]


@pytest.mark.parametrize(("key", "default"), SWITCHES.items())
def test_a_switch_is_true_or_false(key: Key, default: bool) -> None:
    slug, field = key
    assert catalog.get(slug).validate(LEAST[slug])[field] is default
    assert [accepted(key, value) for value in (True, False)] == [True, False]
    for wrong_type in (0, 1, "true", "", None, 1.0):
        assert refused(key, wrong_type)[0] == "wrong_type"


@pytest.mark.parametrize(("key", "required"), IMAGE.items())
def test_an_image_is_an_address_or_an_upload(key: Key, required: bool) -> None:
    for good in (LINK, UPLOAD, "http://127.0.0.1:8000/x", "HTTPS://EXAMPLE.COM/ü.png?x=1#y", "https://e/" + "a" * 2038):
        assert accepted(key, good) == good
    for bad in ("a.png", "ftp://e/x", "upl_1", UPLOAD.upper(), "https://", " " + LINK, LINK + "\n", "https://e/a b"):
        code, message = refused(key, bad)
        assert (code, "https address" in message) == ("not_allowed", True)
    for bad in ("data:image/png;base64,AAAA", "javascript:alert(1)", "https://e/\x7f", "https://e/\x1f", "//e/x"):
        assert refused(key, bad)[0] == "not_allowed"
    assert refused(key, "https://e/" + "a" * 2039)[0] == "too_long"
    for wrong_type in (1, None, [LINK], {"url": LINK}, True):
        assert refused(key, wrong_type)[0] == "wrong_type"
    if required:
        assert refused(key, "")[0] == "not_allowed"
    else:
        assert accepted(key, "") is None


@pytest.mark.parametrize("key", TENTHS)
def test_guidance_goes_in_tenths(key: Key) -> None:
    slug, field = key
    assert catalog.get(slug).validate(LEAST[slug])[field] == 0.5
    for tenth in range(11):
        assert accepted(key, tenth / 10) == tenth / 10
    assert accepted(key, 0.1 + 0.2) == 0.3
    assert accepted(key, 0.7000000000000001) == 0.7
    assert str(accepted(key, -0.0)) == "0.0"
    assert [accepted(key, whole) for whole in (0, 1)] == [0.0, 1.0]
    for off in (0.15, 0.05, 0.30001, 0.999, -0.1, 1.1, 2, -1, 1e308, float("nan"), float("inf"), float("-inf")):
        assert refused(key, off)[0] == "out_of_range"
    for wrong_type in ("0.5", True, None, [0.5]):
        assert refused(key, wrong_type)[0] == "wrong_type"


@pytest.mark.parametrize("key", UNIT)
def test_temperature_goes_from_0_to_1(key: Key) -> None:
    slug, field = key
    assert catalog.get(slug).validate(LEAST[slug])[field] == 1
    for value in (0, 1, 0.0, 1.0, 0.123, 0.15):
        assert accepted(key, value) == value
    for off in (-0.01, 1.01, 2, float("nan"), float("inf")):
        assert refused(key, off)[0] == "out_of_range"
    for wrong_type in ("1", True, None):
        assert refused(key, wrong_type)[0] == "wrong_type"
