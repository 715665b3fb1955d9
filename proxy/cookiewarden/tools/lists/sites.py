"""Sites of listed cookies. The proxy does not see the cookies of other sites."""

import re
from collections.abc import Sequence
from dataclasses import replace

from cookiewarden.core.cookies.scope import canonical_host
from cookiewarden.core.cookies.suffix import is_same_site
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.listed import CookieList, Listed

_HOST = re.compile(r"\.?[\w-]+(?:\.[\w-]+)+")
MAX_TOLD = 5
"""Maximum hosts in a message."""


def hosts_in(text: str) -> tuple[str, ...]:
    """Return the hosts of a text that has only hosts, else none."""
    words = text.replace(",", " ").split()
    return tuple(words) if all(map(_HOST.fullmatch, words)) else ()


def mark_other_sites(found: CookieList, wanted: Sequence[str]) -> None:
    """Mark the cookies of other sites than `wanted`, or without `wanted`, than the site of the list. A list that does
    not show its own site is reported."""
    own = list(wanted) or _own_hosts(found)
    unknown: dict[str, str] = {}
    for at, cookie in enumerate(found.cookies):
        if not cookie.hosts or (cookie.other_site and not wanted):
            continue
        if own:
            is_own = any(_is_same(host, one) for host in cookie.hosts for one in own)
            found.cookies[at] = replace(cookie, other_site="" if is_own else ", ".join(cookie.hosts))
        else:
            found.cookies[at] = replace(cookie, other_site=", ".join(cookie.hosts))
            unknown |= dict.fromkeys(cookie.hosts, cookie.place)
    if unknown:
        found.is_site_known = False
        told = ", ".join(printable(host) for host in list(unknown)[:MAX_TOLD])
        more = f" and {len(unknown) - MAX_TOLD} more" if len(unknown) > MAX_TOLD else ""
        found.report("hosts", f"the list does not show which site is its own ({told}{more}); give --host")


def _own_hosts(found: CookieList) -> list[str]:
    """Return the hosts that the list shows for itself, for the consent cookie, or for all first parties. Without them,
    return the hosts of all cookies, if they are of one site."""
    if found.own_hosts:
        return list(found.own_hosts)
    rows = [cookie for cookie in found.cookies if not cookie.other_site]
    name = found.consent.name if found.consent else ""
    for some in ([c for c in rows if c.name == name], [c for c in rows if c.is_first_party]):
        if hosts := _hosts(some):
            return hosts
    hosts = _hosts(rows)
    return hosts if all(_is_same(host, hosts[0]) for host in hosts) else []


def _hosts(cookies: Sequence[Listed]) -> list[str]:
    return list(dict.fromkeys(host for cookie in cookies for host in cookie.hosts))


def _is_same(one: str, other: str) -> bool:
    return is_same_site(_bare(one), _bare(other))


def _bare(host: str) -> bytes:
    return canonical_host(host.removeprefix("*").strip(".").lower().encode("utf-8", "replace"))
