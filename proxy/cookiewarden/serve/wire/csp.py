"""Content-Security-Policy: the check that a page allows the guard's script, and the nonce for it (CSP Level 3).

The script has the origin of the page. Every policy must allow it, by its address or by a nonce in the tag.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageAddress:
    """The address of a script, in parts."""

    scheme: bytes
    host: bytes
    port: int
    path: bytes


_RESTRICTS = re.compile(rb"script-src|default-src|sandbox", re.IGNORECASE)
_DIRECTIVE = re.compile(
    rb"(?:^|;)[\t\n\f\r ]*+(script-src-elem|script-src|default-src|sandbox)(?=[\t\n\f\r ;]|$)([^;]*)",
    re.IGNORECASE,
)
_NONCE = re.compile(rb"'nonce-([A-Za-z0-9+/_-]+={0,2})'", re.IGNORECASE)
_SCHEME = re.compile(rb"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HOST = re.compile(
    rb"(?:([a-z][a-z0-9+.-]*)://)?(\*|(?:\*\.)?[a-z0-9_.-]++)(?::([0-9]{1,5}|\*))?(/.*)?",
    re.IGNORECASE,
)
_PORTS = {b"http": 80, b"https": 443}
NO_NONCE = b""

MAX_POLICIES = 64
MAX_SOURCES = 300
"""Maximum number of sources and directives in all policies. With more, the policies count as forbidding the script."""


def nonce_for(values: Iterable[bytes], script: PageAddress) -> bytes | None:
    """Return the nonce that a tag for `script` needs under these field values. Return NO_NONCE if it needs none, and
    None if it is forbidden."""
    shared: dict[bytes, None] | None = None  # in the order of the first policy that needs a nonce
    policies = list(filter(_RESTRICTS.search, b",".join(values).split(b",")))
    if len(policies) > MAX_POLICIES or sum(map(_size, policies)) > MAX_SOURCES:
        return None
    for policy in policies:
        directives = _directives(policy)
        if b"sandbox" in directives and b"allow-scripts" not in directives[b"sandbox"].lower().split():
            return None
        sources = _script_sources(directives)
        if sources is None or _allows(sources, script):
            continue
        nonces = dict.fromkeys(found[1] for source in sources if (found := _NONCE.fullmatch(source)))
        shared = nonces if shared is None else {nonce: None for nonce in shared if nonce in nonces}
    return NO_NONCE if shared is None else next(iter(shared), None)


def _size(policy: bytes) -> int:
    return len(policy.split()) + policy.count(b";")


def _directives(policy: bytes) -> Mapping[bytes, bytes]:
    """Return the directives that restrict scripts. The first directive of each name counts."""
    found: dict[bytes, bytes] = {}
    for directive in _DIRECTIVE.finditer(policy):
        found.setdefault(directive[1].lower(), directive[2])
    return found


def _script_sources(directives: Mapping[bytes, bytes]) -> list[bytes] | None:
    """Return the sources allowed for scripts; None if scripts are not restricted."""
    for name in (b"script-src-elem", b"script-src", b"default-src"):
        if name in directives:
            return directives[name].split()
    return None


def _allows(sources: list[bytes], script: PageAddress) -> bool:
    """Check whether a source list allows a script by its address."""
    if any(source.lower() == b"'strict-dynamic'" for source in sources):
        return False
    return any(_matches(source, script) for source in sources)


def _matches(source: bytes, script: PageAddress) -> bool:
    if source.lower() == b"'self'" or source == b"*":
        return True
    scheme = _SCHEME.fullmatch(source)
    if scheme is not None:
        return _is_of_scheme(scheme[1].lower(), script)
    host = _HOST.fullmatch(source)
    if host is None or not (host[1] is None or _is_of_scheme(host[1].lower(), script)):
        return False
    return _is_of_host(host[2].lower(), script) and _is_at_port(host[3], script) and _is_at_path(host[4], script)


def _is_of_scheme(scheme: bytes, script: PageAddress) -> bool:
    return scheme == script.scheme or (scheme == b"http" and script.scheme == b"https")


def _is_of_host(host: bytes, script: PageAddress) -> bool:
    if host.startswith(b"*"):
        return script.host.endswith(host[1:])
    return host == script.host


def _is_at_port(port: bytes | None, script: PageAddress) -> bool:
    if port is None:
        return script.port == _PORTS[script.scheme]
    is_upgraded = port == b"80" and script.port == 443 and script.scheme == b"https"
    return port == b"*" or int(port) == script.port or is_upgraded


def _is_at_path(path: bytes | None, script: PageAddress) -> bool:
    if path is None:
        return True
    return script.path.startswith(path) if path.endswith(b"/") else script.path == path
