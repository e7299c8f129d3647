"""One item of a batch: what it asks for, where it stands in the body, and how its refusal names that place."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from generations.orders import Ready, Request
from project.errors import Conflict, Forbidden, Invalid, PaymentRequired, Problem
from project.params import MOST_ERRORS

REFUSALS = (Invalid, Conflict, Forbidden)  # what is wrong with one item and says nothing of the others


@dataclass(frozen=True)
class Item:
    """`cell` is the place in a grid: of its model, its prompt and its settings; None in a list of requests."""

    index: int
    request: Request
    cell: tuple[int, int, int] | None = None

    def path(self, path: str) -> str:
        """The place in the batch's body of a field of this request: `requests.3.input.prompt`, `grid.prompts.2`."""
        if self.cell is None:
            return f"requests.{self.index}.{path}" if path else f"requests.{self.index}"
        model, prompt, settings = self.cell
        head, _, field = path.partition(".")
        if head == "model":
            return f"grid.models.{model}"
        if field.split(".")[0] == "prompt":
            return f"grid.prompts.{prompt}"
        return f"grid.settings.{settings}.{field}" if field else f"grid.settings.{settings}"

    def placed(self, problem: Problem) -> Problem:
        """The problem of this request as the batch tells it."""
        found = copy.copy(problem)  # the same one may be told of another item
        found.errors = tuple(replace(error, path=self.path(error.path)) for error in problem.errors)
        return found


Outcome = Ready | Problem  # of an item before money is asked


def refusals(outcomes: Iterable[object]) -> list[Problem]:
    """Those that are refused, in order."""
    return [outcome for outcome in outcomes if isinstance(outcome, Problem)]


def as_one(problems: Sequence[Problem]) -> Problem:
    """The problem of a batch of which nothing is accepted: of money when money is what lacks for any of it, else the
    first one; what is invalid is told together."""
    for problem in problems:
        if isinstance(problem, PaymentRequired):
            return problem
    return first(problems)


def first(problems: Sequence[Problem]) -> Problem:
    """The first problem; with the faults of all others of its kind, when it is a fault in what was sent."""
    found = problems[0]
    if isinstance(found, Invalid):
        faults = [error for problem in problems if isinstance(problem, Invalid) for error in problem.errors]
        found.errors = tuple(dict.fromkeys(faults))[:MOST_ERRORS]
    return found
