"""Lists of cookies of OneTrust, as JSON.

The JSON of a published banner has groups, with the cookies of the site and, by host, of other sites. Sources are public
TypeScript types for it, and the scrapers of CookieBlock (ETH Zurich).

The second form is an array of cookies for the API "Create Cookie". Its source is "Creating a New Cookie Runner Script"
in the documentation of OneTrust for developers.
"""

from typing import Any

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.listed import CookieList, Listed, NoList, items, plain
from cookiewarden.tools.statement.phrases import SESSION

_UNITS = {1: "d", 7: "w", 30: "mo", 365: "y"}
"""Units of the API "Create Cookie": days, weeks, months and years."""
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
    found = CookieList("a list of OneTrust")
    for number, group in enumerate(groups):
        place = f"Groups[{number}]"
        category = plain(group.get("GroupName")) if isinstance(group, dict) else ""
        for at, cookie in enumerate(items(group, "FirstPartyCookies")):
            _cookie(found, cookie, f"{place}.FirstPartyCookies[{at}]", category, "")
        for at, host in enumerate(items(group, "Hosts")):
            site = plain(host.get("HostName")) if isinstance(host, dict) else ""
            for index, cookie in enumerate(items(host, "Cookies")):
                _cookie(found, cookie, f"{place}.Hosts[{at}].Cookies[{index}]", category, site or "another host")
    return found


def _cookie(found: CookieList, cookie: Any, place: str, category: str, other_site: str) -> None:
    found.rows += 1
    name = found.name(place, cookie.get("Name") if isinstance(cookie, dict) else None)
    if not name:
        return
    host = plain(cookie.get("Host"))
    is_other = bool(other_site) or cookie.get("isThirdParty") is True
    found.add(
        Listed(
            name,
            place,
            purpose=plain(cookie.get("description")),
            category=category,
            lifetime=None if is_other else _banner_lifetime(found, cookie, place, name),
            notes=(f"host: {host}",) if host else (),
            other_site=(other_site or host or "another host") if is_other else "",
        )
    )


def _banner_lifetime(found: CookieList, cookie: dict[str, Any], place: str, name: str) -> Lifetime | None:
    """Read the lifetime of a cookie in a banner: for the session, or in days. Other units are reported, because the
    sources do not state if the number is in days then."""
    if cookie.get("IsSession") is True:
        return SESSION
    days, unit = _whole(cookie.get("Length")), cookie.get("DurationType", 1)
    if days and unit in (1, None):
        return Lifetime(f"{days}d", days * 86400)
    told = "is shorter than a day" if days == 0 else "is not understood"
    found.report(place, f'the lifetime of "{printable(name)}" {told}; choose one')
    return None


def _read_cookies(data: list[Any]) -> CookieList:
    found = CookieList("a list of cookies for OneTrust")
    for number, cookie in enumerate(data):
        found.rows += 1
        place = f"[{number}]"
        name = found.name(place, cookie.get("cookieName") if isinstance(cookie, dict) else None)
        if not name:
            continue
        host = plain(cookie.get("host"))
        found.add(
            Listed(
                name,
                place,
                purpose=plain(cookie.get("description")),
                category=plain(cookie.get("customCategoryName")),
                lifetime=_lifetime(found, cookie, place, name),
                notes=(f"host: {host}",) if host else (),
            )
        )
    return found


def _lifetime(found: CookieList, cookie: dict[str, Any], place: str, name: str) -> Lifetime | None:
    """Read a length and its unit; the length of session cookies is 0."""
    length, unit = _whole(cookie.get("length", 0)), _UNITS.get(_whole(cookie.get("durationType", 1)) or 0)
    if length == 0:
        return SESSION
    if length is None or unit is None:
        found.report(place, f'the lifetime of "{printable(name)}" is not understood; choose one')
        return None
    return Lifetime(f"{length}{unit}", length * _SIZES[unit])


def _whole(number: Any) -> int | None:
    """Return a number, or digits, as a whole number of at most 6 digits; None for others."""
    if isinstance(number, bool) or not isinstance(number, int | str):
        return None
    text = str(number).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
