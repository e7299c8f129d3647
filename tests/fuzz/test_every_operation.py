"""Every operation of the OpenAPI document with inputs that fit it and inputs that do not (issue 5, proof): no 5xx, no
answer that the document does not describe, nothing accepted that it forbids.

A bounded run stands in the suite; `make fuzz` runs the same for longer (FUZZ_EXAMPLES inputs an operation and kind).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounds
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from project.openapi_views import document
from tests.tenancy.asking import taken_back
from tests.tenancy.conftest import scene as scene
from tests.tenancy.scene import Scene
from tests.tenancy.table import RULES

pytestmark = pytest.mark.django_db  # asks for the test database; see tests/tenancy/conftest.py
FITTING, UNFITTING = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "6"))
DOCUMENT = document()  # with closed answers: what is served lets them grow
OPERATIONS = {
    operation["operationId"]: (path, method)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if method in ("get", "post", "put", "patch", "delete")
}


def takes_something(path: str, method: str) -> bool:
    operation = DOCUMENT["paths"][path][method]
    places = {
        DOCUMENT["components"]["parameters"][p["$ref"].split("/")[-1]]["in"] if "$ref" in p else p["in"]
        for p in operation.get("parameters", [])
    }
    return "requestBody" in operation or bool(places & {"path", "query"})


# A call that takes nothing cannot be asked wrongly.
KINDS = [(name, FITTING) for name in OPERATIONS] + [
    (name, UNFITTING) for name, (path, method) in OPERATIONS.items() if takes_something(path, method)
]
# tests/tenancy proves who gets in. Inputs that fit their shape may still be wrong: a cursor of another list, a model
# without such a field beside this one, no credit.
NOT_ASKED = [ignored_auth, positive_data_acceptance]


def wrong_in(case: schemathesis.Case, place: ParameterLocation) -> bool:
    component = case.meta.components.get(place) if case.meta else None
    return component is not None and component.mode is UNFITTING


@pytest.fixture(autouse=True)
def _generous(settings: Any) -> None:
    settings.RATE_LIMITS = {name: replace(policy, quota=1_000_000) for name, policy in settings.RATE_LIMITS.items()}


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As Django's own test client does: the end of a request does not close the test's connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def real_ids(scene: Scene) -> dict[str, list[str]]:
    """The ids of things of the team that the parts of each path may name, by path, in the order of the path."""
    found = {}
    for route, rule in RULES.items():
        if not route.startswith("api/v1/"):
            continue
        path = re.sub(r"<[^>]*>", "{}", route.removeprefix("api/v1"))
        named = re.findall(r"<(?:\w+:)?(\w+)>", route)
        found[path] = [rule.given[name] if name in rule.given else scene.home.ids[rule.ids[name]] for name in named]
    return found


@pytest.mark.parametrize(("operation_id", "mode"), KINDS, ids=[f"{name}-{mode.value}" for name, mode in KINDS])
def test_every_answer_is_described(operation_id: str, mode: GenerationMode, scene: Scene) -> None:
    path, method = OPERATIONS[operation_id]
    schema = schemathesis.openapi.from_dict(DOCUMENT)
    schema.app = get_wsgi_application()
    operation = schema[path][method]
    ids = real_ids(scene)[re.sub(r"{\w+}", "{}", path)]
    key = {"Authorization": f"Bearer {scene.programs['all scopes'].key}"}

    @given(case=operation.as_strategy(generation_mode=mode), real=st.integers(0, 3))
    @bounds(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )
    def run(case: schemathesis.Case, real: int) -> None:
        if real and not wrong_in(case, ParameterLocation.PATH):
            case.path_parameters = dict(zip(re.findall(r"{(\w+)}", path), ids, strict=True))
        case.headers.pop("Prefer", None)  # it may wait for 60 seconds
        with taken_back():
            answer = case.call(headers=key)
        case.validate_response(answer, excluded_checks=NOT_ASKED)

    run()
