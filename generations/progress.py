"""How a generation stands, for the people who wait for it: in which step it is, how long it took, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import TeamStatus
from generations import neighbours, timeline
from generations.catalog import ENTRIES
from generations.models import Generation, Status
from project.templatetags.pages import span

STEPS = ("In the queue", "Sent", "Being made", "Stored", "Done")
_STEP_OF = {
    Status.QUEUED: 0,
    Status.SUBMITTING: 1,
    Status.UNKNOWN: 1,
    Status.RUNNING: 2,
    Status.STORING: 3,
    Status.SUCCEEDED: 4,
}
# After so many seconds it is asked this often, in seconds: a long wait needs no close look.
_EVERY = ((60, 2), (600, 4))
_SELDOM = 10


@dataclass(frozen=True)
class Progress:
    """Seconds are whole. `step` is the place in STEPS, None for what ended without a result; `over`: it takes longer
    than usual; `doubtful`: nobody knows whether it is made; `every`: after how many seconds to look again, 0 at the
    end."""

    sentence: str
    step: int | None
    elapsed: int
    typical: int
    over: bool
    every: int
    doubtful: bool
    notes: Sequence[str]

    @property
    def steps(self) -> list[dict[str, str]]:
        """STEPS with where it is: `past`, `here` or `ahead`."""
        at = -1 if self.step is None else self.step
        states = ["past" if place < at else "here" if place == at else "ahead" for place in range(len(STEPS))]
        return [{"name": name, "state": state} for name, state in zip(STEPS, states, strict=True)]

    @property
    def measured(self) -> bool:
        """Whether a bar says anything true: how far it is of the usual time."""
        return bool(self.typical and self.every) and not self.over and not self.doubtful


def progress(generation: Generation, *, ahead: int = 0) -> Progress:
    """How it stands now. `ahead` is how many of the team's own go first while it is queued. No query: that its model is
    paused stands on rows of access.shown."""
    entry = ENTRIES.get(generation.model)
    end = generation.finished_at or timezone.now()
    elapsed, typical = max(int((end - generation.created_at).total_seconds()), 0), entry.typical_seconds if entry else 0
    over = bool(typical) and elapsed > typical and not generation.ended
    return Progress(
        sentence=timeline.sentence(generation),
        step=_STEP_OF.get(Status(generation.status)),
        elapsed=elapsed,
        typical=typical,
        over=over,
        every=_every(generation, elapsed),
        doubtful=generation.status == Status.UNKNOWN,
        notes=list(_notes(generation, over=over, typical=typical, ahead=ahead)),
    )


def _every(generation: Generation, elapsed: int) -> int:
    if generation.ended:
        return 0
    if generation.status == Status.UNKNOWN:
        return _SELDOM
    return next((seconds for until, seconds in _EVERY if elapsed < until), _SELDOM)


def _notes(generation: Generation, *, over: bool, typical: int, ahead: int) -> list[str]:
    """What else somebody who waits should know; never a guess."""
    status, end = generation.status, timeline.clock(generation.deadline_at)
    held = timeline.credits_words(generation.hold_amount)
    if generation.ended:
        return []
    if status == Status.UNKNOWN:
        return [
            f"If nothing is heard by {end}, it fails then and all {held} are released. Nothing is charged unless the"
            " result arrives.",
            "You need not do anything. Making it again meanwhile would be another one, charged by itself.",
        ]
    notes = []
    if status == Status.QUEUED:
        paused = getattr(generation, "paused", "")
        if paused:
            notes.append(f"This model is paused for the moment: {paused}")
            notes.append("It waits and goes on by itself once the pause ends. You can cancel it: all is released.")
        elif generation.team.status == TeamStatus.SUSPENDED:
            notes.append("Your team is suspended: it waits until the team is reinstated.")
        elif ahead:
            more = " or more" if ahead >= neighbours.MOST_AHEAD else ""
            verb = "goes" if ahead == 1 else "go"
            notes.append(f"{ahead}{more} of your team's {verb} first.")
        else:
            notes.append("It is the next one of your team.")
    if over:
        notes.append(f"It takes longer than the usual {span(typical)}. It is still under way.")
    if status != Status.STORING:
        notes.append(f"It ends by {end} at the latest; without a result nothing is charged.")
    return notes
