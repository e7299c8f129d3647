"""The staff's pages: nobody else gets in, whatever they are elsewhere."""

from __future__ import annotations

import pytest
from django.apps import apps

from tests.tenancy.addresses import Address
from tests.tenancy.asking import ask, taken_back
from tests.tenancy.matrix import faults_of, those
from tests.tenancy.scene import Scene
from tests.tenancy.table import ADMIN_MODELS

pytestmark = pytest.mark.django_db  # asks for the test database; see conftest.py
PAGES = those("staff")


@pytest.mark.parametrize("address", PAGES, ids=[address.name + address.route[-8:] for address in PAGES])
def test_every_caller(scene: Scene, address: Address) -> None:
    names = ("anonymous", "owner", "mallory", "stan", "root", "a key on a page")
    assert list(faults_of(address, scene, [scene.browsers[name] for name in names])) == []


@pytest.mark.parametrize("model", [name for name, may in ADMIN_MODELS.items() if may == "read"])
def test_what_is_to_look_at_is_not_changed(scene: Scene, model: str) -> None:
    """Not even by staff of all rights: what they do is done by verbs that stand in the audit log."""
    root = scene.browsers["root"]
    row = apps.get_model(*model.split("/"))._default_manager.first()
    assert row is not None
    with taken_back():
        assert ask(root, "GET", f"/admin/{model}/{row.pk}/change/").status == 200
        for path in ("add/", f"{row.pk}/delete/", f"{row.pk}/change/"):
            assert ask(root, "POST", f"/admin/{model}/{path}", data={"_save": "1", "name": "x"}).status == 403, path
