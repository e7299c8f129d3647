"""The rules of the house that a program can see in the text: design.md section 2, the money rules of section 5.

A guard says which files it looks at and what it finds in one. What it cannot decide by the text is a review's.
"""

from __future__ import annotations

import ast
import fnmatch
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.architecture import edges

Finding = tuple[int, str]  # line, what is wrong
LONGEST = 400  # lines of a file
TEXTS = (".py", ".html", ".css", ".js")
NOT_OURS = {"vendor", "migrations", "staticfiles", "build", "node_modules", "__pycache__"}
APPS = ("project", "accounts", "billing", "generations")
# Programs of their own: the sandbox is a provider, the stand-in is Stripe.
OTHERS = ("generations/sandbox/", "billing/standin/")
# `make run` asks the web process that it has just started; Stripe's SDK has its own client, and one module asks it.
OWN_HTTP = ("project/net/", "project/running.py", "billing/stripe_gateway.py", *OTHERS)
MONEY = (
    "billing/*.py",
    "project/money.py",
    "generations/pricing.py",
    "generations/quotes.py",
    "generations/offers.py",
    "generations/outcomes.py",
    "generations/receipts.py",
    "generations/catalog/base.py",
    "generations/catalog/priced.py",
    "generations/catalog/metered.py",
    "generations/catalog/tokens.py",
)
TIMED = (
    "billing/*.py",
    *(f"generations/{name}.py" for name in ("states", "intake", "claims", "submission", "observation", "outcomes")),
    *(f"generations/{name}.py" for name in ("sweeps", "storage", "callbacks", "quotes", "idempotency", "limiter")),
)
CLOCKS = {("timezone", "now"), ("datetime", "now"), ("datetime", "utcnow"), ("date", "today"), ("time", "time")}
ROWS_OF_MONEY = {"Transfer", "Entry", "Hold", "Account"}
WRITES = {"create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update", "delete"}
WRITERS = {"billing/ledger.py": {"Account"}, "billing/holds.py": {"Hold"}}


@dataclass(frozen=True)
class Guard:
    """One rule. `looks_at` takes a path relative to the root, with slashes."""

    name: str
    looks_at: Callable[[str], bool]
    finds: Callable[[str, ast.Module], Iterator[Finding]]


