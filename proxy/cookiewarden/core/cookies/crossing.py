"""Requests that pages of other sites make, with which SameSite decides on cookies (RFC 6265bis 5.2)."""

from enum import Enum
from urllib.parse import urlsplit

from cookiewarden.core.cookies.scope import canonical_host
from cookiewarden.core.cookies.suffix import is_same_site

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS", b"TRACE"})
"""Methods of a navigation with which browsers send SameSite=Lax (RFC 9110 9.2.1)."""


class Crossing(Enum):
    """Relation of a request to the site of the page that made it."""

    NONE = "none"
    """From the same site, without a page, unknown, or a plain link, with which Lax is sent."""
    OTHER = "other"
    """From another site, such as a frame or an image."""
    POST = "post"
    """From another site with a method that is not safe, such as a sign-in by form_post, SAML or a payment."""


def crossing(method: bytes, host: bytes, fetch_site: bytes, fetch_dest: bytes, origin: bytes) -> Crossing:
    """Return the crossing of a request to a host.

    Args:
        fetch_site: the value of Sec-Fetch-Site, or empty. Older browsers do not send it; then `origin` decides.
        fetch_dest: the value of Sec-Fetch-Dest, or empty.
        origin: the value of Origin, or empty. `null` is no evidence.
    """
    is_foreign = fetch_site == b"cross-site" if fetch_site else _is_foreign(origin, host)
    if not is_foreign or (method in (b"GET", b"HEAD") and fetch_dest == b"document"):
        return Crossing.NONE
    return Crossing.OTHER if method in SAFE else Crossing.POST


def _is_foreign(origin: bytes, host: bytes) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return bool(parts.netloc) and not is_same_site(canonical_host(parts.netloc), canonical_host(host))
