"""Public suffixes: domains under which anybody can register, and to which no cookie can be bound (RFC 6265bis
5.6.3)."""

import re
from functools import cache
from typing import TYPE_CHECKING

from cookiewarden.core.cookies.scope import is_ip_address

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


MAX_HOST = 253
"""Octets of a name in the DNS (RFC 1035 2.3.4): a longer one is no host's, and costs what its sender wants."""
MAX_LABELS = 10
_NAME = re.compile(rb"[A-Za-z0-9._\x80-\xff-]*")


@cache
def _list() -> "PublicSuffixList":
    """The list that the package brings: 35 ms, and so read only when a policy asks for it."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()


def is_public_suffix(domain: bytes) -> bool:
    """Whether browsers refuse a cookie for `domain`, a canonical host, with all below it. Unknown top levels are
    suffixes."""
    return bool(_list().is_public(domain.decode("latin-1")))


def registrable_parents(host: bytes) -> list[bytes]:
    """`host` and the domains above it that are no public suffix, the host first: what a Domain attribute can say there.
    None for an IP address, and for what is no name of a host."""
    if is_ip_address(host) or len(host) > MAX_HOST or not _NAME.fullmatch(host):
        return []
    labels = host.split(b".")
    first = max(0, len(labels) - MAX_LABELS)
    above = (b".".join(labels[at:]) for at in range(first, len(labels)))
    return [domain for domain in above if domain and not is_public_suffix(domain)]
