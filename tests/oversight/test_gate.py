"""Before every desk: sign-in, a second factor, and the duty."""

from __future__ import annotations

from generations.models import StaffAct
from generations.staff.desk import DESKS


def test_every_desk_hangs_on_an_act_that_exists() -> None:
    acts = {name for name, _ in StaffAct._meta.permissions}
    assert {desk.permission for desk in DESKS} <= acts
