"""Where a cookie lives: hosts, domain-match, path-match, secure origins, name prefixes (RFC 6265bis)."""

import re

_PORT = re.compile(rb":[0-9]*$")
_IPV4 = re.compile(rb"[0-9]{1,3}(\.[0-9]{1,3}){3}")


def canonical_host(host: bytes) -> bytes:
    """The host of a Host header: lower case, without its port (RFC 6265bis 5.1.2).

    A trailing dot stays: for browsers `shop.example.` is another host than `shop.example`, with cookies of its own.
    """
    return _PORT.sub(b"", host.strip(b" \t")).lower()


def is_ip_address(host: bytes) -> bool:
    return host.startswith(b"[") or _IPV4.fullmatch(host) is not None


def domain_match(host: bytes, domain: bytes) -> bool:
    """Whether `host` is `domain` or below it; an IP address only matches itself (RFC 6265bis 5.1.3)."""
    if host == domain:
        return True
    return bool(domain) and host.endswith(b"." + domain) and not is_ip_address(host)


def host_matches(pattern: str, host: bytes) -> bool:
    """A policy's host pattern: exact, or `*.x` for any depth below x and not x itself."""
    if pattern.startswith("*."):
        below = pattern[1:].encode()
        return host.endswith(below) and len(host) > len(below)
    return host == pattern.encode()


def path_match(request_path: bytes, cookie_path: bytes) -> bool:
    """RFC 6265bis 5.1.4: equal, or a prefix that ends at a `/`."""
    if not request_path.startswith(cookie_path):
        return False
    return (
        len(request_path) == len(cookie_path)
        or cookie_path.endswith(b"/")
        or request_path[len(cookie_path) : len(cookie_path) + 1] == b"/"
    )


def path_of(target: bytes) -> bytes:
    """The path of a request target without its query; `/` where it has none."""
    path = target.partition(b"?")[0]
    return path if path.startswith(b"/") else b"/"


def is_trustworthy(host: bytes) -> bool:
    """Hosts on which browsers accept Secure cookies over plain HTTP: localhost and the loopback addresses."""
    return (
        host in (b"localhost", b"[::1]")
        or host.endswith(b".localhost")
        or (host.startswith(b"127.") and is_ip_address(host))
    )


_PREFIX = re.compile(rb"__(?:(?:host-)?http-|host-|secure-)", re.IGNORECASE)


def name_prefix(name: bytes) -> bytes:
    """The prefix with a meaning that a name carries, in lower case, or empty (RFC 6265bis 4.1.3)."""
    if not name.startswith(b"__"):
        return b""
    found = _PREFIX.match(name)
    return found[0].lower() if found else b""