def sources(root: Path, suffixes: tuple[str, ...] = (".py",)) -> Iterator[tuple[str, Path]]:
    """Every file of ours with one of the suffixes: its path relative to the root, and itself."""
    for folder, below, names in os.walk(root):
        below[:] = sorted(name for name in below if name not in NOT_OURS and not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if path.suffix in suffixes:
                yield path.relative_to(root).as_posix(), path


def findings(root: Path, guard: Guard) -> list[str]:
    """What a guard finds below root, as `path:line what`."""
    found = []
    for name, path in sources(root):
        if guard.looks_at(name):
            tree = ast.parse(path.read_text(encoding="utf-8"), name)
            found += [f"{name}:{line} {what}" for line, what in guard.finds(name, tree)]
    return found


def too_long(root: Path) -> list[str]:
    """The files above the longest that is allowed."""
    counted = [(name, len(path.read_text(encoding="utf-8").splitlines())) for name, path in sources(root, TEXTS)]
    return [f"{name} has {lines} lines" for name, lines in counted if lines > LONGEST]


def _among(*patterns: str) -> Callable[[str], bool]:
    return lambda name: any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _of_the_house(*patterns: str) -> Callable[[str], bool]:
    return lambda name: _among(*patterns)(name) and not name.startswith(OTHERS)


def _ours(name: str) -> bool:
    return name.split("/")[0] in APPS


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every imported name in full, wherever the import stands: `from a import b` is a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def _importing(*packages: str) -> Callable[[str, ast.Module], Iterator[Finding]]:
    """Finds imports of the packages or of anything inside them."""

    def finds(_: str, tree: ast.Module) -> Iterator[Finding]:
        for line, name in imports(tree):
            if any(name == package or name.startswith(f"{package}.") for package in packages):
                yield line, f"imports {name}"

    return finds


def _signals(_: str, tree: ast.Module) -> Iterator[Finding]:
    for line, name in imports(tree):
        if name.startswith("django.dispatch") or "signals" in name.split("."):
            yield line, f"imports {name}"


def _floats(_: str, tree: ast.Module) -> Iterator[Finding]:
    exact = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_decimal(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield node.lineno, f"the float {node.value}"
        elif isinstance(node, ast.Name) and node.id == "float":
            yield node.lineno, "float"
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            named = isinstance(node.left, ast.Name) and node.left.id in exact
            if not named and not _is_decimal(node.left):
                yield node.lineno, "a division that makes a float"


def _is_decimal(node: ast.expr) -> bool:
    """Decimal(...), or that divided by something: whatever else is divided by / becomes a float."""
    while isinstance(node, ast.BinOp):
        node = node.left
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Decimal"


def _clocks(_: str, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCKS:
                yield node.lineno, f"this machine's clock: {owner}.{node.attr}"


def _root(node: ast.expr) -> str:
    """The name that a chain of calls and attributes begins with."""
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _writers(name: str, tree: ast.Module) -> Iterator[Finding]:
    allowed = WRITERS.get(name, set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            owner = _root(node.func)
            if owner in ROWS_OF_MONEY - allowed:
                yield node.lineno, f"writes {owner}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and name != "billing/ledger.py":
            text = " ".join(node.value.lower().split())
            if any(f"{verb} billing_" in text for verb in ("insert into", "delete from")) or (
                "update billing_" in text and "update billing_budgetusage" not in text
            ):
                yield node.lineno, "writes rows of money by SQL"


def _movers(_: str, tree: ast.Module) -> Iterator[Finding]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _root(node.value) == "Status":
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == "status":
                    yield node.lineno, "sets a status"
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "update"
            and _root(node.func) == "Generation"
            and any(keyword.arg == "status" for keyword in node.keywords)
        ):
            yield node.lineno, "updates a status"


def tenant_rows(rows: edges.Rows) -> Guard:
    """The guard of the edges, for what belongs to teams."""
    return Guard(
        "edges get a team's rows through access.py",
        lambda name: _ours(name) and edges.is_edge(name),
        lambda _, tree: edges.finds(rows, tree),
    )


GUARDS = (
    Guard(
        "only project.net makes HTTP clients",
        lambda name: _ours(name) and not name.startswith(OWN_HTTP),
        _importing("httpx", "httpcore", "requests", "urllib.request", "http.client", "aiohttp", "urllib3"),
    ),
    Guard(
        "only project.queue knows django_q",
        lambda name: _ours(name) and name != "project/queue.py",
        _importing("django_q"),
    ),
    Guard("no signals", lambda name: _ours(name) and name != "project/queue.py", _signals),
    Guard("accounts knows neither money nor product", _among("accounts/*"), _importing("billing", "generations")),
    Guard("billing never hears of generations", _among("billing/*"), _importing("generations")),
    Guard(
        "the catalogue and its prices are pure",
        _among("generations/catalog/*", "generations/pricing.py"),
        _importing("django", "accounts", "billing", "generations.models"),
    ),
    Guard(
        "only the gateway and the stand-in know Stripe's SDK",
        lambda name: _ours(name) and not name.startswith(("billing/stripe_gateway.py", "billing/standin/")),
        _importing("stripe"),
    ),
    Guard("money is whole", _of_the_house(*MONEY), _floats),
    Guard("leases and deadlines by the database's clock", _of_the_house(*TIMED), _clocks),
    Guard("money has one writer", _ours, _writers),
    Guard("a status has one writer", lambda name: _ours(name) and name != "generations/states.py", _movers),
)
