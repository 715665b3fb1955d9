"""Every setting, said once: flags, environment variables, the settings file and the reference are made from here."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.address import Address, Upstream, parse_address, parse_upstream


class Access(StrEnum):
    """Whether the access log is written, and with the query strings."""

    OFF = "off"
    ON = "on"
    QUERY = "query"


def _seconds(text: str) -> float:
    """Raises ValueError."""
    if re.fullmatch(r"-[0-9.]+|[0-9]{10,}(\.[0-9]*)?", text):
        raise ValueError(f'"{text}" is out of range; expected seconds from 0 to 999999999')
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(f'"{text}" is no number of seconds; expected one such as 30 or 0.5')
    return float(text)


def _timeout(text: str) -> float:
    """Raises ValueError."""
    value = _seconds(text)
    if value == 0:
        raise ValueError("0 seconds would let nothing through; for no limit give a large number")
    return value


def _count(text: str) -> int:
    """Raises ValueError."""
    if re.fullmatch(r"-[0-9]+|[0-9]{16,}", text):
        raise ValueError(f'"{text}" is out of range; expected a whole number from 0 on, such as 65536')
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError(f'"{text}" is no whole number; expected one such as 65536')
    return int(text)


def _limit(text: str) -> int:
    """Raises ValueError."""
    value = _count(text)
    if value == 0:
        raise ValueError("0 would let nothing through; for no limit give a large number")
    return value


def _host(text: str) -> str:
    """Raises ValueError."""
    if not re.fullmatch(r"(?:[A-Za-z0-9._~-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?", text):
        raise ValueError(f'"{text}" is no host; expected HOST or HOST:PORT')
    return text


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    """Raises ValueError."""
    return tuple(_network(word.strip()) for word in text.split(",") if word.strip())


def _network(text: str) -> Network:
    """Raises ValueError."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is no network; expected such as 10.0.0.0/8 or fd00::/8') from None


def _switch(text: str) -> bool:
    """Raises ValueError."""
    if text.lower() not in ("on", "off", "true", "false"):
        raise ValueError(f'"{text}" is neither on nor off')
    return text.lower() in ("on", "true")


def _one_of(what: str, *choices: str) -> Callable[[str], str]:
    """A reader that raises ValueError."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f'"{text}" is no {what}; expected {" or ".join(choices)}')
        return text

    return parse


def _workers(text: str) -> int:
    """Raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise ValueError(f'"{text}" is no number of workers; expected one from 1 to 999')
    return int(text)


