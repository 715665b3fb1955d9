"""Declarations of Cookiebot in cc.js, the script of a site's consent dialog.

The script has an array for each category. The fields of a row are the name, provider, purpose, expiry, type, number of
the type, a regular expression for the name, and a link. Source: parse_cb_js.py of CookieBlock (ETH Zurich)."""

import re
from typing import Any

from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.javascript import NotRead, literal
from cookiewarden.tools.lists.listed import CookieList, Listed, NoList, plain
from cookiewarden.tools.lists.wildcards import glob_of_regex

_TABLE = re.compile(
    r"\bCookieConsentDialog\.(cookieTable(Necessary|Preference|Statistics|Advertising|Unclassified))\s*=\s*(?=\[)"
)
_TITLES = {"Preference": "Preferences", "Advertising": "Marketing"}
"""Titles of categories in the dialog, where they differ from the script's names."""
_COOKIE = "1"
_OTHER_STORAGE = ("2", "5")
"""Numbers of the types HTML (local storage) and Pixel."""
MIN_FIELDS = 6


def read_cookiebot(text: str) -> CookieList:
    """Read cc.js. Raises NoList."""
    found = CookieList("a declaration of Cookiebot")
    tables = list(_TABLE.finditer(text))
    if not tables:
        raise NoList("it has no CookieConsentDialog.cookieTable…; give the cc.js that consent.cookiebot.com sends")
    for table in tables:
        try:
            rows, _ = literal(text, table.end())
        except NotRead as error:
            raise NoList(f"{table[1]} is not read: {error}") from None
        for number, row in enumerate(rows):
            found.rows += 1
            _row(found, row, f"{table[1]}[{number}]", _TITLES.get(table[2], table[2]))
    return found


def _row(found: CookieList, row: Any, place: str, category: str) -> None:
    if not isinstance(row, list) or len(row) < MIN_FIELDS:
        found.report(place, f"a row without {MIN_FIELDS} fields")
        return
    if _type_of(row[5]) in _OTHER_STORAGE:
        found.skip(place, f'"{printable(plain(row[0]))}" is not a cookie: {printable(plain(row[4]))}')
        return
    if _type_of(row[5]) != _COOKIE:
        found.report(place, f'the type "{printable(plain(row[4]))}" of "{printable(plain(row[0]))}" is not known')
        return
    name = _name(found, row, place)
    if not name:
        return
    provider = plain(row[1])
    is_host = "." in provider and " " not in provider
    found.add(
        Listed(
            name,
            place,
            purpose=plain(row[2]),
            category=category,
            lifetime=found.lifetime(place, name, row[3]),
            party="" if is_host else provider,
            notes=(f"provider: {provider}",) if is_host else (),
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
