"""Configurations of Klaro, as JavaScript or JSON, with the cookies of each service.

A cookie is a name or a regular expression. It can be in an array with a path and a domain, or in an object with
`pattern`, `path` and `domain`. A string that begins with `^` is a regular expression, and other strings are names.
A visitor answers for each service, so each service becomes a category. Sources: "Annotated Config File" of Klaro, and
`storageName`, `cookieExpiresAfterDays` and `updateServiceStorage` of its consent manager."""

import json
import re
from typing import Any

from cookiewarden.core.policy.policy import DAY, Lifetime
from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.javascript import Expression, NotRead, Regex, literal, without_comments
from cookiewarden.tools.lists.listed import (
    ConsentCookie,
    CookieList,
    Listed,
    ListedCategory,
    NoList,
    in_one_language,
    items,
    plain,
)
from cookiewarden.tools.lists.wildcards import globs_of_regex

_OBJECT = re.compile(r"(?:=|\bdefault\b|\breturn\b|\()\s*(?=\{)|\A\s*(?=\{)")
_SERVICES = re.compile(r"""(?:\bservices|\bapps)["']?\s*:\s*\[""")
_ANY_SERVICES = re.compile(r"""(?:\bservices|\bapps)["']?\s*:""")
_NAME = re.compile(r"[\w!#$%&'+.^`|~-]{1,100}", re.ASCII)
DEFAULT_NAME, DEFAULT_DAYS = "klaro", 120
"""Name and days of the consent cookie that a configuration does not state."""
MAX_DAYS = 10_000
MAX_TRIES = 50
"""Objects before the services that may be the configuration."""
_HARMLESS = frozenset("dsu")
"""Flags that do not change which of the names that cookies can have match."""
_LANGUAGES = ("en", "zz")
"""Preferred languages; `zz` is Klaro's name for a default."""


def read_klaro(text: str) -> CookieList:
    """Read a configuration. Raises NoList."""
    config = _config(text)
    services = items(config, "services") or items(config, "apps")
    found = CookieList("a configuration of Klaro")
    _consent(found, config)
    for number, service in enumerate(services):
        place = f"services[{number}]"
        if not isinstance(service, dict):
            found.report(place, "a service that the script computes")
            continue
        listed = service.get("cookies", [])
        if isinstance(listed, Expression):
            found.report(f"{place}.cookies", "cookies that the script computes")
        elif isinstance(listed, str | Regex):
            listed = [listed]
        category = found.category(_category(service, config)) if isinstance(listed, list) and listed else ""
        for at, cookie in enumerate(listed if isinstance(listed, list) else []):
            _cookie(found, cookie, f"{place}.cookies[{at}]", service, config, category)
    return found


def _consent(found: CookieList, config: dict[str, Any]) -> None:
    """Add the cookie in which Klaro keeps the visitor's answer."""
    method = config.get("storageMethod") or "cookie"
    key = "storageName" if config.get("storageName") else "cookieName"
    name, days = config.get(key) or DEFAULT_NAME, config.get("cookieExpiresAfterDays") or DEFAULT_DAYS
    if method == "localStorage":
        told = "the visitor's answer is not in a cookie, so the proxy cannot read it; use the method 'cookie'"
        found.skip("storageMethod", told)
        return
    if method != "cookie":
        found.report("storageMethod", "the method is neither 'cookie' nor 'localStorage'")
        return
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        found.report(key, "the name of the consent cookie is not a name; declare the cookie yourself")
        return
    lifetime = None
    if isinstance(days, int | float) and not isinstance(days, bool) and 1 <= days <= MAX_DAYS and days == int(days):
        lifetime = Lifetime(f"{int(days)}d", int(days) * DAY)
    else:
        found.report("cookieExpiresAfterDays", f'the lifetime of "{name}" is not a number of days; choose one')
    stated = [one for one in (key, "cookieExpiresAfterDays") if config.get(one)]
    place = ", ".join(stated) or "defaults of Klaro"
    found.consent = ConsentCookie(name, "klaro", place, lifetime, "cookieExpiresAfterDays" in stated)


def _category(service: dict[str, Any], config: dict[str, Any]) -> ListedCategory:
    """Return the category of a service. Its title has the purposes and the title of the service."""
    name, purposes = plain(service.get("name")), service.get("purposes", [])
    purposes = [plain(one) for one in (purposes if isinstance(purposes, list) else [purposes])]
    required = service.get("required")
    translations = config.get("translations")
    texts = translations if isinstance(translations, dict) else {}
    purposes = [one for one in purposes if one]
    titles = {of: _title(service, texts[of], purposes) for of in texts if isinstance(texts[of], dict)}
    plain_title = _title(service, {}, purposes)
    told = tuple((of, title) for of, title in titles.items() if title != plain_title)
    return ListedCategory(
        in_one_language(dict(told), _LANGUAGES) or plain_title,
        tuple(pair for pair in told if pair[0] != "zz"),
        (name,) if name else (),
        required is True or (required is None and config.get("required") is True),
    )


