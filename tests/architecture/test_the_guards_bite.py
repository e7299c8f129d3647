"""Each guard is shown a bad house and finds exactly what is bad in it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.edges import OF_ANY_MODEL, Rows
from tests.architecture.guards import GUARDS, LONGEST, findings, tenant_rows, too_long

EDGES = tenant_rows(
    Rows(frozenset({"Generation", "Membership"}), OF_ANY_MODEL | {"current"}, frozenset({"api_keys", "memberships"}))
)
ALL = {guard.name: guard for guard in (*GUARDS, EDGES)}


@dataclass(frozen=True)
class Plant:
    """`code` in the file `at` breaks `rule`; in each file of `allowed` it does not."""

    rule: str
    at: str
    code: str
    allowed: tuple[str, ...] = ()


NET = "only project.net makes HTTP clients"
QUEUE = "only project.queue knows django_q"
SIGNALS = "no signals"
ACCOUNTS = "accounts knows neither money nor product"
BILLING = "billing never hears of generations"
PURE = "the catalogue and its prices are pure"
WHOLE = "money is whole"
CLOCK = "leases and deadlines by the database's clock"
WRITER = "money has one writer"
MOVER = "a status has one writer"
PLANTS = [
    Plant(
        "only project.net makes HTTP clients",
        "generations/files.py",
        "import httpx",
        ("project/net/client.py", "tests/x.py"),
    ),
    Plant(NET, "project/health.py", "def f():\n    from urllib import request"),
    Plant(NET, "billing/stripe.py", "from requests.sessions import Session"),
    Plant(
        "only project.queue knows django_q",
        "generations/tasks.py",
        "from django_q.tasks import async_task",
        ("project/queue.py", "tests/x.py"),
    ),
    Plant(SIGNALS, "billing/models.py", "from django.db.models.signals import post_save", ("project/queue.py",)),
    Plant(SIGNALS, "accounts/apps.py", "from django.db.models import signals"),
    Plant(SIGNALS, "generations/apps.py", "from django.dispatch import receiver"),
    Plant(
        "accounts knows neither money nor product",
        "accounts/teams.py",
        "from billing import ledger",
        ("generations/x.py",),
    ),
    Plant(ACCOUNTS, "accounts/deep/down.py", "import generations.models"),
    Plant(
        "billing never hears of generations", "billing/holds.py", "from generations import states", ("project/urls.py",)
    ),
    Plant(
        "the catalogue and its prices are pure",
        "generations/pricing.py",
        "from django.db import models",
        ("generations/offers.py",),
    ),
    Plant(
        "the catalogue and its prices are pure",
        "generations/catalog/entries/x.py",
        "from generations.models import Quote",
    ),
    Plant(WHOLE, "billing/deep/x.py", "price = 0.1", ("generations/forms.py",)),
    Plant(WHOLE, "billing/recharges.py", "price = 0.1", ("billing/standin/x.py",)),
    Plant(WHOLE, "project/money.py", "amount = float('1')"),
    Plant(
        "only the gateway and the stand-in know Stripe's SDK",
        "billing/payments.py",
        "import stripe",
        ("billing/stripe_gateway.py", "billing/standin/x.py"),
    ),
    Plant(WHOLE, "generations/pricing.py", "share = total / 2"),
    Plant(
        "leases and deadlines by the database's clock",
        "generations/claims.py",
        "lease = timezone.now()",
        ("project/media_links.py",),
    ),
    Plant(CLOCK, "billing/budgets.py", "today = datetime.datetime.now()"),
    Plant(CLOCK, "generations/sweeps.py", "since = time.time()"),
    Plant(WRITER, "generations/outcomes.py", "Transfer.objects.create(amount=1)", ("tests/x.py",)),
    Plant(
        "money has one writer",
        "billing/holds.py",
        "Account.objects.filter(pk=1).update(balance=1)",
        ("billing/ledger.py",),
    ),
    Plant(WRITER, "billing/credits.py", "Hold.objects.create(amount=1)", ("billing/holds.py",)),
    Plant(
        "money has one writer",
        "generations/sweeps.py",
        'SQL = "INSERT  INTO billing_transfer VALUES (1)"',
        ("billing/ledger.py",),
    ),
    Plant(WRITER, "billing/budgets.py", 'SQL = "UPDATE billing_hold SET state = 1"'),
    Plant(MOVER, "generations/claims.py", "row.status = Status.FAILED", ("generations/states.py",)),
    Plant(
        "a status has one writer", "generations/sweeps.py", "Generation.objects.filter(pk=1).update(status='failed')"
    ),
    Plant(
        EDGES.name,
        "generations/views_history.py",
        "rows = Generation.objects.all()",
        ("generations/queries.py", "generations/access.py"),
    ),
    Plant(EDGES.name, "generations/admin.py", "rows = Generation._default_manager.all()"),
    Plant(EDGES.name, "billing/api.py", "row = get_object_or_404(Hold, pk=1)"),
    Plant(EDGES.name, "generations/media_views.py", "def f():\n    return Generation.objects"),
    Plant(EDGES.name, "accounts/views_members.py", "row = Membership.current.get(pk=1)", ("accounts/access.py",)),
    Plant(EDGES.name, "accounts/forms_keys.py", "rows = models.Membership.objects.all()"),
    Plant(EDGES.name, "accounts/mfa_forms.py", "rows = Generation._base_manager"),
    Plant(EDGES.name, "accounts/audit_admin.py", "from accounts.models import Membership as M\nrows = M.current.all()"),
    Plant(EDGES.name, "billing/views.py", "from generations.models import Generation\nkind = Generation\nkind.objects"),
    Plant(
        EDGES.name, "accounts/views_keys.py", "rows = request.actor.team.api_keys.filter(pk=1)", ("accounts/keys.py",)
    ),
    Plant(EDGES.name, "accounts/pages.py", "places = request.user.memberships.all()"),
    Plant(EDGES.name, "accounts/templatetags/people.py", "count = team.memberships.count()"),
    Plant(EDGES.name, "billing/views_budgets.py", "rows = type(row).objects.all()"),
    Plant(EDGES.name, "accounts/views_audit.py", "rows = row.__class__._default_manager.all()"),
    Plant(EDGES.name, "accounts/views_settings.py", "row = shortcuts.get_object_or_404(kind, pk=1)"),
    Plant(EDGES.name, "generations/api_generations.py", "cursor = connection.cursor()", ("project/health.py",)),
    Plant(EDGES.name, "generations/tasks.py", "rows = access.generations(actor).extra(where=['true'])"),
    Plant(EDGES.name, "generations/context.py", "rows = apps.get_model('accounts', 'Membership')"),
    Plant(EDGES.name, "generations/views.py", "rows = QuerySet(Generation)"),
    Plant(EDGES.name, "generations/views_studio.py", "rows = getattr(Generation, name)"),
    Plant(EDGES.name, "accounts/views_teams.py", "class List(ListView):\n    model = Membership"),
    Plant(EDGES.name, "accounts/urls_teams.py", "page = ListView.as_view(model=Membership)"),
]
HARMLESS = """
from decimal import Decimal
from generations.models import Listing
half = Decimal(1) / 2
whole = 7 // 2
rows = Listing.objects.all()
found = access.generations(actor).filter(pk=1)
outputs = row.outputs.all()
model = desk.model
paged = Generation.Status.choices
began = time.monotonic()
done = Callback.objects.update(verdict="processed")
told = answer.status
"""


def write(root: Path, name: str, code: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(code, encoding="utf-8")


@pytest.mark.parametrize(
    "plant", PLANTS, ids=[f"{plant.rule}: {plant.code.splitlines()[-1].strip()}" for plant in PLANTS]
)
def test_a_bad_house(tmp_path: Path, plant: Plant) -> None:
    write(tmp_path, plant.at, plant.code)
    for name in plant.allowed:
        write(tmp_path, name, plant.code)
    found = findings(tmp_path, ALL[plant.rule])
    assert [line.partition(":")[0] for line in found] == [plant.at]


@pytest.mark.parametrize("guard", ALL.values(), ids=ALL)
def test_a_good_house(tmp_path: Path, guard: object) -> None:
    for name in ("generations/views.py", "generations/outcomes.py", "billing/credits.py", "project/x.py"):
        write(tmp_path, name, HARMLESS if name != "billing/credits.py" else HARMLESS.replace("generations", "billing"))
    assert findings(tmp_path, guard) == []  # type: ignore[arg-type]


def test_every_guard_has_bitten() -> None:
    assert {plant.rule for plant in PLANTS} == set(ALL)


@pytest.mark.parametrize(
    "name", ["billing/x.py", "templates/x.html", "static/app.css", "static/app.js", "tests/test_x.py"]
)
def test_a_file_that_is_too_long(tmp_path: Path, name: str) -> None:
    write(tmp_path, name, "\n" * (LONGEST + 1))
    write(tmp_path, "billing/full.py", "\n" * LONGEST)
    for exempt in (
        "static/vendor/htmx.js",
        "billing/migrations/0001.py",
        ".venv/lib/x.py",
        "staticfiles/x.css",
        "build/x.html",
    ):
        write(tmp_path, exempt, "\n" * (LONGEST + 1))
    assert too_long(tmp_path) == [f"{name} has {LONGEST + 1} lines"]