def _via(text: str) -> str:
    """Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", text):
        raise ValueError(f'"{text}" is no name for a Via header; expected one such as edge-1')
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(",") if word.strip())


def _file(text: str) -> str:
    """Raises ValueError."""
    if "\0" in text:
        raise ValueError("no file has a name with a NUL in it")
    return text


def setting(parse: Callable[[str], Any], default: Any, metavar: str, help: str) -> Any:
    """A field of Settings: its reader, its default, and what `--help` says."""
    return field(default=default, metadata={"parse": parse, "metavar": metavar, "help": help})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the proxy runs. What it decides is in the policy."""

    policy: str = setting(_file, "", "FILE", "The policy file.")
    upstream: Upstream | None = setting(
        parse_upstream, None, "URL", "The application: http://HOST:PORT, https://HOST:PORT or unix:/PATH."
    )
    listen: Address = setting(parse_address, Address("127.0.0.1", 8080), "HOST:PORT", "Where browsers connect.")
    admin: Address = setting(
        parse_address,
        Address("127.0.0.1", 9180),
        "HOST:PORT",
        "Metrics and health, open to all who reach it.",
    )
    mode: Mode | None = setting(
        lambda text: Mode(_one_of("mode", *Mode)(text)),
        None,
        "MODE",
        "enforce or report; overrides the policy's own mode.",
    )
    shadow: str = setting(
        _file,
        "",
        "FILE",
        "A second policy, tried beside the one in force: decides everything, changes nothing, and is counted apart.",
    )
    upstream_host: str = setting(_host, "", "HOST", "Host header for the application instead of the browser's.")
    scheme: str = setting(
        _one_of("scheme", "http", "https"),
        "http",
        "SCHEME",
        "What browsers speak: https where TLS ends in front of the proxy.",
    )
    trust_forwarded: tuple[Network, ...] = setting(
        _networks,
        (),
        "CIDR,...",
        "Peers whose X-Forwarded headers are believed, such as an ingress: 10.0.0.0/8.",
    )
    proxy_protocol: tuple[Network, ...] = setting(
        _networks,
        (),
        "CIDR,...",
        "Balancers that send a PROXY protocol header (v1 or v2) on each connection.",
    )
    via: str = setting(_via, "", "NAME", "Add a Via header with this name, both ways.")
    keep_alt_svc: bool = setting(
        _switch,
        False,
        "on|off",
        "Keep the application's Alt-Svc: for an ingress that offers HTTP/3. Off: it is dropped, for it leads browsers "
        "past the proxy.",
    )
    tls_cert: str = setting(_file, "", "FILE", "Certificate chain (PEM): browsers connect by TLS.")
    tls_key: str = setting(_file, "", "FILE", "Its key (PEM), where the certificate's file has none.")
    tls_client_ca: str = setting(_file, "", "FILE", "Authorities (PEM): clients must show a certificate of theirs.")
    upstream_ca: str = setting(
        _file, "", "FILE", "Authorities (PEM) for an https:// application instead of the system's."
    )
    upstream_server_name: str = setting(
        _host,
        "",
        "HOST",
        "The name in the application's certificate, where it is not the host of --upstream.",
    )
    upstream_verify: bool = setting(
        _switch, True, "on|off", "Whether the certificate of an https:// application is checked."
    )
    upstream_cert: str = setting(_file, "", "FILE", "Certificate (PEM) to show to an https:// application.")
    upstream_key: str = setting(_file, "", "FILE", "Its key (PEM), where the certificate's file has none.")
    seal_key_file: str = setting(
        _file, "", "FILE", "Keys for cookies that the policy seals: cookiewarden key new FILE."
    )
    upgrade_protocols: tuple[str, ...] = setting(_words, ("websocket",), "LIST", "Upgrade protocols passed on.")

    header_timeout: float = setting(_timeout, 10.0, "SECONDS", "For a request head, from its first byte (408).")
    keepalive_timeout: float = setting(_timeout, 75.0, "SECONDS", "For an idle client connection.")
    client_timeout: float = setting(
        _timeout, 60.0, "SECONDS", "For a client that pauses while it sends a body (408) or reads a response."
    )
    connect_timeout: float = setting(_timeout, 5.0, "SECONDS", "For a connection to the application (504).")
    read_timeout: float = setting(_timeout, 60.0, "SECONDS", "Between two bytes of the application (504).")
    upstream_idle_timeout: float = setting(_seconds, 4.0, "SECONDS", "For an idle connection to the application.")
    pool_timeout: float = setting(_seconds, 5.0, "SECONDS", "For a free connection to the application (503).")
    tunnel_timeout: float = setting(_timeout, 3600.0, "SECONDS", "For a WebSocket on which nothing travels.")
    drain_delay: float = setting(_seconds, 0.0, "SECONDS", "After SIGTERM: not ready, but still accepting.")
    drain_timeout: float = setting(_seconds, 20.0, "SECONDS", "After SIGTERM: for requests in flight.")

    workers: int = setting(_workers, 1, "N", "Processes that serve; a sidecar has one CPU, and one.")
    access_log: Access = setting(
        lambda text: Access(_one_of("access log", *Access)(text)),
        Access.OFF,
        "off|on|query",
        "A line for each request, without its query string, or with it.",
    )
    tracing: bool = setting(
        _switch,
        False,
        "on|off",
        "Send OpenTelemetry spans of requests whose traceparent asks for them (needs cookiewarden[otel]).",
    )
    inventory: bool = setting(
        _switch,
        True,
        "on|off",
        "Whether the names of cookies are kept that were seen: for forecast and drift.",
    )
    inventory_file: str = setting(
        _file,
        "",
        "FILE",
        "Where the inventory is saved every ten seconds, and brought back from at the start.",
    )
    admin_host: tuple[str, ...] = setting(
        _words, (), "NAME,...", "Names, besides localhost, by which the admin pages may be asked for."
    )
    admin_token_file: str = setting(
        _file,
        "",
        "FILE",
        "A token for the admin pages, where --admin is not on loopback; /metrics, /livez and /readyz need none.",
    )

    max_head: int = setting(_limit, 32768, "BYTES", "A request head (431) or response head (502).")
    max_field: int = setting(_limit, 16384, "BYTES", "One header field (431 or 502).")
    max_fields: int = setting(_limit, 128, "N", "Header fields of one message (431 or 502).")
    max_cookies: int = setting(
        _count, 300, "N", "Cookies of one request (431), 0: no limit; browsers keep some 180 for a site."
    )
    max_request_body: int = setting(_count, 0, "BYTES", "A request body (413); 0: no limit.")
    max_connections: int = setting(
        _count, 0, "N", "Client connections of a worker (503); 0: half of the open files allowed."
    )
    max_upstream_connections: int = setting(_limit, 1024, "N", "Connections of a worker to the application.")
    metrics_max_entries: int = setting(_count, 200, "N", "Declared cookies with metrics of their own.")


@dataclass(frozen=True, slots=True)
class Option:
    """One setting as the command line and the settings file see it."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    metavar: str
    help: str

    @property
    def is_switch(self) -> bool:
        """It is on or off."""
        return self.parse is _switch

    @property
    def is_file(self) -> bool:
        """It is the path of a file."""
        return self.parse is _file

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return "COOKIEWARDEN_" + self.name.upper()


OPTIONS = tuple(Option(f.name, default=f.default, **f.metadata) for f in fields(Settings))


def shown(value: object) -> str:
    """A setting's value as it would be written."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)
