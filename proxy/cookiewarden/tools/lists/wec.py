"""Cookies that the Website Evidence Collector of the EDPS recorded: inspection.json, or its cookies as YAML.

The keys are from Chromium's `Network.getAllCookies`, with `expiresDays`, `firstPartyStorage` and `log`. The type of
the log is `Cookie.HTTP` or `Cookie.JS`. Source: collector/inspector.js and inspector/index.js of the collector. Values
are not read."""

import math
from datetime import UTC, datetime
from typing import Any

from cookiewarden.core.policy.policy import BROWSER_MAX, DAY, Lifetime, lifetime_text
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report.drift import SKEW, meant
from cookiewarden.core.report.family import families
from cookiewarden.tools.lists.listed import CookieList, Listed, NoList, items, plain
from cookiewarden.tools.lists.sites import hosts_in
from cookiewarden.tools.statement.phrases import SESSION

_SETTERS = {"Cookie.HTTP": "server", "Cookie.JS": "script"}


def read_wec(data: Any) -> CookieList:
    """Read an inspection, or its list of cookies. Raises NoList."""
    cookies = data if isinstance(data, list) else items(data, "cookies")
    if not any(isinstance(cookie, dict) and "name" in cookie and "domain" in cookie for cookie in cookies):
        raise NoList('it has no "cookies" with a name and a domain; give inspection.json or cookies.yml')
    began = _seconds(data.get("start_time")) if isinstance(data, dict) else None
    found = CookieList("one visit that the Website Evidence Collector recorded", is_observed=True)
    if isinstance(data, dict):
        found.own_hosts = hosts_in(plain(data.get("host")))
        _skip_storage(found, data.get("localStorage"))
    for number, cookie in enumerate(cookies):
        _cookie(found, cookie, f"cookies[{number}]", began)
    return found


def _skip_storage(found: CookieList, storage: Any) -> None:
    """Leave out local storage, which is an object of items for each origin."""
    for origin, stored in storage.items() if isinstance(storage, dict) else ():
        number = counted(len(stored), "item") if isinstance(stored, dict) else "items"
        found.skip(f'localStorage["{printable(str(origin))}"]', f"{number} of local storage, not cookies")


def _cookie(found: CookieList, cookie: Any, place: str, began: float | None) -> None:
    found.rows += 1
    name = cookie.get("name") if isinstance(cookie, dict) else None
    if not isinstance(name, str) or not name:
        found.report(place, "an item without a name")
        return
    if "*" in name:
        found.report(
            place, f'"{printable(name)}": a * in an entry matches any characters; declare this cookie manually'
        )
        return
    log = cookie.get("log")
    kind = log.get("type") if isinstance(log, dict) else None
    domain = plain(cookie.get("domain"))
    is_other = cookie.get("firstPartyStorage") is False
    lifetime, is_cut = (None, False) if is_other else _lifetime(cookie, began)
    notes = [f"domain: {domain}"] if domain else []
    if is_cut:
        notes.append(f"recorded with more than {BROWSER_MAX // DAY} days, which is the maximum of browsers")
    if random := families([name]):
        notes.append(f'a part of the name looks random; if other visits have other names, write "{random[0].glob}"')
    found.add(
        Listed(
            name,
            place,
            lifetime=lifetime,
            notes=tuple(notes),
            set_by=_SETTERS.get(kind, "") if isinstance(kind, str) else "",
            is_script_readable=cookie.get("httpOnly") is False,
            hosts=hosts_in(domain),
            is_first_party=cookie.get("firstPartyStorage") is True,
            other_site=(domain or "another host") if is_other else "",
        )
    )


def _lifetime(cookie: dict[str, Any], began: float | None) -> tuple[Lifetime | None, bool]:
    """Return the time from the start of the inspection to the end of the cookie, at most the maximum of browsers. Also
    return true if the time was longer."""
    if cookie.get("session") is True:
        return SESSION, False
    expires, days = _number(cookie.get("expires")), _number(cookie.get("expiresDays"))
    seconds = 0
    if began is not None and expires > began:
        seconds = round(expires - began)
    elif days >= 1:
        seconds = math.ceil(days) * DAY
    kept = _meant(min(seconds, BROWSER_MAX))
    return Lifetime(lifetime_text(kept), kept) if kept else None, seconds > BROWSER_MAX + SKEW


SET_LATER = 20
"""Seconds after the start of the inspection in which its pages set cookies."""


def _meant(seconds: int) -> int:
    """Return the lifetime that the website meant: in minutes from a minute, else as `meant`."""
    is_short = 60 <= seconds < 3600
    return max(60, -(-(seconds - SET_LATER) // 60) * 60) if is_short else meant(seconds)


def _number(value: Any) -> float:
    """Return a finite number, or 0 for other values."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and abs(value) < 1e15 else 0


def _seconds(time: Any) -> float | None:
    """Return a time of JSON or YAML in seconds since the epoch."""
    if isinstance(time, str):
        try:
            time = datetime.fromisoformat(time)
        except ValueError:
            return None
    if not isinstance(time, datetime):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
