"""Lists of cookies of OneTrust, as JSON.

The JSON of a published banner has groups, with the cookies of the site and, by host, of other sites. Sources are public
TypeScript types for it, the scrapers of CookieBlock (ETH Zurich), and the banner's script. That script, otBannerSdk.js,
has the units of the API.

The second form is an array of cookies for the API "Create Cookie". Its source is "Creating a New Cookie Runner Script"
in the documentation of OneTrust for developers.
"""

import re
from typing import Any

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.listed import ConsentCookie, CookieList, Listed, ListedCategory, NoList, items, plain
from cookiewarden.tools.lists.sites import hosts_in
from cookiewarden.tools.statement.phrases import SESSION

_UNITS = {1: "d", 7: "w", 30: "mo", 365: "y"}
"""Units of the API "Create Cookie" and of the banner: days, weeks, months and years."""
_CONSENT = ConsentCookie("OptanonConsent", "onetrust")
_SIZES = {"d": 86400, "w": 7 * 86400, "mo": 730 * 3600, "y": 365 * 86400}


def read_onetrust(data: Any) -> CookieList:
    """Read the JSON of a banner, or cookies for the API. Raises NoList."""
    if isinstance(data, list) and any(isinstance(one, dict) and "cookieName" in one for one in data):
        return _read_cookies(data)
    domain = data.get("DomainData", data) if isinstance(data, dict) else None
    groups = items(domain, "Groups")
    if not groups:
        raise NoList(
            'it has no "Groups"; give the JSON of the banner (…/consent/ID/ID/en.json), or a list with "cookieName"'
        )
    found = CookieList("a list of OneTrust", consent=_CONSENT)
    for number, group in enumerate(groups):
        place = f"Groups[{number}]"
        category = found.category(_category(group)) if isinstance(group, dict) else ""
        for at, cookie in enumerate(items(group, "FirstPartyCookies")):
            _cookie(found, cookie, f"{place}.FirstPartyCookies[{at}]", category, "")
        for at, host in enumerate(items(group, "Hosts")):
            site = plain(host.get("HostName")) if isinstance(host, dict) else ""
            for index, cookie in enumerate(items(host, "Cookies")):
                _cookie(found, cookie, f"{place}.Hosts[{at}].Cookies[{index}]", category, site or "another host")
    return found


def _category(group: dict[str, Any]) -> ListedCategory:
    """Read a group. Its word in the consent cookie is its identifier, such as C0002."""
    word = plain(group.get("CustomGroupId")) or plain(group.get("OptanonGroupId"))
    is_active = plain(group.get("Status")).lower() == "always active"
    return ListedCategory(
        plain(group.get("GroupName")) or word, granted_by=(word,) if word else (), is_always_active=is_active
    )


def _cookie(found: CookieList, cookie: Any, place: str, category: str, other_site: str) -> None:
    found.rows += 1
    written = cookie.get("Name") if isinstance(cookie, dict) else None
    pattern = _pattern(written, cookie.get("patternKey")) if isinstance(written, str) else ""
    name = pattern or found.name(place, written)
    if not name:
        return
    host = plain(cookie.get("Host"))
    is_other = bool(other_site) or cookie.get("isThirdParty") is True
    notes = [f"host: {host}"] if host else []
    if pattern:
        notes.append(f"listed as {plain(written)}")
    found.add(
        Listed(
            name,
            place,
            purpose=plain(cookie.get("description")),
            category=category,
            lifetime=None if is_other else _banner_lifetime(found, cookie, place, name),
            lifetime_said=_said(cookie.get("Length"), cookie.get("DurationType", "")),
            notes=tuple(notes),
            hosts=hosts_in(host),
            is_first_party=not is_other,
            other_site=(other_site or host or "another host") if is_other else "",
        )
    )


_PLACEHOLDER = re.compile(r"([-_.]*)[nxNX#*]+(?:[-_.][nxNX#*]+)*")


def _pattern(name: str, key: Any) -> str:
    """Return the glob of a name such as `_gat_UA-nnnnnnn-nn` whose pattern is `_gat_UA-`, or "" for other names."""
    name = name.strip()
    rest = _PLACEHOLDER.fullmatch(name, len(key)) if isinstance(key, str) and key and name.startswith(key) else None
    return f"{key}{rest[1]}*" if rest and "*" not in key else ""


def _said(length: Any, unit: Any) -> str:
    """Return a length and its unit for messages."""
    return plain(f"{length}, type {unit}")[:40]


def _banner_lifetime(found: CookieList, cookie: dict[str, Any], place: str, name: str) -> Lifetime | None:
    """Read the lifetime of a cookie in a banner: for the session, or a length and its unit. Without a unit, it is in
    days."""
    if cookie.get("IsSession") is True:
        return SESSION
    length, unit = _whole(cookie.get("Length")), _whole(cookie.get("DurationType") or 1)
    if length and unit in _UNITS:
        return _of(length, _UNITS[unit])
    told = "is shorter than a day" if length == 0 else "is not understood"
    said = _said(cookie.get("Length"), cookie.get("DurationType", ""))
    found.report(place, f'the lifetime of "{printable(name)}" {told} ({printable(said)}); choose one')
    return None


def _read_cookies(data: list[Any]) -> CookieList:
    found = CookieList("a list of cookies for OneTrust", consent=_CONSENT)
    for number, cookie in enumerate(data):
        found.rows += 1
        place = f"[{number}]"
        name = found.name(place, cookie.get("cookieName") if isinstance(cookie, dict) else None)
        if not name:
            continue
        host, title = plain(cookie.get("host")), plain(cookie.get("customCategoryName"))
        domains = [one.get("thirdParty") for one in items(cookie, "domainCookieCategoryList") if isinstance(one, dict)]
        is_other = bool(domains) and all(third is True for third in domains)
        found.add(
            Listed(
                name,
                place,
                purpose=plain(cookie.get("description")),
                category=found.category(ListedCategory(title)),
                lifetime=None if is_other else _lifetime(found, cookie, place, name),
                lifetime_said=_said(cookie.get("length"), cookie.get("durationType", "")),
                notes=(f"host: {host}",) if host else (),
                hosts=hosts_in(host),
                other_site=(host or "another host") if is_other else "",
            )
        )
    return found


def _lifetime(found: CookieList, cookie: dict[str, Any], place: str, name: str) -> Lifetime | None:
    """Read a lifespan, a length and its unit. The length of session cookies is 0."""
    length, unit = _whole(cookie.get("length")), _whole(cookie.get("durationType"))
    span = plain(cookie.get("lifespan")).lower()
    if (span == "session" and not cookie.get("length")) or (span == "" and length == 0):
        return SESSION
    if span in ("", "persistent") and length and unit in _UNITS:
        return _of(length, _UNITS[unit])
    said = _said(cookie.get("length"), cookie.get("durationType", ""))
    found.report(place, f'the lifetime of "{printable(name)}" is not understood ({printable(said)}); choose one')
    return None


def _of(length: int, unit: str) -> Lifetime:
    return Lifetime(f"{length}{unit}", length * _SIZES[unit])


def _whole(number: Any) -> int | None:
    """Return a number, or digits, as a whole number of at most 6 digits; None for others."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
