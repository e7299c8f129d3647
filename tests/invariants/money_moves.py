"""What may happen in the random lives, how often, and with what."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.invariants.money_model import FLUX, QWEN, TEXT

YES_MOSTLY = st.sampled_from([True, True, True, False])
WHO, ANY = st.integers(0, 1), st.integers(0, 10**6)
KEYS = st.sampled_from([None, None, None, "a", "b"])
COSTS = st.sampled_from([None, 0, 1, 777, 25_000, 10**7])
ENDINGS = st.sampled_from(["later", "succeed", "give_up"])
ANSWERS = st.sampled_from(
    ["accepted"] * 8
    + ["stolen", "not_sent", "not_sent", "try_later", "refused_input", "refused_account", "unknown", "trouble"]
)
WHAT = st.sampled_from([(FLUX, 1), (QWEN, 1), (QWEN, 2), (QWEN, 4), (TEXT, 1)])  # model, outputs
# Each verb with how often it is chosen and what it is told. Not one @rule each: Hypothesis would leave out some of
# the long way's verbs in nearly every life, and nothing would ever arrive.
VERBS: dict[str, tuple[int, dict[str, st.SearchStrategy[Any]]]] = {
    "grant": (2, {"who": WHO, "amount": st.sampled_from([1, 9_999, 123_457, 1_000_000])}),
    "cap": (1, {"who": WHO, "limit": st.sampled_from([0, 90_000, 400_000, 2_000_000])}),
    "reprice": (
        2,
        {
            "slug": st.sampled_from([FLUX, QWEN]),
            "rate": st.sampled_from([1, 7_777, 25_000, 60_001]),
            "ppm": st.sampled_from([0, 1, 150_000]),
        },
    ),
    "switch": (2, {"slug": st.sampled_from([FLUX, QWEN, TEXT]), "listed": YES_MOSTLY}),
    "suspend": (1, {"who": WHO, "suspended": YES_MOSTLY.map(lambda yes: not yes)}),
    "quote": (3, {"who": WHO, "what": WHAT}),
    "quote_expires": (1, {"number": ANY}),
    "accept": (15, {"who": WHO, "what": WHAT, "key": KEYS, "ceiling": st.sampled_from([None, None, None, 30_000])}),
    "accept_quote": (4, {"number": ANY, "key": KEYS}),
    "go_on": (30, {"number": ANY}),
    "claim": (10, {"first": st.sampled_from(["kie", "fal"])}),
    "answer": (9, {"number": ANY, "kind": ANSWERS}),
    "circuits_close": (3, {}),
    "callback": (5, {"number": ANY, "stolen": YES_MOSTLY.map(lambda yes: not yes)}),
    "lease_expires": (2, {"number": ANY}),
    "finish": (8, {"number": ANY, "found": st.integers(0, 6), "cost": COSTS}),
    "record_says_failed": (2, {"number": ANY, "content": st.booleans(), "cost": COSTS}),
    "store": (8, {"number": ANY, "count": st.integers(1, 4), "ending": ENDINGS}),
    "nothing_can_be_stored": (1, {"number": ANY}),
    "cancel": (3, {"number": ANY}),
    "deadline": (3, {"number": ANY}),
    "late_result": (2, {"number": ANY, "task": st.sampled_from(["x", "y"]), "cost": COSTS}),
    "sweep": (1, {}),
}
MOVES = st.sampled_from([verb for verb, (weight, _) in VERBS.items() for _ in range(weight)]).flatmap(
    lambda verb: st.tuples(st.just(verb), st.fixed_dictionaries(VERBS[verb][1]))
)
