"""The faults on demand: their words, and how a prompt or a script asks for them.

A prompt asks with `[[word]]` or `[[word:argument]]`; words combine. Seconds in an argument are real ones: the
process's speed does not shorten them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

WORD = re.compile(r"\[\[([a-z][a-z0-9-]*)(?::([^\[\]]{1,40}))?\]\]")

CREATES = {
    "lost-answer": "the task is made and charged, the connection is reset; the callback still comes",
    "no-task-id": "the task is made, the answer is 200 without its id",
    "duplicate-task-id": "the answer hands out the id of an earlier task of this provider",
    "slow-answer": "the task is made, the answer comes after N seconds (30)",
    "drip-answer": "the task is made, the answer comes at one byte a second",
    "early-callback": "the task ends and calls back before its create is answered",
    "http-429": "HTTP status 429, no task",
    "create-html-502": "HTTP 502 with a proxy's HTML page, no task",
    "create-500-balance": "code 500 with the text of an empty balance, no task (fal: 403)",
    "create-400": "refused with code 400, no task",
    "create-401": "refused with code 401: the key is unknown, no task",
    "create-402": "refused with code 402: no balance, no task (fal: 403)",
    "create-404": "refused with code 404, no task",
    "create-408": "code 408: nothing from upstream",
    "create-422": "refused with code 422: the input is invalid, no task",
    "create-429": "refused with code 429 (KIE: under HTTP 200), not queued, no task",
    "create-433": "refused with code 433: the key's own limit, no task (fal: 403)",
    "create-451": "refused with code 451: the input image cannot be fetched, no task (fal: 422)",
    "create-455": "refused with code 455: maintenance, no task (fal: 503)",
    "create-500": "code 500, internal error, no task",
    "create-505": "refused with code 505: feature disabled, no task (fal: 404)",
    "create-1010": "HTTP 403 'error code: 1010' of the edge, no task",
}
ENDS = {
    "fail": "ends as failed, nothing charged (fal: HTTP 500; fail:infra 504, fail:string 422, fail:start 504 by us)",
    "content": "ends as failed by the content policy",
    "slow": "takes N seconds (ten times as long)",
    "never": "generates without end",
    "stuck": "waits in the queue without end",
    "late-success": "fails first, and succeeds N seconds later (3), with a callback for each",
    "more-credits": "charges N credits more than listed (10; fal: billable units)",
    "no-credits-field": "says nothing about what was charged",
    "nsfw": "fal: every image is flagged in has_nsfw_concepts",
    "partial": "delivers N outputs (1), whatever was asked",
    "extra": "delivers N outputs more than asked (1)",
}
CALLBACKS = {
    "lost-callback": "no callback",
    "duplicate-callback": "the callback comes N times at once (2)",
    "unsigned-callback": "the callback has no signature headers",
    "bad-signature": "the callback's signature is wrong",
    "altered-body": "the body says the opposite, with addresses of an attacker, under the true headers",
    "stale-callback": "signed with a time ten minutes ago",
    "future-callback": "signed with a time ten minutes ahead",
    "foreign-task": "the callback names another task, under a signature that is right for it",
    "out-of-order": "after the true callback come 'generating' and the opposite end",
    "fal-payload-null": "fal: status OK with payload null and a payload_error",
}
RECORDS = {
    "record-404": "the record is not found, N times (always)",
    "record-422": "the record is null, N times (always)",
    "record-429": "reading the record is refused for its rate, N times (always)",
    "record-500": "reading the record fails with 500, N times (always)",
    "record-html": "the record is an HTML page with status 502, N times (always)",
    "odd-state": "the record's state is a word nobody documented, until the end",
}
RESULTS = {
    "empty-result": "success without any output",
    "malformed-result": "the result is cut or of the wrong type",
    "double-encoded-result": "the result is JSON in a JSON string once too often",
    "null-result": "the result is null",
    "list-result": "the result is a bare list",
    "deep-result": "the result is nested 100,000 deep",
    "huge-result": "the result has 5 MB",
    "nan-result": "the result holds NaN",
    "router-error": "router: HTTP 200 with an error",
    "router-empty": "router: an empty output",
    "router-no-usage": "router: an answer without usage",
    "router-partial": "router: partial is true",
}
FILES = {
    "result-404": "the file is not found, N times (always)",
    "result-403": "the file is forbidden, N times (always)",
    "result-500": "the file server fails, N times (always)",
    "result-html": "an HTML page in place of the file, N times (always)",
    "result-lying-type": "an HTML page under the file's content type, N times (always)",
    "result-empty": "no bytes, N times (always)",
    "result-endless": "the file never ends, N times (always)",
    "result-vast": "ten gigabytes, announced and sent, N times (always)",
    "result-lying-length": "1,000 bytes more are announced than sent, N times (always)",
    "result-slow": "one byte a second, N times (always)",
    "result-reset": "the connection is reset half way, N times (always)",
    "result-redirect": "a redirect to 169.254.169.254, N times (always)",
    "result-redirect-file": "a redirect to file:///etc/passwd, N times (always)",
    "result-private-url": "the result's address is itself at 169.254.169.254",
}
# Of the upload services, by the setting `upload_fault`: a file has no prompt.
UPLOADS = ("", "500", "401", "429", "garbage", "hang", "reset", "private", "no-address", "short", "put-500")
# What the addresses of our balances do instead, by the setting `billing_fault`.
BILLING = ("", "admin-key", "500", "html", "nonsense")
FAULTS: dict[str, str] = CREATES | ENDS | CALLBACKS | RECORDS | RESULTS | FILES


class UnknownFault(ValueError):
    """A word that is in no table: a typing error would otherwise make a test that proves nothing."""


@dataclass
class Faults:
    """What is asked of one task: words with their arguments, and how often the counted ones were played."""

    words: dict[str, str] = field(default_factory=dict)
    played: dict[str, int] = field(default_factory=dict)

    def __contains__(self, word: str) -> bool:
        return word in self.words

    def number(self, word: str, default: float) -> float:
        """The word's argument as a number, else `default`. Raises UnknownFault when it is none."""
        argument = self.words.get(word, "")
        try:
            return float(argument) if argument else default
        except ValueError:
            raise UnknownFault(f"{word}:{argument} takes a number") from None

    def first(self, words: Iterable[str]) -> str | None:
        """The first of `words` that is asked for."""
        return next((word for word in words if word in self.words), None)

    def play(self, words: Iterable[str]) -> str | None:
        """The first of `words` that is asked for and not yet played as often as its argument says; counts it."""
        for word in words:
            if word in self.words and self.played.get(word, 0) < self.number(word, float("inf")):
                self.played[word] = self.played.get(word, 0) + 1
                return word
        return None


def parse(words: Iterable[str]) -> dict[str, str]:
    """`["fail", "partial:2"]` -> `{"fail": "", "partial": "2"}`. Raises UnknownFault."""
    found: dict[str, str] = {}
    for text in words:
        word, _, argument = text.partition(":")
        if word not in FAULTS:
            raise UnknownFault(f"unknown fault {word!r}")
        found[word] = argument
    return found


def of_prompt(prompt: str) -> dict[str, str]:
    """The words in double brackets of a prompt. Raises UnknownFault."""
    return parse(f"{word}:{argument}" for word, argument in WORD.findall(prompt))


@dataclass
class Script:
    """Faults for the next `times` creates whose prompt contains `match` ("*": any)."""

    match: str
    words: Mapping[str, str]
    times: int

    def fits(self, prompt: str) -> bool:
        """Whether it still applies to a create with this prompt."""
        return self.times > 0 and (self.match == "*" or self.match in prompt)
