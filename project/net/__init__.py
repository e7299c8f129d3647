"""Everything that leaves this machine by HTTP goes through here (design section 2, faults.md rows 30, 61,
62).
"""

from project.net.client import Response, StreamResult, fetch, stream
from project.net.errors import DeadlineExceeded, Lost, NetError, NotSent, Refused, TooLarge, Unresolvable
from project.net.guard import Guard, Resolver, check_url

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
    "check_url",
    "fetch",
    "stream",
]
