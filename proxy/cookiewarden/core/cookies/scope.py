"""Scope of cookies: hosts, domain-match, path-match, secure origins and name prefixes (RFC 6265bis)."""

import re
from functools import lru_cache

_PORT = re.compile(rb":[0-9]*$")
_IPV4 = re.compile(rb"[0-9]{1,3}(\.[0-9]{1,3}){3}")


def canonical_host(host: bytes) -> bytes:
    """Return the host of a Host header in lower case without its port (RFC 6265bis 5.1.2).

    A trailing dot is kept, because browsers treat `shop.example.` and `shop.example` as different hosts.
    """
    return _PORT.sub(b"", host.strip(b" \t")).lower()


def is_ip_address(host: bytes) -> bool:
    return host.startswith(b"[") or _IPV4.fullmatch(host) is not None


def domain_match(host: bytes, domain: bytes) -> bool:
    """Check whether `host` is `domain` or below it. An IP address only matches itself (RFC 6265bis 5.1.3)."""
    if host == domain:
        return True
    return bool(domain) and host.endswith(b"." + domain) and not is_ip_address(host)


def host_matches(pattern: str, host: bytes) -> bool:
    """Check whether a host matches a pattern: an exact host, or `*.x` for all hosts below x but not x itself."""
    if pattern.startswith("*."):
        below = pattern[1:].encode()
        return host.endswith(below) and len(host) > len(below)
    return host == pattern.encode()


def path_match(request_path: bytes, cookie_path: bytes) -> bool:
    """Check whether the paths are equal, or the cookie's path is a prefix that ends at a `/` (RFC 6265bis 5.1.4)."""
    if not request_path.startswith(cookie_path):
        return False
    return (
        len(request_path) == len(cookie_path)
        or cookie_path.endswith(b"/")
        or request_path[len(cookie_path) : len(cookie_path) + 1] == b"/"
    )


def path_of(target: bytes) -> bytes:
    """Return the path of a request target without its query, or `/` if it has none."""
    path = target.partition(b"?")[0]
    return path if path.startswith(b"/") else b"/"


@lru_cache(maxsize=64)
def is_trustworthy(host: bytes) -> bool:
    """Check whether browsers accept Secure cookies over plain HTTP from a host: localhost and loopback addresses."""
    return (
        host in (b"localhost", b"[::1]")
        or host.endswith(b".localhost")
        or (host.startswith(b"127.") and is_ip_address(host))
    )


_PREFIX = re.compile(rb"__(?:(?:host-)?http-|host-|secure-)", re.IGNORECASE)


def name_prefix(name: bytes) -> bytes:
    """Return the special prefix of a name in lower case, or empty (RFC 6265bis 4.1.3)."""
    if not name.startswith(b"__"):
        return b""
    found = _PREFIX.match(name)
    return found[0].lower() if found else b""
