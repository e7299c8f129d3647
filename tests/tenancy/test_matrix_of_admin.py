"""The staff's pages: nobody else gets in, whatever they are elsewhere."""

from __future__ import annotations

import pytest

from tests.tenancy.addresses import Address
from tests.tenancy.matrix import faults_of, those
from tests.tenancy.scene import Scene

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
PAGES = those("staff")


@pytest.mark.parametrize("address", PAGES, ids=[address.name + address.route[-8:] for address in PAGES])
def test_every_caller(scene: Scene, address: Address) -> None:
    names = ("anonymous", "owner", "mallory", "stan", "root", "a key on a page")
    assert list(faults_of(address, scene, [scene.browsers[name] for name in names])) == []
