"""The policy that every peer of the bench enforces, and the parts of an answer that must be equal for all peers."""

import http.client
import re
from dataclasses import dataclass

DECLARED = ("sid", "prefs", "seen", "csrf", "lang", "cart", "theme", "region", "zone", "list", "view", "side")
UNDECLARED = tuple(f"tracker-{number}" for number in range(8))
BOUND = 400 * 86400
"""The bound of lifetimes in seconds."""


def policy(entries: int = len(DECLARED)) -> str:
    """Return cookiewarden's policy, with `entries` entries. Those beyond `DECLARED` match no cookie of the bench."""
    names = [*DECLARED, *(f"other-{number}" for number in range(entries - len(DECLARED)))]
    return (
        "version: 1\npolicy: bench\n"
        "defaults: {secure: true, http_only: true, same_site: {default: Lax}, lifetime: 400d}\n"
        "cookies:\n" + "".join(f"  - {{name: {name}, purpose: bench}}\n" for name in names[:entries])
    )


PAGE = (b"<!doctype html><html><head><title>x</title></head><body>" + b"<p>text of a page</p>\n" * 3000)[: 64 << 10]
SET_COOKIES = (
    "sid=%s; Path=/; HttpOnly",
    "prefs=%s; Path=/; Max-Age=63072000",
    "seen=%s; Path=/; SameSite=Strict",
    "csrf=%s; Path=/; Secure; HttpOnly; SameSite=Lax",
    "lang=%s; Path=/",
    "tracker-0=%s; Path=/; Max-Age=63072000",
)
"""The cookies of the origin, with another value in each response: one is dropped, four are changed."""


def cookie_header(number: int) -> str:
    """Return 20 cookies in about 2 KB, eight of them undeclared, with values made from `number`."""
    names = [name for both in zip(DECLARED, UNDECLARED, strict=False) for name in both] + [*DECLARED[8:]]
    return "; ".join(f"{name}={number:032x}{at:056x}" for at, name in enumerate(names))


@dataclass(frozen=True)
class Seen:
    """An exchange as seen behind a peer, without cookie values."""

    status: int
    body: bytes
    cookies: tuple[tuple[str, frozenset[str]], ...]
    """Name and attributes of each Set-Cookie, in order."""


def through(
    connection: http.client.HTTPConnection, path: str, host: str, cookie: str = "", body: bytes | None = None
) -> Seen:
    headers = {"Host": host} | ({"Cookie": cookie} if cookie else {})
    connection.request("POST" if body else "GET", path, body, headers)
    answer = connection.getresponse()
    lines = answer.headers.get_all("Set-Cookie") or []
    return Seen(answer.status, answer.read(), tuple(map(_without_value, lines)))


def _without_value(line: str) -> tuple[str, frozenset[str]]:
    pair, *attributes = line.split(";")
    name, _, value = pair.partition("=")
    if not re.fullmatch("[0-9a-f]{32}", value):
        raise ValueError(f"a value was changed: {line}")
    return name, frozenset(attribute.strip().lower() for attribute in attributes)
