"""The published JSON Schema and the check agree, on a table and on whatever Hypothesis thinks of.

Both read JSON with exact decimals, as JSON Schema means its numbers. Two differences are meant, and shown at the
end: the check forgives 0.1 + 0.2, and refuses what JSON text cannot hold (lone surrogates).
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generations import catalog
from generations.catalog import ENTRIES, Entry, InputError
from tests.catalog.cases import IMAGE, LEAST, UPLOAD
from tests.catalog.golden import PRICES, RULES

CONTROLS = {"textarea", "segmented", "slider", "switch", "images", "image", "number"}


def exact(value: Any) -> Any:
    return json.loads(json.dumps(value), parse_float=Decimal)


VALIDATORS = {slug: Draft202012Validator(exact(entry.json_schema())) for slug, entry in ENTRIES.items()}


def agree(slug: str, data: Any) -> bool:
    """Whether schema and check say the same; the answer is what they say."""
    try:
        catalog.get(slug).validate(data)
        passes = True
    except InputError:
        passes = False
    by_schema = VALIDATORS[slug].is_valid(exact(data))
    assert by_schema == passes, (data, [error.message for error in VALIDATORS[slug].iter_errors(exact(data))])
    return passes


NASTY: list[Any] = [
    None, True, False, 0, 1, -1, 5, 2**31, 10**25, 0.5, 5.0, "", " ", "5", "10", "x", "\n", "a\x00b", [], {}, [""],
    [IMAGE], [IMAGE, 5], [[IMAGE]], {"a": 1}, IMAGE, UPLOAD, IMAGE + "\n", "upl_", "https://", "a" * 2048, "1:1", "png",
]  # fmt: skip


def _edges(field: dict[str, Any]) -> list[Any]:
    """Values at and beside each limit of a field, read from its schema."""
    edges: list[Any] = list(field.get("enum", []))
    if "maximum" in field:
        edges += [field[end] + step for end in ("minimum", "maximum") for step in (-1, 0, 1)]
    if field["type"] == "number":
        edges += [tenth / 10 for tenth in range(-1, 12)] + [0.15, 0.999]
    if field["type"] == "array":
        edges += [[IMAGE] * number for number in (0, 1, 2, 3, field["maxItems"], field["maxItems"] + 1)]
        edges += [[UPLOAD, IMAGE], [IMAGE, ""], [IMAGE, "no"]]
    if field["type"] == "string" and "maxLength" in field:
        edges += ["a" * field["maxLength"], "é" * (field["maxLength"] + 1), "\N{ROCKET}" * field["maxLength"]]
        edges += ["https://e/" + "a" * (field["maxLength"] - 10), "https://e/" + "a" * (field["maxLength"] - 9)]
    return edges


@pytest.mark.parametrize("slug", LEAST)
def test_they_agree_on_every_edge_of_every_field(slug: str) -> None:
    seen = {True: 0, False: 0}
    fields = ENTRIES[slug].json_schema()["properties"]
    for name, field in fields.items():
        for value in [*_edges(field), *NASTY]:
            seen[agree(slug, {**LEAST[slug], name: value})] += 1
        seen[agree(slug, {key: value for key, value in LEAST[slug].items() if key != name})] += 1
    assert min(seen.values()) > len(fields)


@pytest.mark.parametrize("slug", LEAST)
def test_they_agree_on_what_is_no_input(slug: str) -> None:
    nothing: list[Any] = [None, [], "x", 1, True, {}, {**LEAST[slug], "extra": 1}, {**LEAST[slug], "": 1}]
    for data in nothing:
        assert not agree(slug, data)


@pytest.mark.parametrize(("slug", "extra"), [(row[0], row[1]) for row in PRICES])
def test_they_agree_on_every_price_variant(slug: str, extra: dict[str, Any]) -> None:
    assert agree(slug, {**LEAST[slug], **extra})


@pytest.mark.parametrize(("slug", "extra", "field"), [row[:3] for row in RULES])
def test_they_agree_on_every_rule_across_fields(slug: str, extra: dict[str, Any], field: str) -> None:
    assert agree(slug, {**LEAST[slug], **extra}) == (not field)


# Thousandths and huge ones: nothing lies within the billionth that the check forgives beside a tenth.
FLOATS = st.integers(-3000, 3000).map(lambda number: number / 1000) | st.floats(10, 1e300) | st.floats(-1e300, -10)


def _inputs(slug: str) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs that are mostly near the truth: each field left out, at an edge, nasty or free."""
    free = st.one_of(
        st.text(max_size=40), st.integers(), FLOATS, st.booleans(), st.lists(st.text(max_size=20), max_size=3)
    )
    fields = {}
    for name, field in ENTRIES[slug].json_schema()["properties"].items():
        edges = _edges(field)
        near = st.sampled_from(edges) if edges else st.booleans() if field["type"] == "boolean" else st.integers()
        good = st.just(LEAST[slug][name]) if name in LEAST[slug] else near
        fields[name] = st.one_of(good, good, good, near, st.sampled_from(NASTY), free)
    return st.fixed_dictionaries({}, optional=fields)


