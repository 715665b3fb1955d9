"""Configurations of Klaro, as JavaScript or JSON, with the cookies of each service.

A cookie is a name or a regular expression. It can be in an array with a path and a domain, or in an object with
`pattern`, `path` and `domain`. A string that begins with `^` is a regular expression, and other strings are names.
Sources: "Annotated Config File" of Klaro, and `updateServiceStorage` of its consent manager."""

import json
import re
from typing import Any

from cookiewarden.core.policy.problem import printable
from cookiewarden.tools.lists.javascript import Expression, NotRead, Regex, literal, without_comments
from cookiewarden.tools.lists.listed import CookieList, Listed, NoList, in_one_language, items, plain
from cookiewarden.tools.lists.wildcards import glob_of_regex

_OBJECT = re.compile(r"(?:=|\bdefault\b|\breturn\b|\()\s*(?=\{)|\A\s*(?=\{)")
_SERVICES = re.compile(r"""(?:\bservices|\bapps)["']?\s*:\s*\[""")
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
        for at, cookie in enumerate(listed if isinstance(listed, list) else []):
            _cookie(found, cookie, f"{place}.cookies[{at}]", service, config)
    return found


def _config(text: str) -> dict[str, Any]:
    """Return the object with the services. Raises NoList."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = _object(text)
    if not isinstance(data, dict) or not (items(data, "services") or items(data, "apps")):
        raise NoList('it has no list "services" (or "apps"); give the config.js or JSON of Klaro')
    return data


def _object(text: str) -> Any:
    """Find the innermost object of a script that has the services."""
    bare = without_comments(text)
    services = _SERVICES.search(bare)
    if services is None:
        return None
    begins = [found.end() for found in _OBJECT.finditer(bare, 0, services.start())]
    for begin in reversed(begins[-MAX_TRIES:]):
        try:
            data, end = literal(bare, begin)
        except NotRead:
            continue
        if end > services.start() and (items(data, "services") or items(data, "apps")):
            return data
    return None


def _cookie(found: CookieList, cookie: Any, place: str, service: dict[str, Any], config: dict[str, Any]) -> None:
    found.rows += 1
    name = _name(found, cookie, place)
    if not name:
        return
    title, purposes = in_one_language(service.get("title")), [plain(one) for one in items(service, "purposes")]
    notes = [f"service: {title or plain(service.get('name'))}"]
    if len(purposes) > 1:
        notes.append(f"purposes of the service: {', '.join(purposes)}")
    found.add(
        Listed(
            name,
            place,
            purpose=_description(service, config),
            category=purposes[0] if purposes else "",
            notes=tuple(notes),
        )
    )


def _name(found: CookieList, cookie: Any, place: str) -> str:
    """Read a name or regular expression. Reports those that no glob matches exactly."""
    if isinstance(cookie, list):
        cookie = cookie[0] if cookie else None
    elif isinstance(cookie, dict):
        cookie = cookie.get("pattern")
    if isinstance(cookie, str) and cookie.startswith("^"):
        cookie = Regex(cookie, "")
    if isinstance(cookie, Regex):
        glob = glob_of_regex(cookie.source) if set(cookie.flags) <= _HARMLESS else None
        if glob is None:
            told = "has no glob that matches exactly the same names; declare its cookies manually"
            found.report(place, f'the expression "/{printable(cookie.source)}/{printable(cookie.flags)}" {told}')
        return glob or ""
    if not isinstance(cookie, str) or not cookie:
        found.report(place, "a cookie that is neither a name nor a regular expression")
        return ""
    if "*" in cookie:  # Klaro compares such a name literally
        told = "a * in an entry matches any characters; declare this cookie manually"
        found.report(place, f'"{printable(cookie)}": {told}')
        return ""
    return cookie


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
