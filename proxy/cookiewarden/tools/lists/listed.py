"""Cookies of a list, and the parts of the list that were left out."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from cookiewarden.core.policy.policy import DAY, Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.wildcards import name_of_list
from cookiewarden.tools.statement.phrases import lifetime_of
from cookiewarden.tools.statement.words import folded


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
    """Key of the category in `CookieList.categories`."""
    lifetime: Lifetime | None = None
    is_lifetime_stated: bool = True
    """False if the lifetime is a default of the consent manager."""
    lifetime_said: str = ""
    """The lifetime as in the list, for a comment if it is not understood."""
    party: str = ""
    notes: tuple[str, ...] = ()
    set_by: str = ""
    """`server` or `script`, if the list shows it."""
    is_script_readable: bool = False
    """True if the cookie was recorded without HttpOnly."""
    hosts: tuple[str, ...] = ()
    """Hosts of the cookie in the list."""
    is_first_party: bool = False
    """True if the list states that the site sets the cookie."""
    other_site: str = ""
    """Hosts of another site that sets the cookie."""


@dataclass(frozen=True, slots=True)
class ListedCategory:
    """Category of a list."""

    title: str
    titles: tuple[tuple[str, str], ...] = ()
    """Titles by language, if the list has several."""
    granted_by: tuple[str, ...] = ()
    """Words for the category in the consent cookie."""
    is_always_active: bool = False
    """True if the list states that visitors cannot refuse the category."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConsentCookie:
    """Cookie in which a consent manager keeps the visitor's answer."""

    name: str
    form: str
    """Format of its value, as in policies."""
    place: str = ""
    """Place of its name in the list, if the list shows the cookie outside of its items."""
    lifetime: Lifetime | None = None
    is_lifetime_stated: bool = True


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
    consent: ConsentCookie | None = None
    own_hosts: tuple[str, ...] = ()
    """Hosts of the list's own site, if it shows them."""
    is_site_known: bool = True
    categories: dict[str, ListedCategory] = field(default_factory=dict)
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
        self.cookies.append(cookie)

    def category(self, category: ListedCategory) -> str:
        """Add a category and return its key. Two with the same title differ in their words."""
        key = category.title
        if key and self.categories.setdefault(key, category).granted_by != category.granted_by:
            key = f"{key} ({', '.join(category.granted_by)})"
            self.categories.setdefault(key, category)
        return key

    def join(self) -> None:
        """Leave out names that are listed again for the same site."""
        first: dict[tuple[str, str], Listed] = {}
        for cookie in self.cookies:
            earlier = first.setdefault((cookie.name, cookie.other_site), cookie)
            if earlier is cookie:
                continue
            if earlier.lifetime == cookie.lifetime:
                self.skip(cookie.place, f'"{printable(cookie.name)}" is already listed at {earlier.place}')
            else:
                told = f'"{printable(cookie.name)}" has another lifetime at {earlier.place}, which the draft has'
                self.report(cookie.place, told)
        self.cookies = list(first.values())

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
        return in_days(found) if found is not None else None


def in_days(lifetime: Lifetime) -> Lifetime:
    """Return a lifetime of a month or more without hours: in whole days, rounded up."""
    if lifetime.seconds < 30 * DAY or not lifetime.text.endswith(("h", "min", "s")):
        return lifetime
    days = -(-lifetime.seconds // DAY)
    return Lifetime(f"{days}d", days * DAY)


_NO_PURPOSES = frozenset({"pending", "description is currently not available"})
"""Texts of Cookiebot and CookieYes for cookies without a purpose."""


def is_placeholder(purpose: str) -> bool:
    """Check for a text that a consent manager shows while a cookie has no purpose."""
    return folded(purpose).rstrip(".") in _NO_PURPOSES


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


def by_language(texts: object) -> tuple[tuple[str, str], ...]:
    """Return the texts of a mapping from languages, or no texts."""
    pairs = texts.items() if isinstance(texts, dict) else ()
    return tuple((str(language), plain(text)) for language, text in pairs if plain(text))


def items(data: Any, key: str) -> list[Any]:
    """Return the list at a key of an object, or no items."""
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []
