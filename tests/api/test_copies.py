"""GET /models and /models/{slug} have an ETag, and whoever has them already gets 304 (RFC 9110 section 13)."""

from __future__ import annotations

from typing import Any

import pytest

from generations import offers
from generations.models import Listing
from tests.api.shapes import problem

CALLS = ["/models", "/models?limit=3", "/models/veo-3.1-fast"]


def etag_of(api: Any, call: str) -> str:
    response = api("get", call)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-cache"  # a copy may be kept, and is asked for before each use
    etag: str = response["ETag"]
    assert etag.startswith('"')
    assert etag.endswith('"')
    return etag


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("known", ["{0}", "W/{0}", '"other", {0}', '{0}, "other"', 'W/"other" ,W/{0}', "*"])
def test_who_has_it_gets_304_without_a_body(world: Any, api: Any, call: str, known: str) -> None:
    etag = etag_of(api, call)
    for method in ("get", "head"):
        response = api(method, call, headers={"If-None-Match": known.format(etag)})
        assert (response.status_code, response.content) == (304, b"")
        assert (response["ETag"], response["Cache-Control"]) == (etag, "no-cache")
        assert response["RateLimit"]
        assert response["X-Request-Id"]
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize("known", ['"other"', 'W/"other"', "nonsense", "", '"', "{0}x", "**", "\x00", '"a" {0}x'])
def test_who_has_another_gets_it_whole(world: Any, api: Any, known: str) -> None:
    etag = etag_of(api, "/models")
    response = api("get", "/models", headers={"If-None-Match": known.format(etag[1:-1])})
    assert response.status_code == 200
    assert response.json()["results"]


def test_whatever_changes_changes_the_etag(world: Any, api: Any) -> None:
    seen = {etag_of(api, call) for call in CALLS}
    assert len(seen) == 3
    assert etag_of(api, "/models") in seen
    Listing.objects.filter(pk="veo-3.1-fast").update(available=False)
    seen |= {etag_of(api, call) for call in CALLS}
    offers.publish(slug="veo-3.1-fast", rates={"video": 400_000}, margin_ppm=100_000, by="test", reason="dearer")
    seen |= {etag_of(api, call) for call in CALLS}
    assert len(seen) == 7  # the first three models do not hold this one


def test_a_refusal_is_never_kept(world: Any, api: Any) -> None:
    response = api("get", "/models/nope", headers={"If-None-Match": "*"})
    problem(response, 404, "not_found")
    assert response["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert api("get", "/models?x=1", headers={"If-None-Match": "*"}).status_code == 422
    assert api("get", "/models", key="nonsense", headers={"If-None-Match": "*"}).status_code == 401


def test_what_is_a_teams_is_never_kept(world: Any, api: Any) -> None:
    for call in ("/wallet", "/key", "/generations"):
        response = api("get", call, key=world.key, headers={"If-None-Match": "*"})
        assert response.status_code == 200
        assert response["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers
