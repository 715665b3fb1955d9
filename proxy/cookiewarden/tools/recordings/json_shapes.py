"""Forms of JSON objects in logs: one header, one cookie, a typed value, a URL in parts, a separate record."""

import re
from collections.abc import Iterator
from typing import Any

MAX_DEPTH = 100
"""Depth of a record. Deeper members are only searched for names of cookie headers."""
_NAMES = ("name", "key", "header", "field")
"""Members with the name of a header, beside its value."""
_VALUES = ("value", "values", "valueStr", "content")
_ATTRIBUTES = {
    "name": "name",
    "key": "name",
    "value": "value",
    "path": "path",
    "domain": "domain",
    "expires": "expires",
    "maxage": "maxAge",
    "httponly": "httpOnly",
    "secure": "secure",
    "samesite": "sameSite",
}
"""Members of a cookie that is written as an object, in lower case and without signs."""
_UNUSED = frozenset(
    {"size", "session", "priority", "sameparty", "sourcescheme", "sourceport", "comment", "type", "hostonly"}
)
SETTINGS = frozenset({*_ATTRIBUTES, "originalmaxage"}) - {"name", "key", "value"}
"""Members of an object about a cookie that it does not have, such as the session of Express."""
STRUCTURE = frozenset(
    [
        *_ATTRIBUTES,
        *_UNUSED,
        "matcher",
        "matches",
        "doesnotmatch",
        "contains",
        "doesnotcontain",
        "equalto",
        "equaltojson",
        "absent",
        "caseinsensitive",
        "and",
        "or",
        "not",
        "hasexactly",
        "includes",
        "stringvalue",
        "arrayvalue",
        "values",
        "kvlistvalue",
        "description",
        "required",
        "schema",
        "in",
        "hostonly",
        "storeid",
        "expirationdate",
        "cookie",
        "header",
        "headers",
        "raw",
    ]
)
"""Members of objects that describe a cookie or a header; an object that has one is not read as cookies by name."""


def header_of(one: dict[str, Any]) -> tuple[str, Any] | None:
    """Return the name and the value of an object that is one header; None if its other members can have cookies."""
    name_key = next((key for key in _NAMES if isinstance(one.get(key), str)), None)
    value_key = next((key for key in _VALUES if key in one), None)
    if name_key is None or value_key is None:
        return None
    others = [(key, value) for key, value in one.items() if key not in (name_key, value_key)]
    if any(isinstance(value, dict | list) or "cookie" in f"{key} {value}".lower() for key, value in others):
        return None
    return one[name_key], plain(one[value_key])


def word_of(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def cookie_of(one: dict[str, Any]) -> dict[str, object] | None:
    """Return a cookie that is written as an object, with the names of a HAR; None if a member is not known."""
    made: dict[str, object] = {}
    for key, value in one.items():
        word = word_of(key)
        if word in _ATTRIBUTES and not isinstance(value, dict | list):
            made[_ATTRIBUTES[word]] = value
        elif word not in _UNUSED:
            return None
    return made if isinstance(made.get("name"), str) and made["name"] else None


def plain(value: Any) -> Any:
    """Return the value of an object that has only a value and its type, as OpenTelemetry and WebDriver BiDi have."""
    for _ in range(MAX_DEPTH):
        if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict) and "matcher" in value[0]:
            value = value[0]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and next(iter(value)) in ("stringValue", "string_value", "arrayValue", "array_value"):
            value = next(iter(value.values()))
        elif len(value) == 1 and isinstance(value.get("values"), list):
            value = [plain(one) for one in value["values"]]
        elif set(value) in ({"matcher", "value"}, {"type", "value"}) and (value.get("matcher"), value.get("type")) in (
            ("exact", None),
            (None, "string"),
        ):
            value = value["value"]
        else:
            return value
    return value


def parts_of(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the members of lists that are separate records, because their URLs differ.

    Collections of Postman have a request and a response in each, recorders a URL or a method and a path, and spans
    attributes."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict) and _is_record(one):
                yield one
            elif depth < MAX_DEPTH:
                yield from parts_of(one, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        for one in value.values():
            yield from parts_of(one, depth + 1)


def _is_record(one: dict[str, Any]) -> bool:
    if isinstance(one.get("request"), dict) and "response" in one:
        return True
    if not ("name" in one and "value" in one) and any(
        "://" in str(one.get(key, "")) for key in ("url", "uri", "scope")
    ):
        return True
    path = one.get("path")
    if isinstance(path, str) and path.startswith("/") and isinstance(one.get("method"), str) and "headers" in one:
        return True
    if isinstance(one.get("predicates"), list) and isinstance(one.get("responses"), list):  # a stub of mountebank
        return True
    attributes = one.get("attributes")
    return isinstance(attributes, list) and any(isinstance(each, dict) and "key" in each for each in attributes)


def url_of_parts(url: dict[str, Any]) -> str:
    """Return a URL that is written as an object, as Postman and Newman do; empty if its parts are not known."""
    whole = url.get("raw", url.get("full"))  # Postman, Elastic Common Schema
    if isinstance(whole, str):
        return whole
    host, path = url.get("host"), url.get("path")
    if not isinstance(host, list) or not isinstance(path, list):
        return ""
    return f"{url.get('protocol', 'https')}://{'.'.join(map(str, host))}/{'/'.join(map(str, path))}"
