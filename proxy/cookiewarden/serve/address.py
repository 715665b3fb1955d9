"""Addresses of the proxy's listeners and of the application."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from cookiewarden.core.policy.problem import shown_url


@dataclass(frozen=True, slots=True)
class Address:
    """A TCP address to listen on or to connect to."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class UnixSocket:
    """A unix socket to listen on."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


@dataclass(frozen=True, slots=True)
class Upstream:
    """Location of the application: a TCP address, or the path of a unix socket."""

    url: str
    address: Address | None = None
    socket: str = ""
    tls: bool = False

    @property
    def authority(self) -> str:
        return str(self.address) if self.address else "localhost"

    def __str__(self) -> str:
        return self.url


MAX_SOCKET_PATH = 107
"""Maximum octets of the path of a unix socket (unix(7))."""


def parse_address(text: str) -> Address:
    """Parse `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all addresses) or `8080` (loopback). Raises ValueError."""
    found = re.fullmatch(r"(?:(\[[0-9a-fA-F:.]+\]|[^\[\]:]*):)?([0-9]{1,5})", text)
    if found is None or int(found[2]) > 65535:
        raise ValueError(f'"{text}" is not a valid address; expected HOST:PORT such as 127.0.0.1:8080')
    host = "127.0.0.1" if found[1] is None else found[1].strip("[]") or "0.0.0.0"  # noqa: S104 (":8080" asks for it)
    return Address(host, int(found[2]))


def parse_listener(text: str) -> Address | UnixSocket:
    """Parse an address like `parse_address`, or `unix:/PATH`. Raises ValueError."""
    if not text.startswith("unix:"):
        return parse_address(text)
    path = text.removeprefix("unix:")
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f'"{text}" is not a valid address; expected an absolute path such as unix:/run/cookies.sock')
    if len(path.encode()) > MAX_SOCKET_PATH:
        raise ValueError(f'"{text}" is too long for a unix socket; expected at most {MAX_SOCKET_PATH} bytes')
    return UnixSocket(path)


def parse_upstream(text: str) -> Upstream:
    """Parse `http://HOST[:PORT]`, `https://HOST[:PORT]` or `unix:/PATH`. Raises ValueError."""
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError(f'"{text}" is not a valid upstream; expected an absolute path such as unix:/run/app.sock')
        return Upstream(text, socket=path)
    expected = "expected http://HOST:PORT, https://HOST:PORT or unix:/PATH"
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:  # the original message may contain a password
        raise ValueError(f'"{shown_url(text)}" is not a valid upstream; {expected}') from None
    tls = url.scheme == "https"
    if url.username is not None:
        raise ValueError(f'"{shown_url(text)}": an upstream cannot have a user name or password; {expected}')
    if url.scheme not in ("http", "https") or not url.hostname or port == 0:
        raise ValueError(f'"{text}" is not a valid upstream; {expected}')
    if not re.fullmatch(r"[A-Za-z0-9._~-]+|[0-9a-fA-F:.]+(%[A-Za-z0-9]+)?", url.hostname):
        raise ValueError(f'"{shown_url(text)}" is not a valid upstream; {expected}')
    if url.path not in ("", "/") or url.query or url.fragment:
        raise ValueError(f'"{text}": request paths are forwarded unchanged, so an upstream has no path; {expected}')
    return Upstream(text, Address(url.hostname, port or (443 if tls else 80)), tls=tls)


LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 (compared, not bound)


def is_local(address: Address | UnixSocket) -> bool:
    """Check whether only this machine reaches a listener."""
    if isinstance(address, UnixSocket) or address.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(address.host).is_loopback
    except ValueError:
        return False


def is_itself(upstream: Upstream, listen: Address) -> bool:
    """Check whether the upstream is the listener itself, so that each request would cause another one."""
    address = upstream.address
    if address is None or address.port != listen.port:
        return False
    local = LOOPBACK | ANY
    return address.host == listen.host or (address.host in local and listen.host in local)
