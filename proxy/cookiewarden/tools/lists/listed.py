"""Cookies of a list, and the parts of the list that were left out."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from cookiewarden.core.policy.policy import Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.wildcards import name_of_list
from cookiewarden.tools.statement.phrases import lifetime_of


class NoList(Exception):
    """Reason why a file is not a list of the format; exit code 3."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Cookie of a list."""

    name: str
    """Name, or glob if it has a `*`."""
    place: str
    """Place in the file, such as `cookies[3]`."""
    purpose: str = ""
    category: str = ""
    """Title of the category, as in the list."""
    lifetime: Lifetime | None = None
    party: str = ""
    notes: tuple[str, ...] = ()
    set_by: str = ""
    """`server` or `script`, if the list shows it."""
    is_script_readable: bool = False
    """True if the cookie was recorded without HttpOnly."""
    other_site: str = ""
    """Host of another site that sets the cookie, in lists that show it."""


@dataclass(frozen=True, slots=True)
class ItemLeftOut:
    """Part of a list that was not read, or only partly."""

    place: str
    why: str
    is_understood: bool


@dataclass(slots=True)
class CookieList:
    """Cookies of a list in their order."""

    title: str
    """Kind of the list, such as `a declaration of Cookiebot`."""
    is_observed: bool = False
    """True if a browser recorded the cookies; else a person declared them."""
    rows: int = 0
    """Number of items of the list."""
    cookies: list[Listed] = field(default_factory=list)
    left_out: list[ItemLeftOut] = field(default_factory=list)

    @property
    def not_understood(self) -> list[ItemLeftOut]:
        return [left for left in self.left_out if not left.is_understood]

    def report(self, place: str, why: str) -> None:
        """Report an item, or a part of one, that was not understood."""
        self.left_out.append(ItemLeftOut(place, why, is_understood=False))

    def skip(self, place: str, why: str) -> None:
        """Report an item that is not a cookie for the register."""
        self.left_out.append(ItemLeftOut(place, why, is_understood=True))

    def add(self, cookie: Listed) -> None:
        """Add a cookie. A name that is listed again for the same site is left out."""
        same = (cookie.name, cookie.other_site)
        earlier = next((one for one in self.cookies if (one.name, one.other_site) == same), None)
        if earlier is None:
            self.cookies.append(cookie)
        elif earlier.lifetime == cookie.lifetime:
            self.skip(cookie.place, f'"{printable(cookie.name)}" is already listed at {earlier.place}')
        else:
            told = f'"{printable(cookie.name)}" has another lifetime at {earlier.place}, which the draft has'
            self.report(cookie.place, told)

    def name(self, place: str, written: object) -> str:
        """Read a name of a list in which a `*` stands for any characters. Reports items without a
        name, for which it returns "", and names that may be placeholders."""
        if not isinstance(written, str) or not written.strip():
            self.report(place, "an item without a name")
            return ""
        name, why = name_of_list(written.strip())
        if why:
            self.report(place, why)
        return name

    def lifetime(self, place: str, name: str, said: object) -> Lifetime | None:
        """Read a lifetime in words. Reports words that are not understood."""
        text = plain(said)
        found = lifetime_of(text) if text else None
        if found is None and re.search(r"\w", text):
            self.report(place, f'the lifetime "{printable(text[:60])}" of "{printable(name)}" is not understood')
        return found


def plain(text: object) -> str:
    """Return a text without tags and entities of HTML, or "" for other values."""
    if not isinstance(text, str):
        return ""
    bare = html.unescape(re.sub(r"<[^<>]{0,500}>", " ", text))
    return " ".join(bare.encode("utf-8", "replace").decode().split())


def in_one_language(texts: object, languages: tuple[str, ...] = ("en",)) -> str:
    """Return a text, or the text of a mapping from languages: the first of `languages`, else any."""
    if not isinstance(texts, dict):
        return plain(texts)
    found = [plain(texts.get(language)) for language in languages] + [plain(text) for text in texts.values()]
    return next(filter(None, found), "")


def items(data: Any, key: str) -> list[Any]:
    """Return the list at a key of an object, or no items."""
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []
