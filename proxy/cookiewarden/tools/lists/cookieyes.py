"""Cookies of CookieYes, as JSON of its plugin for WordPress: the answer of `/wp-json/cky/v1/cookies/categories`.

Each category has a `cookie_list`. Texts are objects with a text for each language. Source: the classes Categories_API
and Cookie of the plugin cookie-law-info, version 3."""

from typing import Any

from cookiewarden.tools.lists.listed import CookieList, Listed, NoList, in_one_language, items, plain


def read_cookieyes(data: Any) -> CookieList:
    """Read categories with their cookies. Raises NoList."""
    categories = data if isinstance(data, list) else []
    if not any(isinstance(category, dict) and "cookie_list" in category for category in categories):
        raise NoList(
            'it is not a list of categories with a "cookie_list"; save the answer of '
            "/wp-json/cky/v1/cookies/categories as an administrator of the site"
        )
    found = CookieList("a list of CookieYes")
    for number, category in enumerate(categories):
        title = in_one_language(category.get("name")) if isinstance(category, dict) else ""
        for at, cookie in enumerate(items(category, "cookie_list")):
            _cookie(found, cookie, f"[{number}].cookie_list[{at}]", title)
    return found


def _cookie(found: CookieList, cookie: Any, place: str, category: str) -> None:
    found.rows += 1
    name = found.name(place, cookie.get("name") if isinstance(cookie, dict) else None)
    if not name:
        return
    domain = plain(cookie.get("domain"))
    found.add(
        Listed(
            name,
            place,
            purpose=in_one_language(cookie.get("description")),
            category=category,
            lifetime=found.lifetime(place, name, in_one_language(cookie.get("duration"))),
            notes=(f"domain: {domain}",) if domain else (),
        )
    )
