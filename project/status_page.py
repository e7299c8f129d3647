"""The service's state in words, for people: what /health/ready and /health/queue tell to machines."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from project import health

LANES: Mapping[str, str] = {
    "main": "Making video and images, payments, mail",
    "store": "Storing results",
    "hooks": "Webhooks",
}


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    """Always a page with 200: whoever can read it is told what works. Machines ask /health."""
    ready = json.loads(health.ready(request).content)
    known = ready["database"] == "ok"  # else nothing below may ask it, the page's frame neither
    lanes = json.loads(health.queue(request).content).get("lanes", {}) if known else {}
    parts = [("Pages and API", ready["status"] == "ok"), *((name, _works(lanes, lane)) for lane, name in LANES.items())]
    notices = [line for name in settings.STATUS_NOTICES for line in import_string(name)()] if known else []
    context = {"notices": notices, "parts": parts, "well": all(works for _, works in parts), "known": known}
    return HttpResponse(render_to_string("status.html", context, request if known else None))


def _works(lanes: Mapping[str, Mapping[str, object]], lane: str) -> bool:
    return lane in lanes and lanes[lane]["status"] == "ok"
