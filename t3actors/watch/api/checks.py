"""Who may ask what, judged by a request's head alone. Pure.

A browser carries requests for any page that it shows. What keeps another origin's page out: a request that names an origin must
come from the origin it goes to; a browser's own word (Sec-Fetch-Site) that it comes from elsewhere is believed; and over TCP the
host must be an address, localhost or a configured name, since a foreign name that resolves to us (DNS rebinding) is the page's own origin.
"""

from __future__ import annotations

import base64
import hmac
import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

LONGEST_PATH = 512
_PATH = re.compile(rb"/|(/[A-Za-z0-9._:@-]+)+")
_SPLIT_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::[0-9]{1,5})?")
NO_PATH = "no such path: between its slashes a path has letters, digits and - _ . : @, and no dots alone"
OWN_SITES = {b"same-origin", b"none"}
PROTOCOL = "t3actors"
TOKEN_PROTOCOL = b"t3actors.token."
DECIDE = {b"host", b"origin", b"authorization", b"content-length", b"sec-fetch-site", b"sec-websocket-protocol"}


def path_fault(raw_path: bytes) -> str:
    """Say what is wrong with a path; empty when nothing is.

    Whatever is escaped must mean the same unescaped: no slash, no dot segment, no other letter than names have.
    """
    plain = unquote_to_bytes(raw_path)
    if len(raw_path) > LONGEST_PATH or _PATH.fullmatch(plain) is None or plain.count(b"/") != raw_path.count(b"/"):
        return NO_PATH
    return NO_PATH if {b".", b".."} & set(plain.split(b"/")) else ""


def host_fault(host: bytes | None, names: Iterable[str], *, is_local: bool = False) -> str:
    """Say what is wrong with the Host of a request; empty when nothing is.

    `is_local`: it came by the unix socket. A browser comes there by a port that somebody has forwarded to it, so a foreign name is refused
    there as well; a name without a dot is nobody's in the DNS.
    """
    if is_local and (host is None or b"." not in host):
        return ""
    found = _SPLIT_HOST.fullmatch(host.decode("latin-1")) if host else None
    if found is None:
        return "a request must name its host"
    name = found[1].strip("[]").lower()
    if name == "localhost" or name in {known.lower() for known in names}:
        return ""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return f'no host "{name[:64]}" here: allowed are an IP address, localhost, and the names in [api] hosts'
    return ""


def origin_fault(headers: dict[bytes, bytes], *, secure: bool) -> str:
    """Say why a request comes from another origin's page; empty when it does not."""
    site = headers.get(b"sec-fetch-site")
    if site is not None and site not in OWN_SITES:
        return "a page of another origin may not ask here"
    origin = headers.get(b"origin")
    if origin is None:
        return ""
    own = (b"https://" if secure else b"http://") + headers.get(b"host", b"")
    return "" if origin.lower() == own.lower() else "a page of another origin may not ask here"


def token_fault(authorization: bytes | None, token: bytes | None) -> str:
    """Say why a request may not be answered; empty when it may. Takes the same time for any wrong token of one length."""
    if token is None:
        return ""
    if authorization is None:
        return "a bearer token is needed"
    scheme, _, given = authorization.partition(b" ")
    right = hmac.compare_digest(given.strip(), token)
    return "" if right and scheme.lower() == b"bearer" else "that is not the token"


def offered_token(protocols: bytes | None) -> bytes | None:
    """Return the token that a WebSocket brings along, as a browser can: `Sec-WebSocket-Protocol: t3actors, t3actors.token.TOKEN`.

    TOKEN is the bearer token in base64url without padding, since that header bears few signs; None where there is none.
    """
    for each in (protocols or b"").split(b","):
        name = each.strip()
        if name.startswith(TOKEN_PROTOCOL):
            coded = name.removeprefix(TOKEN_PROTOCOL)
            try:
                return base64.b64decode(coded + b"=" * (-len(coded) % 4), altchars=b"-_", validate=True)
            except ValueError:
                return b""
    return None


def header_map(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return the headers by their lower-case names.

    **Raises**: ValueError when one that decides comes twice, or the length is said in two ways (RFC 9112, 6.3): whoever stands before
    us might go by the other.
    """
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in found and name in DECIDE:
            raise ValueError(f"{name.decode('latin-1')} comes twice")
        found[name] = value
    if b"content-length" in found and b"transfer-encoding" in found:
        raise ValueError("content-length and transfer-encoding both say how long it is")
    return found
