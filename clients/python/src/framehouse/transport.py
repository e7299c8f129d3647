"""Requests to the API: sent again only where that is safe, the key sent to no other host."""

from __future__ import annotations

import json
import random
import ssl
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import httpx

from framehouse.errors import APIConnectionError, APITimeoutError, FramehouseError, UnreadableAnswer, error_class
from framehouse.money import Money, as_json
from framehouse.reading import read
from framehouse.shapes import Shape

AGENT = {"User-Agent": "framehouse-python/0.1.0"}
KEY_HEADER = "Idempotency-Key"
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0  # seconds between two tries
LONGEST_RETRY_AFTER = 60.0  # seconds; what asks for more is raised instead
CONNECT_SECONDS = 10.0
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
PASSING = {429, 502, 503, 504}
S = TypeVar("S", bound=Shape)


class Transport:
    """One HTTP client and the rules of sending again."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        timeout: float,
        max_retries: int,
        sleep: Callable[[float], None],
        tls: ssl.SSLContext,
    ) -> None:
        root = base_url.rstrip("/").removesuffix("/api/v1")
        if urlsplit(root).scheme not in ("http", "https") or not urlsplit(root).hostname:
            raise ValueError("base_url must be the http(s) address of a Framehouse, such as https://framehouse.example")
        self.root = f"{root}/api/v1"
        self.max_retries, self.sleep, self.timeout = max_retries, sleep, timeout
        headers = AGENT | ({"Authorization": f"Bearer {api_key}"} if api_key else {})
        self._client = httpx.Client(headers=headers, follow_redirects=False, verify=tls)

    def close(self) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        files: Any = None,
        patience: float = 0,
    ) -> httpx.Response:
        """The answer, a 2xx. Raises APIError for any other and APIConnectionError for none; `patience` is how many
        seconds longer than usual the answer may take."""
        try:
            return self._send(method, path, body, params, dict(headers or {}), files, patience)
        except FramehouseError as error:
            error.idempotency_key = (headers or {}).get(KEY_HEADER)
            raise

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        params: Mapping[str, str] | None,
        sent: dict[str, str],
        files: Any,
        patience: float,
    ) -> httpx.Response:
        content = None
        if body is not None:
            content = json.dumps(body, allow_nan=False, default=_money).encode()
            sent["Content-Type"] = "application/json"
        timeout = httpx.Timeout(self.timeout + patience, connect=min(self.timeout, CONNECT_SECONDS))
        request = self._client.build_request(
            method, self.root + path, content=content, params=params, headers=sent, files=files, timeout=timeout
        )
        safe = method in ("GET", "HEAD", "DELETE") or KEY_HEADER in sent
        tries = 0
        while True:
            pause = back_off(tries)
            try:
                response = self._client.send(request)
            except httpx.RequestError as error:
                if tries >= self.max_retries or not (safe or isinstance(error, NEVER_SENT)):
                    kind = APITimeoutError if isinstance(error, httpx.TimeoutException) else APIConnectionError
                    raise kind(f"{method} {path}: {error or type(error).__name__}") from error
            else:
                if response.is_success or (method == "DELETE" and tries and response.status_code == 404):
                    return response  # 404: an earlier try has deleted it
                named = retry_after(response)
                passing = response.status_code in PASSING or (
                    response.status_code == 409 and named is not None and KEY_HEADER in sent  # the first still runs
                )
                if not (safe and passing) or tries >= self.max_retries or (named or 0) > LONGEST_RETRY_AFTER:
                    raise _refusal(response, named)
                if named is not None:
                    pause = named * random.uniform(1, 1.1)  # noqa: S311 - spreads callers, guards nothing
            self.sleep(pause)
            tries += 1

    def json(self, method: str, path: str, **more: Any) -> Any:
        """The JSON of the answer."""
        return parsed(self.send(method, path, **more))

    def one(self, kind: type[S], method: str, path: str, **more: Any) -> S:
        """The answer as one `kind`."""
        return read(kind, self.json(method, path, **more))

    def pages(self, kind: type[S], path: str, **filters: object) -> Iterator[S]:
        """Every row of a list, page by page as they are asked for. Of `next` only the cursor is used: an address that
        an answer names never decides where the key is sent."""
        params = {name: as_parameter(value) for name, value in filters.items() if value is not None}
        while True:
            page = self.json("GET", path, params=params)
            if not isinstance(page, dict) or not isinstance(page.get("results"), list):
                raise UnreadableAnswer(f"GET {path} answered without results")
            yield from (read(kind, row) for row in page["results"])
            if not page.get("next"):
                return
            params |= dict(parse_qsl(urlsplit(page["next"]).query))


def parsed(response: httpx.Response) -> Any:
    """The JSON of an answer. Raises UnreadableAnswer."""
    try:
        return response.json()
    except ValueError as error:
        raise UnreadableAnswer(f"{response.request.url} answered {response.status_code} without JSON") from error


def as_parameter(value: object) -> str:
    """A filter as text: moments in RFC 3339."""
    if not isinstance(value, datetime):
        return str(value)
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.isoformat()


def retry_after(response: httpx.Response) -> float | None:
    """Seconds of the Retry-After header, given in seconds or as a date (RFC 9110 section 10.2.3)."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def id_of(one: Any) -> str:
    """The id of what is given: itself, or a text that is quoted to stay one step of a path."""
    return quote(one if isinstance(one, str) else one.id, safe="")


def given(**values: Any) -> dict[str, Any]:
    """A body of what was given: the API takes no null."""
    return {name: value for name, value in values.items() if value is not None}


def _money(value: object) -> dict[str, str]:
    if isinstance(value, Money):
        return as_json(value)
    raise TypeError(f"{value!r} cannot be sent as JSON")


def back_off(tries: int) -> float:
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**tries) * random.uniform(0.5, 1)  # noqa: S311 - spreads callers


def _refusal(response: httpx.Response, named: float | None) -> Exception:
    try:
        problem = response.json()
    except ValueError:
        problem = None
    return error_class(response.status_code)(
        response.status_code,
        problem if isinstance(problem, dict) else {"title": response.reason_phrase},
        request_id=response.headers.get("X-Request-Id"),
        retry_after=named,
    )
