"""Every address that is no API call, every method, every browser (faults.md row 65)."""

from __future__ import annotations

import pytest

from tests.tenancy.addresses import Address
from tests.tenancy.matrix import faults_of, ruled, those
from tests.tenancy.scene import Scene

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
WITHOUT_ROLES = ["anonymous", "owner", "viewer", "mallory", "root", "a key on a page"]  # where no role decides
PAGES = those("public", "person", "team")


@pytest.mark.parametrize("address", PAGES, ids=[address.route or "/" for address in PAGES])
def test_every_caller(scene: Scene, address: Address) -> None:
    names = [name for name in scene.browsers if name != "root"] if ruled(address).kind == "team" else WITHOUT_ROLES
    assert list(faults_of(address, scene, [scene.browsers[name] for name in names])) == []
