"""Everything that leaves this machine by HTTP goes through here (design section 2, faults.md rows 30, 61,
62).
"""

from project.net.client import Response, StreamResult, fetch, stream
from project.net.errors import DeadlineExceeded, Lost, NetError, NotSent, Refused, TooLarge, Unresolvable
from project.net.forms import multipart
from project.net.guard import Guard, Resolver, check_form, check_url, is_public_site

__all__ = [
    "DeadlineExceeded",
    "Guard",
    "Lost",
    "NetError",
    "NotSent",
    "Refused",
    "Resolver",
    "Response",
    "StreamResult",
    "TooLarge",
    "Unresolvable",
    "check_form",
    "check_url",
    "fetch",
    "is_public_site",
    "multipart",
    "stream",
]