def _title(service: dict[str, Any], texts: dict[str, Any], purposes: list[str]) -> str:
    name = plain(service.get("name"))
    own = texts.get(name)
    title = plain(own.get("title")) if isinstance(own, dict) else ""
    title = title or in_one_language(service.get("title"), _LANGUAGES) or name
    translated = texts.get("purposes")
    said = [_purpose(translated.get(one), one) if isinstance(translated, dict) else one for one in purposes]
    return f"{', '.join(said)}: {title}" if said else title


def _purpose(translated: Any, purpose: str) -> str:
    return plain(translated.get("title") if isinstance(translated, dict) else translated) or purpose


def _config(text: str) -> dict[str, Any]:
    """Return the object with the services. Raises NoList."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = _object(text)
    if not isinstance(data, dict) or not (items(data, "services") or items(data, "apps")):
        if isinstance(data, _Computed):
            raise NoList("its services are computed; save the configuration as JSON")
        raise NoList('it has no list "services" (or "apps"); give the config.js or JSON of Klaro')
    return data


def _object(text: str) -> Any:
    """Find the innermost object of a script that has the services."""
    bare = without_comments(text)
    services = _SERVICES.search(bare) or _ANY_SERVICES.search(bare)
    if services is None:
        return None
    computed = None
    begins = [found.end() for found in _OBJECT.finditer(bare, 0, services.start())]
    for begin in reversed(begins[-MAX_TRIES:]):
        try:
            data, end = literal(bare, begin)
        except NotRead:
            continue
        if end > services.start() and (items(data, "services") or items(data, "apps")):
            return data
        if end > services.start() and isinstance(data, dict):
            is_computed = isinstance(data.get("services", data.get("apps")), Expression)
            computed = computed or (_Computed() if is_computed else None)
    return computed


class _Computed:
    """Configuration with services that the script computes."""


def _cookie(
    found: CookieList, cookie: Any, place: str, service: dict[str, Any], config: dict[str, Any], category: str
) -> None:
    found.rows += 1
    for name in _names(found, cookie, place):
        title = in_one_language(service.get("title")) or plain(service.get("name"))
        notes = (f"service: {title}",)
        found.add(Listed(name, place, purpose=_description(service, config), category=category, notes=notes))


def _names(found: CookieList, cookie: Any, place: str) -> list[str]:
    """Read a name or regular expression, which can need several globs. Reports those that no globs match exactly."""
    if isinstance(cookie, list):
        cookie = cookie[0] if cookie else None
    elif isinstance(cookie, dict):
        cookie = cookie.get("pattern")
    if isinstance(cookie, str) and cookie.startswith("^"):
        cookie = Regex(cookie, "")
    if isinstance(cookie, Regex):
        globs = globs_of_regex(cookie.source) if set(cookie.flags) <= _HARMLESS else []
        if not globs:
            told = "has no globs that match exactly the same names; declare its cookies yourself"
            found.report(place, f'the expression "/{printable(cookie.source)}/{printable(cookie.flags)}" {told}')
        return globs
    if isinstance(cookie, Expression):
        found.report(place, "a cookie that the script computes; write its name or a regular expression such as /^_pk_/")
        return []
    if not isinstance(cookie, str) or not cookie:
        found.report(place, "a cookie that is neither a name nor a regular expression")
        return []
    if "*" in cookie:
        told = "in Klaro, this * is a literal character, and in a policy it matches any; write the names yourself"
        found.report(place, f'"{printable(cookie)}": {told}')
        return []
    return [cookie]


def _description(service: dict[str, Any], config: dict[str, Any]) -> str:
    """Return the description of a service, in the service or in the translations."""
    own = in_one_language(service.get("description"), _LANGUAGES)
    if own:
        return own
    texts: dict[str, str] = {}
    for translations, key in ((service.get("translations"), ""), (config.get("translations"), service.get("name"))):
        if not isinstance(translations, dict):
            continue
        for language, translated in translations.items():
            said = translated.get(key) if key and isinstance(translated, dict) else translated
            if isinstance(said, dict) and isinstance(said.get("description"), str):
                texts.setdefault(language, said["description"])
    return in_one_language(texts, _LANGUAGES)
