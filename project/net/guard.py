"""Before a connection: is this an address that we call, and which IP exactly? (faults.md rows 61, 62)

An address given by a user or a provider must be https on port 443 of a public host. It is resolved once,
every answer must be public, and the connection goes to those answers and nowhere else, so a name that changes
its mind between check and connect (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import enum
import queue
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import idna
from django.conf import settings

from project.net.addresses import is_public
from project.net.errors import Refused, Unresolvable

MAX_URL = 4096  # characters; presigned storage links reach about 2,000
DNS_SECONDS = 5.0
PRIVATE_NAMES = (
    ".localhost", ".local", ".localdomain", ".internal", ".intranet", ".lan", ".home", ".home.arpa", ".corp",
    ".test", ".example", ".invalid", ".onion",
)  # fmt: skip
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ud800-\udfff]")
_HOST = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

Resolver = Callable[[str, int], Sequence[str]]


class Guard(enum.Enum):
    """Who chose the address."""

    PUBLIC = "public"  # a user or a provider
    OPERATOR = "operator"  # our own settings


@dataclass(frozen=True)
class Target:
    """An address taken apart once; Host, SNI, request line and connection all come from these parts."""

    scheme: str
    host: str  # lower-case A-label name, or a canonical IP literal without brackets
    port: int
    path: bytes  # request target: path and query, as given, non-ASCII percent-encoded

    @property
    def origin(self) -> str:
        """`https://host:port`, the part without secrets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


def parse(url: str) -> Target:
    """The parts of an absolute http or https address; raises Refused with a sentence."""
    if not url or len(url) > MAX_URL:
        raise Refused(f"An address needs 1 to {MAX_URL} characters.")
    if _BLANK_OR_CONTROL.search(url):
        raise Refused("The address holds a blank, a backslash or a control character.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Refused("The address cannot be read.") from None
    if parts.scheme not in ("http", "https"):
        raise Refused("The address must begin with https://.")
    if "@" in parts.netloc:
        raise Refused("The address must not hold a user name or password.")
    host = normal_host(parts.hostname or "", bracketed="[" in parts.netloc)
    if port is None:
        port = 443 if parts.scheme == "https" else 80
    line = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path = b"".join(b"%%%02X" % byte if byte > 0x7E else bytes((byte,)) for byte in line.encode())
    return Target(parts.scheme, host, port, path if path.startswith(b"/") else b"/" + path)


def normal_host(host: str, *, bracketed: bool = False) -> str:
    """One spelling for each host; raises Refused for odd characters and disguised IP literals."""
    if bracketed:
        try:
            return str(ip_address(host))
        except ValueError:
            raise Refused("The address holds an IP literal that cannot be read.") from None
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except idna.IDNAError:
            raise Refused("The host is not a valid name.") from None
    host = host.lower().removesuffix(".")
    if len(host) > 253 or not _HOST.fullmatch(host):
        raise Refused("The host is not a valid name.")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        # 2130706433, 0x7f.1, 0177.0.0.1: libc would read them as addresses, so only the plain form passes.
        try:
            return str(ip_address(host))
        except ValueError:
            raise Refused("The host is a number that is not a plain IP address.") from None
    return host


def vet(target: Target, guard: Guard, *, seconds: float, resolve: Resolver) -> list[str]:
    """The IP addresses that may be connected to for this target, in the resolver's order; raises Refused."""
    if guard is Guard.OPERATOR or is_excepted(target):
        return _addresses(target, seconds=seconds, resolve=resolve)
    _require_public_form(target)
    addresses = _addresses(target, seconds=seconds, resolve=resolve)
    if not all(is_public(address) for address in addresses):
        raise Refused("The host is not on the public internet.")
    return addresses


def _require_public_form(target: Target) -> None:
    if target.scheme != "https":
        raise Refused("The address must begin with https://.")
    if target.port != 443:
        raise Refused("Only the standard port 443 is called.")
    if "." not in target.host and ":" not in target.host:
        raise Refused("The host is not a public name.")
    if target.host == parse(settings.SITE_URL).host:
        raise Refused("The address points back at this service.")


def check_form(url: str) -> None:
    """Raises Refused for what can be told without a name server: for an address that somebody else shall fetch."""
    target = parse(url)
    if is_excepted(target):
        return
    _require_public_form(target)
    if (literal := _literal(target.host)) is not None and not is_public(literal):
        raise Refused("The host is not on the public internet.")


def is_public_site() -> bool:
    """Whether a provider can fetch from SITE_URL, by its form: https, and a public IP or a name with a dot that no
    standard keeps for private use (RFC 6761, 6762, 8375). What OUTBOUND_ALLOW_HOSTS names counts as public."""
    target = parse(settings.SITE_URL)
    if is_excepted(target):
        return True
    if target.scheme != "https":
        return False
    if (literal := _literal(target.host)) is not None:
        return is_public(literal)
    return "." in target.host and not f".{target.host}".endswith(PRIVATE_NAMES)


def is_excepted(target: Target) -> bool:
    """Whether OUTBOUND_ALLOW_HOSTS names this host (any port of it) or this host and port."""
    entries: Sequence[str] = settings.OUTBOUND_ALLOW_HOSTS
    for entry in entries:
        # A bare IPv6 literal has colons of its own; brackets make it readable as host and port.
        parts = urlsplit(f"//[{entry}]" if entry.count(":") > 1 and "[" not in entry else f"//{entry}")
        host = normal_host(parts.hostname or "", bracketed="[" in parts.netloc)
        if host == target.host and parts.port in (None, target.port):
            return True
    return False


def check_url(url: str, *, resolve: Resolver | None = None) -> None:
    """Raises Refused (with `.reason`, a sentence) for an address that fetch would not call.

    Unresolvable, a kind of Refused, when DNS has no answer. For early, friendly errors only: fetch and stream
    check again, and connect to what they checked.
    """
    vet(parse(url), Guard.PUBLIC, seconds=DNS_SECONDS, resolve=resolve or system_resolve)


def system_resolve(host: str, port: int) -> list[str]:
    """IP literals of a host by the system's resolver, best first."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]).partition("%")[0] for *_, sockaddr in found))


def _addresses(target: Target, *, seconds: float, resolve: Resolver) -> list[str]:
    literal = _literal(target.host)
    return [literal] if literal is not None else _in_time(target, seconds=min(seconds, DNS_SECONDS), resolve=resolve)


def _literal(host: str) -> str | None:
    """The host when it is an IP address itself."""
    try:
        return str(ip_address(host))
    except ValueError:
        return None


def _in_time(target: Target, *, seconds: float, resolve: Resolver) -> list[str]:
    """Resolves in a thread of its own: getaddrinfo takes no timeout and can hang for half a minute."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        found: list[str] = []
        try:
            found.extend(resolve(target.host, target.port))
        except (OSError, UnicodeError):
            pass  # no such name, or no resolver: both are "no answer"
        finally:
            answers.put(found)

    threading.Thread(target=ask, name="resolve", daemon=True).start()
    try:
        addresses = answers.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise Unresolvable("The name of the host was not resolved in time.") from None
    if not addresses:
        raise Unresolvable("The name of the host has no address.")
    return addresses
