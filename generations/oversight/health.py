"""How the providers do: what they were asked, what came of it, how long it took, and what holds creates back now.

Creates are counted by their own time, results by theirs. Both by an index (attempt_age, generation_ended_at_provider),
so that a question costs what happened since, not what ever happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from generations import providers
from generations.models import ProviderState
from project import db

PPM = 1_000_000
HOUR = timedelta(hours=1)

# Whoever asked wrongly or for what a policy forbids is not the provider's failure.
OF_THE_INPUT = ("content_refused", "provider_rejected", "model_withdrawn")


@dataclass(frozen=True)
class Rates:
    """What was asked of a provider since a moment, and what ended since. `model` is "" for all of them.

    `creates` = `accepted` + `unknown` + `limited` + `refused` + `not_sent` + `in_flight`. `unknown`: creates of which
    nobody knows yet, or will ever, whether they bought (a callback or staff who bring the task make them `accepted`).
    `limited`: 429s. `failed`: ended without a result by no fault of the request; `of_input`: by the request's.
    Milliseconds from submitted to finished of what succeeded; None when nothing did."""

    provider: str
    model: str
    creates: int
    accepted: int
    unknown: int
    limited: int
    refused: int
    not_sent: int
    in_flight: int
    succeeded: int
    failed: int
    of_input: int
    p50_ms: int | None
    p95_ms: int | None

    @property
    def success_ppm(self) -> int | None:
        """Of what the provider could have delivered, in parts per million; None when nothing ended."""
        ended = self.succeeded + self.failed
        return self.succeeded * PPM // ended if ended else None

    @property
    def error_ppm(self) -> int | None:
        """What failed of what the provider could have delivered, in parts per million, rounded up."""
        ended = self.succeeded + self.failed
        return -(-self.failed * PPM // ended) if ended else None

    @property
    def unknown_ppm(self) -> int | None:
        """Creates of unknown outcome, in parts per million of all, rounded up; None when there were none."""
        return -(-self.unknown * PPM // self.creates) if self.creates else None


def rates_by_model(provider: str, since: datetime) -> list[Rates]:
    """One provider, each model that was asked or ended since, by slug."""
    return _rates(since=since, provider=provider, by_model=True)


def rates_of_all(since: datetime) -> list[Rates]:
    """Each provider there is, by name; those that did nothing too."""
    found = {row.provider: row for row in _rates(since=since, provider=None, by_model=False)}
    return [found.get(name) or _nothing(name, "") for name in sorted(providers.PROVIDERS)]


def refusals(provider: str, since: datetime, *, most: int = 20) -> list[tuple[str, str, int]]:
    """How creates did not go through since: (outcome, detail, how often), the most frequent first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT a.outcome, a.detail, count(*) AS n FROM generations_attempt a
               JOIN generations_generation g ON g.id = a.generation_id
               WHERE a.created_at >= %s AND g.provider = %s AND a.outcome IN ('refused', 'not_sent', 'unknown')
               GROUP BY 1, 2 ORDER BY n DESC, 1, 2 LIMIT %s""",
            [since, provider, most],
        )
        return [(outcome, detail, count) for outcome, detail, count in cursor.fetchall()]


@dataclass(frozen=True)
class Now:
    """What holds a provider's creates back at this moment. `slots` creates were taken in the limiter's window of
    `window_ms`, of at most `slots_most`; `under_way` are submitting or running, of at most `under_way_most`; `waiting`
    are queued. `open_until` is the circuit's, None when it is closed."""

    provider: str
    open_until: datetime | None
    why: str
    failures: int
    under_way: int
    under_way_most: int
    team_most: int
    waiting: int
    slots: int
    slots_most: int
    window_ms: int

    @property
    def open(self) -> bool:
        return self.open_until is not None


