"""The second half of the random lives: from the claim to the end, with every answer a provider can give, in any order,
late, twice or never; and what must hold after each step."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction
from hypothesis.stateful import invariant, rule

from billing import ledger, reconcile
from billing.models import BudgetUsage
from generations import claims, observation, outcomes, storage, submission, sweeps
from generations.models import Attempt, Generation, LateResult, ProviderState, Reason
from generations.providers import base
from project import db
from project.errors import Conflict
from tests.invariants.money_machine import Asking
from tests.invariants.money_model import MOST_ATTEMPTS, OPEN, TEXT, Work
from tests.invariants.money_moves import MOVES
from tests.invariants.refusals import ALL_CHECKS
from tests.invariants.steps import store_rows


class MoneyMachine(Asking):
    """All of it."""

    @rule(move=MOVES)
    def step(self, move: tuple[str, dict[str, Any]]) -> None:
        verb, told = move
        getattr(self, verb)(**told)

    def _pick(self, number: int, *statuses: str) -> Work | None:
        """Some generation in one of the statuses, or none."""
        fitting = [work for work in self.works if work.status in statuses]
        return fitting[number % len(fitting)] if fitting else None

    def go_on(self, number: int) -> None:
        """One step of the good way, for whichever generation is on it."""
        work = self._pick(number, "queued", "submitting", "running", "storing")
        if work is None:
            return
        match work.status:
            case "queued":
                self.claim(work.provider)
            case "submitting":
                self.answer(self._claimed().index(work), "accepted")
            case "running":
                self.finish(number, 1 + number % 5, 777)
            case "storing":
                self.store(number, 1 + number % 4, "succeed")

    # --- claim and submit ---------------------------------------------------------------------------------------
    def claim(self, first: str) -> None:
        """Of this provider, or of the other when this one has nothing to do."""
        queued = {work.provider for work in self.works if work.status == "queued"}
        provider = first if first in queued or not queued else queued.pop()
        waiting = {
            work.pk: work
            for work in self.works
            if work.status == "queued" and work.provider == provider and not work.purse.suspended
        }
        claimed = claims.claim(provider=provider)
        if claimed is not None:
            work = waiting[claimed.generation_id]
            assert self.closed[provider]
            assert self.listed[work.model]
            assert claimed.number == work.attempts + 1
            work.status, work.attempts, work.claim, work.outcome = "submitting", claimed.number, claimed, "in_flight"
            return
        if not waiting or not self.closed[provider]:
            return
        ended = Generation.objects.filter(pk__in=waiting).exclude(status="queued").get()  # withdrawn: one is told so
        assert ended.reason == Reason.MODEL_WITHDRAWN
        assert not self.listed[ended.model]
        waiting[ended.pk].fail()

    def _claimed(self) -> list[Work]:
        """All that were ever claimed; those whose answer is still out more often."""
        able = [work for work in self.works if work.claim]
        return able + 3 * [work for work in able if work.outcome == "in_flight"]

    def answer(self, number: int, kind: str) -> None:
        """What a create brought back, possibly after everything else."""
        able = self._claimed()
        if not able:
            return
        work = able[number % len(able)]
        assert work.claim
        stolen = next((other.task for other in self.works if other.task and other.provider == work.provider), None)
        if kind == "stolen" and (stolen is None or stolen == work.task):
            kind = "accepted"
        result: base.CreateResult = {
            "accepted": base.Accepted(f"task-{work.claim.attempt_id}"),
            "stolen": base.Accepted(stolen or ""),
            "not_sent": base.NotSent("refused connection"),
            "try_later": base.TryLater("429", pause=3600),
            "refused_input": base.RefusedInput("422", content=bool(number % 2)),
            "refused_account": base.RefusedAccount("402"),
            "unknown": base.Unknown("read timeout"),
            "trouble": base.Unknown("500", trouble=True),
        }[kind]
        self.seen[f"{kind} while {work.status}"] += 1
        submission.settle_attempt(work.claim, result, provider=work.provider)
        self._circuit(work.provider, kind)
        if kind in ("accepted", "stolen"):
            self._attached(work, result.task_id, stolen=kind == "stolen")  # type: ignore[union-attr]
        elif work.outcome == "in_flight":
            self._not_attached(work, kind)

    def _circuit(self, provider: str, kind: str) -> None:
        row = ProviderState.objects.filter(pk=provider, open_until__gt=db.now())
        if kind in ("try_later", "refused_account", "trouble"):
            self.closed[provider] = False
            assert row.update(open_until=db.now() + timedelta(hours=1))
        elif kind == "accepted":
            self.closed[provider] = not row.exists()
            assert self.closed[provider]
        else:
            self.closed[provider] = not row.exists()

    def _attached(self, work: Work, task: str, *, stolen: bool) -> None:
        if work.outcome not in ("in_flight", "unknown"):
            return
        live = work.status in ("submitting", "unknown")
        if stolen and live:  # the task is another's: nobody knows what became of this create
            if work.outcome == "in_flight":
                work.outcome, work.status = "unknown", "unknown"
            return
        work.outcome = "accepted"
        if live:
            work.status, work.task = "running", task

    def _not_attached(self, work: Work, kind: str) -> None:
        live = work.status == "submitting"
        if kind in ("unknown", "trouble"):
            work.outcome = "unknown"
            work.status = "unknown" if live else work.status
        elif kind in ("not_sent", "try_later"):
            work.outcome = "not_sent" if kind == "not_sent" else "refused"
            if live and work.attempts >= MOST_ATTEMPTS:
                work.fail()
            elif live:
                work.status = "queued"
                Generation.objects.filter(pk=work.pk).update(next_action_at=db.now())  # its back-off is over
        else:
            work.outcome = "refused"
            work.fail()

    def circuits_close(self) -> None:
        ProviderState.objects.update(open_until=None)
        self.closed = {"kie": True, "fal": True}

    def callback(self, number: int, stolen: bool) -> None:
        """A callback whose task the provider's record has confirmed: right, repeated, or naming another's task."""
        able = [work for work in self.works if work.claim and not work.ended]
        if not able:
            return
        work = able[number % len(able)]
        assert work.claim
        attempt_id, task = work.claim.attempt_id, f"task-{work.claim.attempt_id}"
        others = [other.task for other in self.works if other.task and other.pk != work.pk]
        same = [other.task for other in self.works if other.task and other.provider == work.provider]
        stolen = stolen and bool(others) and work.status in ("submitting", "unknown") and others[0] in same
        try:
            db.in_transaction(
                lambda: submission.attach(attempt_id, others[0] if stolen else task, urls={}, by="callback")  # type: ignore[arg-type]
            )
        except IntegrityError:
            assert stolen
            assert work.outcome in ("in_flight", "unknown")
            return
        self._attached(work, task, stolen=False)

    def lease_expires(self, number: int) -> None:
        work = self._pick(number, "submitting")
        if work is None:
            return
        Attempt.objects.filter(generation_id=work.pk).update(lease_expires_at=db.now() - timedelta(seconds=1))
        submission.expire_lease(generation_id=work.pk)
        work.status = work.outcome = "unknown"

    # --- what the record says -----------------------------------------------------------------------------------
    def finish(self, number: int, found: int, cost: int | None) -> None:
        """Done: with all, some, none or too many outputs; of a text with a cost that was told or not."""
        work = self._pick(number, "running") or self._pick(number, *OPEN, "failed", "succeeded")
        if work is None:
            return
        text = "a longer text of the sea" if work.model == TEXT and found else ""
        sources = [f"https://example.com/{index}.png" for index in range(0 if work.model == TEXT else found)]
        observation.finish(generation_id=work.pk, done=base.Done(sources=sources, text=text, cost=cost))
        if work.status != "running":
            return
        if not found:
            work.fail()
        elif work.model == TEXT:
            row = Generation.objects.get(pk=work.pk)
            counted = row.charged if cost is None else min(cost, work.hold)
            assert counted is not None
            assert cost is not None or 0 < counted <= work.hold
            work.end("succeeded", charged=counted)
        else:
            work.status, work.sources = "storing", min(found, work.requested)

    def record_says_failed(self, number: int, content: bool, cost: int | None) -> None:
        work = self._pick(number, *OPEN, "succeeded", "failed", "canceled")
        if work is not None:
            reason = Reason.CONTENT_REFUSED if content else Reason.PROVIDER_FAILED
            outcomes.fail(generation_id=work.pk, reason=reason, cost=cost)
            work.fail()

    def store(self, number: int, count: int, ending: str) -> None:
        """Some outputs come into storage; then it is tried later, all that can be had is there, or time is up."""
        work = self._pick(number, "storing")
        if work is None:
            return
        count = min(count, work.sources)
        with transaction.atomic():
            store_rows(Generation.objects.get(pk=work.pk), count)
        work.stored = max(work.stored, count)
        if ending == "later":
            return
        for _ in range(2):
            (outcomes.succeed if ending == "succeed" else storage.give_up)(generation_id=work.pk)
        work.end("succeeded", charged=work.price.of(work.stored))

    def nothing_can_be_stored(self, number: int) -> None:
        work = self._pick(number, "storing")
        if work is not None and not work.stored:
            storage.give_up(generation_id=work.pk)
            work.fail()

    # --- the ends -----------------------------------------------------------------------------------------------
    def cancel(self, number: int) -> None:
        work = self._pick(number, *OPEN, "canceled", "failed", "succeeded")
        if work is None:
            return
        try:
            outcomes.cancel(generation_id=work.pk, actor="test")
        except Conflict:
            assert work.status not in ("queued", "canceled")
            return
        if work.status == "queued":
            work.end("canceled")
        assert work.status == "canceled"

    def deadline(self, number: int) -> None:
        work = self._pick(number, *OPEN)
        if work is None:
            return
        Generation.objects.filter(pk=work.pk).update(deadline_at=db.now() - timedelta(seconds=1))
        observation.expire(generation_id=work.pk)
        if work.status == "storing":
            return
        flying = work.outcome in ("in_flight", "unknown")
        row = Generation.objects.get(pk=work.pk)
        assert row.reason == (Reason.OUTCOME_UNKNOWN if flying else Reason.TIMED_OUT)
        work.fail()

    def late_result(self, number: int, task: str, cost: int | None) -> None:
        work = self._pick(number, "failed", "canceled")
        if work is None:
            return
        row = Generation.objects.get(pk=work.pk)
        done = base.Done(sources=["https://example.com/late.png"], cost=cost)
        assert observation.keep_late_result(generation=row, task_id=task, done=done) is (task not in work.late)
        work.late.add(task)

    def sweep(self) -> None:
        """Nothing is overdue: nothing ends."""
        counts = sweeps.sweep()
        assert (counts["expired"], counts["given_up"]) == (0, 0)
        sweeps.ring_due()

    # --- what always holds --------------------------------------------------------------------------------------
    @invariant()
    def every_check_holds(self) -> None:
        assert reconcile.failures(ALL_CHECKS) == []

    @invariant()
    def wallets_and_caps_are_as_they_ought(self) -> None:
        for purse in getattr(self, "purses", ()):
            wallet = ledger.wallet(purse.actor.team.pk)
            assert (wallet.available.balance, wallet.held.balance) == (purse.available, purse.held)
            usage = BudgetUsage.objects.filter(budget__api_key=purse.actor.api_key).first()
            counted = (usage.used, usage.held) if usage else (0, 0)
            assert counted == (purse.cap_used, purse.cap_held)

    @invariant()
    def every_generation_is_as_it_ought(self) -> None:
        rows = Generation.objects.select_related("hold").in_bulk([work.pk for work in self.works])
        for work in self.works:
            row = rows[work.pk]
            assert (row.status, row.charged, row.provider_task_id) == (work.status, work.charged, work.task)
            assert row.hold_amount == work.hold
            settled = "open" if not work.ended else "captured" if work.charged else "released"
            assert (row.hold.state, row.hold.captured) == (settled, work.charged or 0)
            assert (row.next_action_at is None) == work.ended
        told = LateResult.objects.filter(generation_id__in=rows).count()
        assert told == sum(len(work.late) for work in self.works)
        assert not connection.in_atomic_block
