"""Declarations of Cookiebot in cc.js, the script of a site's consent dialog.

The script has an array for each category. The fields of a row are the name, provider, purpose, expiry, type, number of
the type, a regular expression for the name, and a link. Source: parse_cb_js.py of CookieBlock (ETH Zurich)."""

import re
from typing import Any

from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.javascript import NotRead, literal
from cookiewarden.tools.lists.listed import ConsentCookie, CookieList, Listed, ListedCategory, NoList, plain
from cookiewarden.tools.lists.sites import hosts_in
from cookiewarden.tools.lists.wildcards import glob_of_regex

_TABLE = re.compile(
    r"\bCookieConsentDialog\.(cookieTable(Necessary|Preference|Statistics|Advertising|Unclassified))\s*=\s*(?=\[)"
)
_CATEGORIES = {
    "Necessary": ListedCategory("Necessary", granted_by=("necessary",), is_always_active=True),
    "Preference": ListedCategory("Preferences", granted_by=("preferences",)),
    "Statistics": ListedCategory("Statistics", granted_by=("statistics",)),
    "Advertising": ListedCategory("Marketing", granted_by=("marketing",)),
    "Unclassified": ListedCategory("Unclassified", note="the consent cookie has no word for it; move its cookies"),
}
"""Categories by the names in the script. The cookie CookieConsent has the same words."""
_COOKIE = "1"
_OTHER_STORAGE = ("2", "5")
"""Numbers of the types HTML (local storage) and Pixel."""
_OTHER_TYPES = ("IDB", "IndexedDB")
"""Names of the type for databases in the browser, whose number the source does not have."""
MIN_FIELDS = 6


def read_cookiebot(text: str) -> CookieList:
    """Read cc.js. Raises NoList."""
    found = CookieList("a declaration of Cookiebot", consent=ConsentCookie("CookieConsent", "cookiebot"))
    tables = list(_TABLE.finditer(text))
    if not tables:
        raise NoList("it has no CookieConsentDialog.cookieTable…; give the cc.js that consent.cookiebot.com sends")
    for table in tables:
        try:
            rows, _ = literal(text, table.end())
        except NotRead as error:
            raise NoList(f"{table[1]} is not read: {error}") from None
        category = found.category(_CATEGORIES[table[2]]) if rows else ""
        for number, row in enumerate(rows):
            found.rows += 1
            _row(found, row, f"{table[1]}[{number}]", category)
    return found


def _row(found: CookieList, row: Any, place: str, category: str) -> None:
    if not isinstance(row, list) or len(row) < MIN_FIELDS:
        found.report(place, f"a row without {MIN_FIELDS} fields")
        return
    if _type_of(row[5]) in _OTHER_STORAGE or plain(row[4]) in _OTHER_TYPES:
        found.skip(place, f'"{printable(plain(row[0]))}" is not a cookie: {printable(plain(row[4]))}')
        return
    if _type_of(row[5]) != _COOKIE:
        found.report(place, f'the type "{printable(plain(row[4]))}" of "{printable(plain(row[0]))}" is not known')
        return
    name = _name(found, row, place)
    if not name:
        return
    provider = plain(row[1])
    hosts = hosts_in(provider)
    found.add(
        Listed(
            name,
            place,
            purpose=plain(row[2]),
            category=category,
            lifetime=found.lifetime(place, name, row[3]),
            lifetime_said=plain(row[3]),
            party="" if hosts else provider,
            notes=(f"provider: {provider}",) if hosts else (),
            hosts=hosts,
        )
    )


def _name(found: CookieList, row: list[Any], place: str) -> str:
    """Read the name: the glob of the regular expression, if both are exactly the same; else the name as written."""
    regex = row[6] if len(row) > 6 and isinstance(row[6], str) else ""
    if regex and isinstance(row[0], str) and row[0].strip():
        if glob := glob_of_regex(regex):
            return glob
        name, told = row[0].strip(), "matches names that no glob matches exactly; the name is kept as written"
        found.report(place, f'the expression "{printable(regex)}" of "{printable(name)}" {told}')
        return name
    return found.name(place, row[0])


def _type_of(number: Any) -> str:
    return str(int(number)) if isinstance(number, float) else str(number)