@pytest.mark.parametrize("slug", LEAST)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_they_agree_on_anything(slug: str, data: st.DataObject) -> None:
    changes = data.draw(_inputs(slug))
    agree(slug, changes if data.draw(st.booleans()) else {**LEAST[slug], **changes})


@settings(max_examples=150, deadline=None)
@given(
    json_value=st.recursive(
        st.none() | st.booleans() | st.integers() | FLOATS | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    slug=st.sampled_from(list(LEAST)),
)
def test_any_json_is_answered_with_sentences(json_value: Any, slug: str) -> None:
    assert not agree(slug, json_value)
    for name in catalog.get(slug).Input.model_fields:
        agree(slug, {**LEAST[slug], name: json_value})


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_the_schema_is_one_and_tells_a_form_what_it_needs(entry: Entry) -> None:
    schema = entry.json_schema()
    Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    assert schema["$schema"].endswith("2020-12/schema")
    assert (schema["title"], schema["additionalProperties"]) == (entry.name, False)
    assert list(schema["properties"]) == list(entry.Input.model_fields)
    assert set(schema["required"]) <= set(LEAST[entry.slug])
    assert VALIDATORS[entry.slug].is_valid(exact(schema["examples"][0]))
    assert len(schema.get("allOf", [])) == len(entry.rules)
    for field in schema["properties"].values():
        assert field["x-control"] in CONTROLS
        assert field["title"]
        assert field["description"].endswith(".")
        if field["x-control"] in ("image", "images"):
            assert (field.get("items") or field)["x-image"] is True
        if "x-labels" in field:
            assert set(field["x-labels"]) == set(field["enum"])
        if "default" in field and field["default"] != []:
            assert Draft202012Validator(exact(field)).is_valid(exact(field["default"]))


def test_guidance_is_published_in_steps() -> None:
    field = catalog.get("kling-2.1-pro").json_schema()["properties"]["cfg_scale"]
    assert (field["minimum"], field["maximum"], field["multipleOf"], field["default"]) == (0, 1, 0.1, 0.5)


def test_a_schema_is_the_callers_to_change() -> None:
    entry = catalog.get("kling-2.1-pro")
    before = json.dumps(entry.json_schema())
    entry.json_schema()["properties"]["duration"]["enum"].append("99")
    assert json.dumps(entry.json_schema()) == before


def test_where_they_differ_on_purpose() -> None:
    slug = "kling-2.1-pro"
    near = {**LEAST[slug], "cfg_scale": 0.1 + 0.2}
    assert catalog.get(slug).validate(near)["cfg_scale"] == 0.3
    assert not VALIDATORS[slug].is_valid(exact(near))
    torn = {**LEAST[slug], "prompt": "half \ud800"}
    assert VALIDATORS[slug].is_valid(torn)
    with pytest.raises(InputError):
        catalog.get(slug).validate(torn)
