"""Cookies of CookieYes, as JSON of its plugin for WordPress: the answer of `/wp-json/cky/v1/cookies/categories`.

Each category has a `cookie_list`. Texts are objects with a text for each language. Source: the classes Categories_API
and Cookie of the plugin cookie-law-info, version 3; its class Frontend makes the category `necessary` always active."""

from typing import Any

from cookiewarden.tools.lists.listed import (
    ConsentCookie,
    CookieList,
    Listed,
    ListedCategory,
    NoList,
    by_language,
    in_one_language,
    items,
    plain,
)
from cookiewarden.tools.lists.sites import hosts_in


def read_cookieyes(data: Any) -> CookieList:
    """Read categories with their cookies. Raises NoList."""
    categories = data if isinstance(data, list) else []
    if not any(isinstance(category, dict) and "cookie_list" in category for category in categories):
        raise NoList(
            'it is not a list of categories with a "cookie_list"; save the answer of '
            "/wp-json/cky/v1/cookies/categories as an administrator of the site"
        )
    found = CookieList("a list of CookieYes", consent=ConsentCookie("cookieyes-consent", "cookieyes"))
    for number, category in enumerate(categories):
        listed = items(category, "cookie_list")
        key = found.category(_category(category)) if listed else ""
        for at, cookie in enumerate(listed):
            _cookie(found, cookie, f"[{number}].cookie_list[{at}]", key)
    return found


def _category(category: dict[str, Any]) -> ListedCategory:
    """Read a category. Visitors can refuse all but `necessary`."""
    slug, title = plain(category.get("slug")), in_one_language(category.get("name"))
    is_necessary = slug == "necessary"
    early = "the list uses it before the visitor answers (prior_consent)"
    return ListedCategory(
        title or slug,
        by_language(category.get("name")),
        (slug,) if slug else (),
        is_necessary,
        early if category.get("prior_consent") is True and not is_necessary else "",
    )


def _cookie(found: CookieList, cookie: Any, place: str, category: str) -> None:
    found.rows += 1
    name = found.name(place, cookie.get("name") if isinstance(cookie, dict) else None)
    if not name:
        return
    domain, duration = plain(cookie.get("domain")), in_one_language(cookie.get("duration"))
    found.add(
        Listed(
            name,
            place,
            purpose=in_one_language(cookie.get("description")),
            category=category,
            lifetime=found.lifetime(place, name, duration),
            lifetime_said=duration,
            notes=(f"domain: {domain}",) if domain else (),
            hosts=hosts_in(domain),
        )
    )
