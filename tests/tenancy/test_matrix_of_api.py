"""Every call of the API, every method, every key (faults.md rows 65, 67, 69)."""

from __future__ import annotations

import pytest

from tests.tenancy.addresses import Address, addresses
from tests.tenancy.matrix import faults_of, is_api
from tests.tenancy.scene import Scene

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
CALLS = [address for address in addresses() if is_api(address)]


@pytest.mark.parametrize("address", CALLS, ids=[address.route for address in CALLS])
def test_every_caller(scene: Scene, address: Address) -> None:
    assert list(faults_of(address, scene, list(scene.programs.values()))) == []