def now_of_all() -> list[Now]:
    """Each provider there is, by name. Three small queries, by indexes over what is open."""
    moment = db.now()
    states = {row.provider: row for row in ProviderState.objects.all()}
    flight, slots = _under_way(), _slots()
    rows = []
    for name in sorted(providers.PROVIDERS):
        state, limits = states.get(name), settings.PROVIDER_LIMITS[name]
        open_now = state is not None and state.open_until is not None and state.open_until > moment
        rows.append(
            Now(
                provider=name,
                open_until=state.open_until if state is not None and open_now else None,
                why=state.why if state is not None and open_now else "",
                failures=state.failures if state is not None else 0,
                under_way=flight.get(name, (0, 0))[0],
                under_way_most=limits["in_flight"],
                team_most=limits["in_flight_team"],
                waiting=flight.get(name, (0, 0))[1],
                slots=slots.get(name, 0),
                slots_most=limits["creates"],
                window_ms=limits["window_ms"],
            )
        )
    return rows


def _under_way() -> dict[str, tuple[int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT provider, count(*) FILTER (WHERE status IN ('submitting', 'running')),
                 count(*) FILTER (WHERE status = 'queued')
               FROM generations_generation
               WHERE status IN ('queued', 'submitting', 'unknown', 'running', 'storing') GROUP BY provider"""
        )
        return {name: (under_way, waiting) for name, under_way, waiting in cursor.fetchall()}


def _slots() -> dict[str, int]:
    """Slots taken in the window, counted by its length: old rows are only swept when the next one is taken."""
    taken: dict[str, int] = {}
    with connection.cursor() as cursor:
        for name in providers.PROVIDERS:
            cursor.execute(
                """SELECT count(*) FROM generations_providerslot WHERE provider = %s AND lane = 'create'
                   AND taken_at > clock_timestamp() - make_interval(secs => %s / 1000.0)""",
                [name, settings.PROVIDER_LIMITS[name]["window_ms"]],
            )
            row: tuple[int] | None = cursor.fetchone()
            taken[name] = row[0] if row else 0
    return taken


def _rates(*, since: datetime, provider: str | None, by_model: bool) -> list[Rates]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH asked AS (
              SELECT g.provider, {"g.model" if by_model else "'' AS model"}, count(*) AS creates,
                count(*) FILTER (WHERE a.outcome = 'accepted') AS accepted,
                count(*) FILTER (WHERE a.outcome = 'unknown') AS unknown,
                count(*) FILTER (WHERE a.outcome = 'refused' AND a.detail ~ '429') AS limited,
                count(*) FILTER (WHERE a.outcome = 'refused' AND a.detail !~ '429') AS refused,
                count(*) FILTER (WHERE a.outcome = 'not_sent') AS not_sent,
                count(*) FILTER (WHERE a.outcome = 'in_flight') AS in_flight
              FROM generations_attempt a JOIN generations_generation g ON g.id = a.generation_id
              WHERE a.created_at >= %(since)s AND g.provider = ANY(%(providers)s) GROUP BY 1, 2
            ), ended AS (
              SELECT provider, {"model" if by_model else "'' AS model"},
                count(*) FILTER (WHERE status = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE status = 'failed' AND reason <> ALL(%(of_input)s)) AS failed,
                count(*) FILTER (WHERE status = 'failed' AND reason = ANY(%(of_input)s)) AS of_input,
                percentile_disc(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY
                  extract(epoch FROM finished_at - submitted_at)) FILTER (WHERE status = 'succeeded') AS took
              FROM generations_generation
              WHERE provider = ANY(%(providers)s) AND finished_at >= %(since)s GROUP BY 1, 2
            )
            SELECT provider, model, coalesce(creates, 0), coalesce(accepted, 0), coalesce(unknown, 0),
              coalesce(limited, 0), coalesce(refused, 0), coalesce(not_sent, 0), coalesce(in_flight, 0),
              coalesce(succeeded, 0), coalesce(failed, 0), coalesce(of_input, 0),
              round(took[1] * 1000)::bigint, round(took[2] * 1000)::bigint
            FROM asked FULL JOIN ended USING (provider, model) ORDER BY provider, model
            """,  # noqa: S608 - our own two words
            {
                "since": since,
                "providers": [provider] if provider else list(providers.PROVIDERS),
                "of_input": list(OF_THE_INPUT),
            },
        )
        return [Rates(*row) for row in cursor.fetchall()]


def _nothing(provider: str, model: str) -> Rates:
    return Rates(provider, model, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, None, None)
