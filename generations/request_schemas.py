"""The bodies of the calls that make something, one variant for each model (design section 6): `model` says which input
schema holds. From the catalogue and the classes that read the bodies; no database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generations import catalog
from generations.catalog.base import Entry
from generations.requests import GenerationBody, QuoteBody
from project.openapi_components import REF, Schema, Written, schemas_of


def input_name(entry: Entry) -> str:
    """The component of a model's input: `Veo31FastInput`."""
    return f"{_camel(entry.slug)}Input"


def by_model(name: str, common: type[QuoteBody], *, entries: Mapping[str, Entry] | None = None) -> Written:
    """The body `name`: one of the models, each with its input and with the other fields of `common`."""

    def build() -> dict[str, Schema]:
        chosen = catalog.ENTRIES if entries is None else entries
        found: dict[str, Schema] = {}
        described = schemas_of(common)
        shape = described.pop(common.__name__)
        found |= described
        others = {}
        for field, part in shape["properties"].items():
            if field not in ("model", "input"):  # one component for all models
                named = f"{_camel(field.replace('_', '-'))}Field"
                found[named], others[field] = part, {"$ref": REF + named}
        mapping = {}
        for entry in chosen.values():
            variant = f"{_camel(entry.slug)}{name.removesuffix('Request')}"
            mapping[entry.slug] = REF + variant
            found[input_name(entry)] = input_schema(entry)
            found[variant] = {
                "title": entry.name,
                "type": "object",
                "properties": {
                    "model": {"const": entry.slug, "type": "string"},
                    "input": {"$ref": REF + input_name(entry)},
                    **others,
                },
                "required": ["model", "input"],
                "additionalProperties": False,
            }
        found[name] = {
            "oneOf": [{"$ref": ref} for ref in mapping.values()],
            "discriminator": {"propertyName": "model", "mapping": mapping},
        }
        return found

    return Written(name, build)


def input_schema(entry: Entry) -> Schema:
    """A model's input at launch prices, which name the language models; the dialect is the document's."""
    schema = entry.json_schema()
    del schema["$schema"]
    return schema


SIMPLEST: dict[str, Any] = {"model": "veo-3.1-fast", "input": {"prompt": "A lighthouse in a storm"}}


def example(entry: Entry) -> dict[str, Any]:
    """A right body for a model."""
    return {"model": entry.slug, "input": dict(entry.example)}


def examples() -> dict[str, Any]:
    """The simplest, and one for each model, by slug."""
    return {"simplest": SIMPLEST, **{entry.slug: example(entry) for entry in catalog.ENTRIES.values()}}


def _camel(slug: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in slug.replace(".", "").split("-"))


QuoteRequest = by_model("QuoteRequest", QuoteBody)
GenerationRequest = by_model("GenerationRequest", GenerationBody)
