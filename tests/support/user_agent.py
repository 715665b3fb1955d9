"""A literal user agent: it stores and sends cookies by RFC 6265bis 5.7 and 5.8, on our parser.

It is a slow and plain oracle for tests. The http-state suite states the Cookie header of a browser, which a parser
alone does not make.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from cookiewarden.core.cookies.cookie import MAX_PAIR, Lifetime, parse_set_cookie
from cookiewarden.core.cookies.scope import domain_match, is_ip_address, path_match


@dataclass
class Stored:
    name: bytes
    value: bytes
    domain: bytes
    host_only: bool
    path: bytes
    secure: bool
    expiry: float | None
    order: int


class UserAgent:
    """`nameless`: whether a cookie without a name is kept (RFC 6265bis 5.6) or ignored (RFC 6265 5.2)."""

    def __init__(self, now: float, nameless: bool = True) -> None:
        self.now = now
        self.nameless = nameless
        self.store: list[Stored] = []
        self.counter = 0

    def receive(self, line: bytes, url: str) -> None:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").encode(), parts.path.encode("latin-1")
        cookie = parse_set_cookie(line)
        if cookie is None or len(cookie.name) + len(cookie.value) > MAX_PAIR:
            return
        if not cookie.name and not self.nameless:
            return
        domain = (cookie.last(b"domain") or b"").lower().removeprefix(b".")
        if domain and (not domain_match(host, domain) or (is_ip_address(host) and domain != host)):
            return
        if domain and b"." not in domain and domain != host:
            return  # a public suffix, as far as can be known without the list (RFC 6265bis 5.7 step 9)
        cookie_path = cookie.last(b"path") or b""
        if not cookie_path.startswith(b"/"):
            cookie_path = default_path(path)
        expiry = self.expiry(cookie.lifetime().all)
        self.counter += 1
        stored = Stored(
            cookie.name,
            cookie.value,
            domain or host,
            not domain,
            cookie_path,
            cookie.has(b"secure"),
            expiry,
            self.counter,
        )
        for old in self.store:
            if (old.name, old.domain, old.host_only, old.path) == (
                stored.name,
                stored.domain,
                stored.host_only,
                stored.path,
            ):
                stored.order = old.order
                self.store.remove(old)
                break
        if expiry is None or expiry > self.now:
            self.store.append(stored)

    def expiry(self, lifetime: list[Lifetime]) -> float | None:
        ages = [age for _, name, _, age in lifetime if name == b"max-age" and age is not None]
        if ages:
            return self.now + ages[-1] if ages[-1] > 0 else float("-inf")
        dates = [date for _, name, _, date in lifetime if name == b"expires" and date is not None]
        return dates[-1] if dates else None

    def cookie_header(self, url: str) -> bytes | None:
        parts = urlsplit(url)
        host, path = (parts.hostname or "").encode(), (parts.path or "/").encode("latin-1")
        sent = [
            c
            for c in self.store
            if (host == c.domain if c.host_only else domain_match(host, c.domain))
            and path_match(path, c.path)
            and (not c.secure or parts.scheme == "https")
        ]
        sent.sort(key=lambda c: (-len(c.path), c.order))
        pairs = [c.name + b"=" + c.value if c.name else c.value for c in sent]
        return b"; ".join(pairs) if pairs else None


def default_path(path: bytes) -> bytes:
    """Return the default path of a request (RFC 6265bis 5.1.4)."""
    if not path.startswith(b"/") or path.count(b"/") == 1:
        return b"/"
    return path[: path.rindex(b"/")]
