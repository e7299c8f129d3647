"""invariants.md Appendix D, Ledger: each statement that breaks the ledger is refused by the database alone."""

from __future__ import annotations

from typing import Any

from tests.invariants.refusals import Statement, each, expect_refusal
from tests.invariants.scene import DOLLAR, Scene


def _hold_above_available(scene: Scene, _: Any) -> None:
    scene.hold(amount=9 * DOLLAR)
    dear = scene.bare_hold("test_dear", amount=2 * DOLLAR)
    scene.transfer("hold", scene.account("available"), scene.account("held"), 2 * DOLLAR, hold=dear)


def _between_teams(scene: Scene, _: Any) -> None:
    hold = scene.bare_hold("test_crossing")
    scene.transfer("hold", scene.account("available"), scene.account("held", scene.other), DOLLAR, hold=hold)


STATEMENTS = [
    Statement("hold above available", "account_no_overdraft", _hold_above_available),
    Statement(
        "update of a transfer",
        "billing_transfer is append-only",
        lambda scene, _: scene.sql("update billing_transfer set amount = amount + 1"),
    ),
    Statement(
        "delete of a transfer",
        "billing_transfer is append-only",
        lambda scene, _: scene.sql("delete from billing_transfer"),
    ),
    Statement(
        "truncate of entries",
        "billing_entry is append-only",
        lambda scene, _: scene.sql("truncate billing_entry"),
    ),
    Statement(
        "balance set by hand",
        "balance moves only by transfer",
        lambda scene, _: scene.sql("update billing_account set balance = balance + 1 where team_id is not null"),
    ),
    Statement(
        "entry inserted by hand",
        "entries are written by transfers only",
        lambda scene, _: scene.sql(
            "insert into billing_entry (account_id, transfer_id, delta) select %s, max(id), 1 from billing_transfer",
            scene.account("revenue"),
        ),
    ),
    Statement(
        "account born with money",
        "accounts start at zero",
        lambda scene, team: scene.sql(
            "insert into billing_account (team_id, kind, balance, version) values (%s, 'available', 1, 0)", team
        ),
        before=lambda scene: scene.sql(
            """insert into accounts_team (uuid, name, status) values (gen_random_uuid(), 'New', 'active')
               returning id"""
        )[0][0],
    ),
    Statement(
        "transfer between teams",
        "cross-team transfer",
        _between_teams,
    ),
    Statement(
        "topup from revenue",
        "bad legs topup revenue available",
        lambda scene, _: scene.transfer(
            "topup", scene.account("revenue"), scene.account("available"), DOLLAR, payment=scene.payment()
        ),
    ),
    Statement(
        "amount 0",
        "transfer_amount",
        lambda scene, _: scene.transfer("grant", scene.account("grants"), scene.account("available"), 0),
    ),
    Statement(
        "amount -5",
        "transfer_amount",
        lambda scene, _: scene.transfer("grant", scene.account("grants"), scene.account("available"), -5),
    ),
    Statement(
        "second topup with one key",
        "billing_transfer_key",
        lambda scene, _: scene.transfer(
            "topup",
            scene.account("stripe"),
            scene.account("available"),
            DOLLAR,
            key="stripe:pi_1",
            payment=scene.payment(),
        ),
        before=lambda scene: scene.topup(key="stripe:pi_1"),
    ),
    # Beyond Appendix D.
    Statement(
        "version set by hand",
        "balance moves only by transfer",
        lambda scene, _: scene.sql("update billing_account set version = version + 1 where team_id is not null"),
    ),
    Statement(
        "house account with a balance",
        "balance moves only by transfer",
        lambda scene, _: scene.sql("update billing_account set balance = 5 where kind = 'revenue'"),
    ),
    Statement(
        "account given to another team",
        "account identity is fixed",
        lambda scene, _: scene.sql(
            "update billing_account set team_id = %s where id = %s", scene.other.pk, scene.account("held")
        ),
    ),
    Statement(
        "account deleted",
        "billing_account is append-only",
        lambda scene, _: scene.sql("delete from billing_account"),
    ),
    Statement(
        "second wallet of a team",
        "account_once",
        lambda scene, _: scene.sql(
            "insert into billing_account (team_id, kind, balance, version) values (%s, 'held', 0, 0)", scene.team.pk
        ),
    ),
    Statement(
        "second revenue account",
        "account_once",
        lambda scene, _: scene.sql(
            "insert into billing_account (team_id, kind, balance, version) values (null, 'revenue', 0, 0)"
        ),
    ),
    Statement(
        "house account of a team",
        "account_house_has_no_team",
        lambda scene, _: scene.sql(
            "insert into billing_account (team_id, kind, balance, version) values (%s, 'revenue', 0, 0)", scene.team.pk
        ),
    ),
    Statement(
        "transfer to itself",
        "transfer_two_accounts|bad legs",
        lambda scene, _: scene.transfer("release", scene.account("held"), scene.account("held"), 1, hold=scene.hold()),
    ),
    Statement(
        "grant with a hold",
        "transfer_hold_iff_of_hold",
        lambda scene, _: scene.transfer(
            "grant", scene.account("grants"), scene.account("available"), 1, hold=scene.hold()
        ),
    ),
    Statement(
        "unknown kind",
        "transfer_kind_known",
        lambda scene, _: scene.transfer("gift", scene.account("grants"), scene.account("available"), 1),
    ),
    Statement(
        "amount of a quadrillion",
        "transfer_amount",
        lambda scene, _: scene.transfer("grant", scene.account("grants"), scene.account("available"), 10**15),
    ),
    Statement(
        "entry of zero",
        "entry_moves|entries are written by transfers only",
        lambda scene, _: scene.sql(
            "insert into billing_entry (account_id, transfer_id, delta) select %s, max(id), 0 from billing_transfer",
            scene.account("revenue"),
        ),
    ),
]


@each(STATEMENTS)
def test_refused(scene: Scene, statement: Statement) -> None:
    expect_refusal(scene, statement)


def test_a_skipped_insert_moves_no_money(scene: Scene) -> None:
    """Section 1, fact 7: ON CONFLICT DO NOTHING on a known key leaves the balances as they were."""
    payment = scene.topup(key="stripe:pi_1")
    before = scene.fingerprint()
    scene.sql(
        """insert into billing_transfer (key, kind, debit_id, credit_id, amount, payment_id, actor, reason)
           values ('stripe:pi_1', 'topup', %s, %s, %s, %s, 'test', 'test') on conflict (key) do nothing""",
        scene.account("stripe"),
        scene.account("available"),
        DOLLAR,
        payment,
    )
    assert scene.fingerprint() == before


def test_the_scene_itself_is_allowed(scene: Scene) -> None:
    """What the refused statements do wrong is their only fault: their right neighbors pass."""
    hold = scene.hold()
    scene.capture(hold, DOLLAR // 4)
    scene.release(hold, DOLLAR - DOLLAR // 4)
    scene.topup()
    assert scene.sql("select balance from billing_account where id = %s", scene.account("available")) == [
        (11 * DOLLAR - DOLLAR // 4,)
    ]
