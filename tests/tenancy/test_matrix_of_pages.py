"""Every address that is no API call, every method, every browser (faults.md row 65)."""

from __future__ import annotations

import pytest

from tests.tenancy.addresses import Address
from tests.tenancy.matrix import faults_of, those
from tests.tenancy.scene import Scene

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
PAGES = those("public", "person", "team")


@pytest.mark.parametrize("address", PAGES, ids=[address.route or "/" for address in PAGES])
def test_every_caller(scene: Scene, address: Address) -> None:
    assert list(faults_of(address, scene, list(scene.browsers.values()))) == []
