"""A house that was in use before lots keeps its books: migrations 0007 (billing) and 0005 (generations) replay them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = f"upgrade_{os.getpid()}"
LIFE = """
insert into accounts_team (uuid, name, status) values (gen_random_uuid(), 'Old', 'active');
insert into billing_account (team_id, kind, balance, version)
  select id, kind, 0, 0 from accounts_team, unnest(array['available', 'held']) kind;
create function pg_temp.acc(k text) returns bigint language sql as $$ select id from billing_account where kind = k $$;
insert into billing_transfer (key, kind, debit_id, credit_id, amount, actor, reason)
  values ('grant:1', 'grant', pg_temp.acc('grants'), pg_temp.acc('available'), 1000, 't', 't'),
         ('grant:2', 'grant', pg_temp.acc('grants'), pg_temp.acc('available'), 5, 't', 't');
do $$
declare h uuid; part bigint;
begin
  for i in 1..12 loop
    part := case i % 3 when 0 then 0 when 1 then 20 else 50 end;
    insert into billing_hold (id, reference, team_id, amount, captured, released, state, expires_at)
      select gen_random_uuid(), 'test_' || i, id, 50, 0, 0, 'open', now() + interval '1 hour' from accounts_team
      returning id into h;
    insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason)
      values ('hold:' || i, 'hold', pg_temp.acc('available'), pg_temp.acc('held'), 50, h, 't', 't');
    if i = 12 then continue; end if;
    if part > 0 then
      insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason)
        values ('capture:' || i, 'capture', pg_temp.acc('held'), pg_temp.acc('revenue'), part, h, 't', 't');
    end if;
    if part < 50 then
      insert into billing_transfer (key, kind, debit_id, credit_id, amount, hold_id, actor, reason)
        values ('release:' || i, 'release', pg_temp.acc('held'), pg_temp.acc('available'), 50 - part, h, 't', 't');
    end if;
  end loop;
end $$;
"""


def _at(name: str) -> dict[str, Any]:
    of: dict[str, Any] = connection.settings_dict
    return {"host": of["HOST"], "port": of["PORT"] or None, "user": of["USER"], "dbname": name}


@pytest.fixture
def old_house() -> Iterator[str]:
    """A database of its own. Gives its name."""
    with psycopg.connect(**_at("postgres"), autocommit=True) as server:
        server.execute(f"create database {NAME}")
        yield NAME
        server.execute(f"drop database {NAME} with (force)")


def _manage(*arguments: str) -> str:
    of: dict[str, Any] = connection.settings_dict
    environment = os.environ | {
        "FRAMEHOUSE_MODE": "test",
        "DATABASE_URL": f"postgres://{of['USER']}@:{of['PORT']}/{of['HOST']}/{NAME}",
        "DB_TIMEOUTS": "off",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_was_there_is_replayed_into_lots_and_totals(old_house: str, db: None) -> None:
    _manage("migrate", "billing", "0006", "-v0")
    _manage("migrate", "generations", "0004", "-v0")
    with psycopg.connect(**_at(old_house)) as house:
        house.execute(LIFE)
    _manage("migrate", "-v0")
    assert "BROKEN" not in _manage("verify_ledger")
    with psycopg.connect(**_at(old_house)) as house:
        lots = house.execute("select amount, unspent, held, spent from billing_lot order by id").fetchall()
        totals = "select kind, sum(amount), sum(count) from billing_daytotal group by 1 order by 1"
        days = house.execute(totals).fetchall()
        spent = house.execute("select sum(amount), sum(count) from billing_spendday").fetchall()
    assert lots == [(1000, 670, 50, 280), (5, 5, 0, 0)]
    assert days == [("capture", 280, 8), ("grant", 1005, 2)]
    assert spent == [(280, 8)]
