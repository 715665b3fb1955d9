"""Public suffixes: domains under which anybody can register names, so browsers reject cookies for them (RFC 6265bis
5.6.3)."""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.scope import is_ip_address

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


MAX_HOST = 253
"""Maximum length of a DNS name, in octets (RFC 1035 2.3.4). Longer names are not hosts and could cost much time."""
MAX_LABELS = 10
_NAME = re.compile(rb"[A-Za-z0-9._\x80-\xff-]*")


@cache
def _list() -> "PublicSuffixList":
    """Return the list in the package. Loading takes 35 ms, so it happens only if a policy needs the list."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


@lru_cache(maxsize=256)
def is_public_suffix(domain: bytes) -> bool:
    """Check whether browsers reject a Domain with this canonical host. Unknown top-level domains are suffixes."""
    return bool(_list().is_public(domain.decode("latin-1")))


def registrable_parents(host: bytes) -> list[bytes]:
    """Return the valid Domain attributes on a host: the host and the domains above it, except public suffixes.

    The host is first. For an IP address or an invalid host name, the list is empty."""
    if is_ip_address(host) or len(host) > MAX_HOST or not _NAME.fullmatch(host):
        return []
    labels = host.split(b".")
    first = max(0, len(labels) - MAX_LABELS)
    above = (b".".join(labels[at:]) for at in range(first, len(labels)))
    return [domain for domain in above if domain and not is_public_suffix(domain)]


def is_same_site(one: bytes, other: bytes) -> bool:
    """Check whether two hosts are equal or below the same registrable domain (HTML, "same site")."""
    return one == other or _site_of(one) == _site_of(other)


def _site_of(host: bytes) -> bytes:
    return next(reversed(registrable_parents(host)), host)
