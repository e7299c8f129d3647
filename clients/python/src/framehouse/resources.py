"""The smaller parts of the API: models, quotes, uploads, wallet, webhooks. The names are those of the REST calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from framehouse.shapes import (
    BatchQuote,
    Delivery,
    Entry,
    Model,
    Quote,
    Upload,
    Wallet,
    WebhookEndpoint,
    WebhookSecret,
)
from framehouse.transport import Transport, given, id_of


class Resource:
    def __init__(self, http: Transport) -> None:
        self._http = http


class Models(Resource):
    """What is on offer; no key is needed."""

    def list(self) -> Iterator[Model]:
        return self._http.pages(Model, "/models")

    def get(self, slug: str) -> Model:
        return self._http.one(Model, "GET", f"/models/{id_of(slug)}")


class Quotes(Resource):
    """Prices that bind for 10 minutes."""

    def create(self, model: str, input: Mapping[str, Any]) -> Quote:
        return self._http.one(Quote, "POST", "/quotes", body={"model": model, "input": input})

    def batch(
        self, requests: Sequence[Mapping[str, Any]] | None = None, *, grid: Mapping[str, Any] | None = None
    ) -> BatchQuote:
        """One price in total for a list of requests, or for a grid of `models`, `prompts` and `settings`."""
        return self._http.one(BatchQuote, "POST", "/quotes/batch", body=given(requests=requests, grid=grid))


class Uploads(Resource):
    """Images to use as input."""

    def create(self, file: str | Path | bytes | IO[bytes]) -> Upload:
        """Sends a jpeg, png or webp of at most 10 MB: a path, its bytes or an open file."""
        if isinstance(file, bytes):
            name, data = "image", file
        elif isinstance(file, (str, Path)):
            name, data = Path(file).name, Path(file).read_bytes()
        else:
            name, data = "image", file.read()
        return self._http.one(Upload, "POST", "/uploads", files={"file": (name, data)})

    def list(self) -> Iterator[Upload]:
        return self._http.pages(Upload, "/uploads")

    def get(self, upload: Upload | str) -> Upload:
        return self._http.one(Upload, "GET", f"/uploads/{id_of(upload)}")

    def delete(self, upload: Upload | str) -> None:
        self._http.send("DELETE", f"/uploads/{id_of(upload)}")


class Wallets(Resource):
    def get(self) -> Wallet:
        return self._http.one(Wallet, "GET", "/wallet")

    def entries(
        self, *, created_after: datetime | None = None, created_before: datetime | None = None
    ) -> Iterator[Entry]:
        """Every line of the statement, newest first."""
        return self._http.pages(Entry, "/wallet/entries", created_after=created_after, created_before=created_before)


class WebhookEndpoints(Resource):
    """Addresses of yours that are told of events; for a key of the scope `manage`."""

    def create(
        self, url: str, *, events: Sequence[str] | None = None, description: str | None = None
    ) -> WebhookEndpoint:
        """The answer holds the `secret`, here and never again. No `events` means all."""
        body = given(url=url, events=events, description=description)
        return self._http.one(WebhookEndpoint, "POST", "/webhook-endpoints", body=body)

    def list(self) -> Iterator[WebhookEndpoint]:
        return self._http.pages(WebhookEndpoint, "/webhook-endpoints")

    def get(self, endpoint: WebhookEndpoint | str) -> WebhookEndpoint:
        return self._http.one(WebhookEndpoint, "GET", self._path(endpoint))

    def update(
        self,
        endpoint: WebhookEndpoint | str,
        *,
        url: str | None = None,
        events: Sequence[str] | None = None,
        description: str | None = None,
        status: str | None = None,
    ) -> WebhookEndpoint:
        """Changes what is given; `status` is "enabled" or "disabled"."""
        body = given(url=url, events=events, description=description, status=status)
        return self._http.one(WebhookEndpoint, "PATCH", self._path(endpoint), body=body)

    def delete(self, endpoint: WebhookEndpoint | str) -> None:
        self._http.send("DELETE", self._path(endpoint))

    def rotate(self, endpoint: WebhookEndpoint | str, *, overlap_hours: int | None = None) -> WebhookEndpoint:
        """A new `secret`; the old one signs beside it for `overlap_hours` (24)."""
        body = given(overlap_hours=overlap_hours)
        return self._http.one(WebhookEndpoint, "POST", self._path(endpoint, "rotate"), body=body)

    def test(self, endpoint: WebhookEndpoint | str, *, type: str | None = None) -> Delivery:
        """Sends an event of no meaning."""
        return self._http.one(Delivery, "POST", self._path(endpoint, "test"), body=given(type=type))

    def deliveries(
        self, endpoint: WebhookEndpoint | str, *, status: str | None = None, type: str | None = None
    ) -> Iterator[Delivery]:
        return self._http.pages(Delivery, self._path(endpoint, "deliveries"), status=status, type=type)

    def delivery(self, endpoint: WebhookEndpoint | str, delivery: Delivery | str) -> Delivery:
        """One delivery with its body and attempts."""
        return self._http.one(Delivery, "GET", self._path(endpoint, "deliveries", id_of(delivery)))

    def redeliver(self, endpoint: WebhookEndpoint | str, delivery: Delivery | str) -> Delivery:
        return self._http.one(Delivery, "POST", self._path(endpoint, "deliveries", id_of(delivery), "redeliver"))

    @staticmethod
    def _path(endpoint: WebhookEndpoint | str, *steps: str) -> str:
        return "/".join(["/webhook-endpoints", id_of(endpoint), *steps])


class WebhookSecrets(Resource):
    """The secret that signs what goes to the `webhook_url` of single generations."""

    def get(self) -> WebhookSecret:
        return self._http.one(WebhookSecret, "GET", "/webhook-secret")

    def rotate(self, *, overlap_hours: int | None = None) -> WebhookSecret:
        body = given(overlap_hours=overlap_hours)
        return self._http.one(WebhookSecret, "POST", "/webhook-secret/rotate", body=body)
