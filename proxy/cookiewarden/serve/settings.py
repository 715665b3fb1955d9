"""All settings. The flags, environment variables, the settings file and the reference are generated from `Settings`."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from cookiewarden.core.policy.policy import Mode
from cookiewarden.serve.address import Address, UnixSocket, Upstream, parse_address, parse_listener, parse_upstream
from cookiewarden.serve.ingress import INGRESS_FIELDS


class Access(StrEnum):
    """Modes of the access log: off, on, or on with query strings."""

    OFF = "off"
    ON = "on"
    QUERY = "query"


def _seconds(text: str) -> float:
    """Parse a number of seconds, 0 or more. Raises ValueError."""
    if re.fullmatch(r"-[0-9.]+|[0-9]{10,}(\.[0-9]*)?", text):
        raise ValueError(f'"{text}" is out of range; expected 0 to 999999999 seconds')
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise ValueError(f'"{text}" is not a number of seconds (for example 30 or 0.5)')
    return float(text)


def _timeout(text: str) -> float:
    """Parse a number of seconds that is not 0. Raises ValueError."""
    value = _seconds(text)
    if value == 0:
        raise ValueError("0 seconds is not a valid timeout; to wait indefinitely, give a large number")
    return value


def _count(text: str) -> int:
    """Parse a whole number, 0 or more. Raises ValueError."""
    if re.fullmatch(r"-[0-9]+|[0-9]{16,}", text):
        raise ValueError(f'"{text}" is out of range; expected a whole number of 0 or more, such as 65536')
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError(f'"{text}" is not a whole number (for example 65536)')
    return int(text)


def _limit(text: str) -> int:
    """Parse a whole number that is not 0. Raises ValueError."""
    value = _count(text)
    if value == 0:
        raise ValueError("0 is not a valid limit; to disable the limit, give a large number")
    return value


def _host(text: str) -> str:
    """Check that a text is HOST or HOST:PORT and return it. Raises ValueError."""
    if not re.fullmatch(r"(?:[A-Za-z0-9._~-]+|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?", text):
        raise ValueError(f'"{text}" is not a valid host; expected HOST or HOST:PORT')
    return text


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def _networks(text: str) -> tuple[Network, ...]:
    """Parse a list of networks, separated by commas. Raises ValueError."""
    return tuple(_network(word.strip()) for word in text.split(",") if word.strip())


def _network(text: str) -> Network:
    """Parse a network or a single IP address. Raises ValueError."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f'"{text}" is not a valid network (for example 10.0.0.0/8 or fd00::/8)') from None


def _ingress_fields(text: str) -> tuple[str, ...]:
    """Parse names of headers of an ingress, separated by commas. Raises ValueError."""
    names = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    for name in names:
        if name not in INGRESS_FIELDS:
            raise ValueError(f'"{name}" is not a header that the proxy removes; expected {", ".join(INGRESS_FIELDS)}')
    return names


def _named_files(text: str) -> tuple[tuple[str, str], ...]:
    """Parse NAME=FILE, separated by commas. Raises ValueError."""
    found = _pairs(text, "NAME=FILE such as shop=shop.yaml")
    for name, file in found:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
            raise ValueError(f'"{name}" is not a valid name; expected letters, digits, ".", "_" and "-"')
        _file(file)
    return found


def _named_hosts(text: str) -> tuple[tuple[str, str], ...]:
    """Parse HOST=NAME, separated by commas, with the hosts in lower case. Raises ValueError."""
    found = _pairs(text, "HOST=NAME such as shop.example=shop")
    for host, _ in found:
        if not re.fullmatch(r"(?:\*\.)?[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host):
            raise ValueError(f'"{host}" is not a valid host; expected a host without port, or *.DOMAIN')
    return tuple((host.lower(), name) for host, name in found)


def _pairs(text: str, expected: str) -> tuple[tuple[str, str], ...]:
    """Parse pairs with `=`, separated by commas. Raises ValueError."""
    parts = [tuple(word.strip().partition("=")[::2]) for word in text.split(",") if word.strip()]
    for left, right in parts:
        if not left or not right:
            raise ValueError(f'"{left}{right}" is not a valid pair; expected {expected}')
        if [first for first, _ in parts].count(left) > 1:
            raise ValueError(f'"{left}" is given twice; remove one')
    return tuple((left, right) for left, right in parts)


def _switch(text: str) -> bool:
    """Parse on, off, true or false. Raises ValueError."""
    if text.lower() not in ("on", "off", "true", "false"):
        raise ValueError(f'"{text}" is not a valid switch; expected on or off')
    return text.lower() in ("on", "true")


def _one_of(what: str, *choices: str) -> Callable[[str], str]:
    """Return a parser that accepts only the choices and raises ValueError. `what` names the value in the error."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f'"{text}" is not a valid {what}; expected {" or ".join(choices)}')
        return text

    return parse


def _workers(text: str) -> int:
    """Parse a number of worker processes. Raises ValueError."""
    if not re.fullmatch(r"[1-9][0-9]{0,2}", text):
        raise ValueError(f'"{text}" is not a valid number of workers; expected 1 to 999')
    return int(text)


def _via(text: str) -> str:
    """Check a name for the Via header and return it. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", text):
        raise ValueError(f'"{text}" is not a valid name for a Via header (for example edge-1)')
    return text


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(",") if word.strip())


def _file(text: str) -> str:
    """Check that a text can be a path and return it. Raises ValueError."""
    if "\0" in text:
        raise ValueError("a file name cannot contain a NUL character; remove it")
    return text


def setting(parse: Callable[[str], Any], default: Any, metavar: str, help: str) -> Any:
    """Declare a field of Settings with its parser, its default and its `--help` text."""
    return field(default=default, metadata={"parse": parse, "metavar": metavar, "help": help})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of the process. The rules about cookies are in the policy."""

    policy: str = setting(_file, "", "FILE", "The policy file.")
    upstream: Upstream | None = setting(
        parse_upstream, None, "URL", "URL of the application: http://HOST:PORT, https://HOST:PORT or unix:/PATH."
    )
    listen: Address = setting(
        parse_address, Address("127.0.0.1", 8080), "HOST:PORT", "Address on which the proxy accepts browsers."
    )
    extproc: Address | UnixSocket | None = setting(
        parse_listener,
        None,
        "ADDRESS",
        "Answer Envoy instead of browsers: address of the external processor (ext_proc), HOST:PORT or unix:/PATH. "
        "Without --upstream and --listen. Needs cookiewarden[envoy].",
    )
    extproc_insecure: bool = setting(
        _switch,
        False,
        "on|off",
        "Accept calls of --extproc from other machines without client certificates. Everyone with access to the port "
        "can then test the policy, and decrypt sealed cookies.",
    )
    extproc_policy: tuple[tuple[str, str], ...] = setting(
        _named_files,
        (),
        "NAME=FILE,...",
        "Further policies of --extproc by name, for several applications. A call of Envoy selects one by the initial "
        "metadata cookiewarden-policy, or by --extproc-host; others get --policy.",
    )
    extproc_host: tuple[tuple[str, str], ...] = setting(
        _named_hosts,
        (),
        "HOST=NAME,...",
        "Hosts whose requests get a policy of --extproc-policy: shop.example=shop, or *.example=shop for all hosts "
        "below a domain.",
    )
    admin: Address = setting(
        parse_address,
        Address("127.0.0.1", 9180),
        "HOST:PORT",
        "Address of the admin listener: metrics, health, status page and commands. Everyone with access to the port "
        "can read /metrics, /livez and /readyz. Beyond loopback, other paths need a token; commands always need one.",
    )
    mode: Mode | None = setting(
        lambda text: Mode(_one_of("mode", *Mode)(text)),
        None,
        "MODE",
        "enforce or report; overrides the mode of the policy.",
    )
    shadow: str = setting(
        _file,
        "",
        "FILE",
        "A second policy to try beside the one in force. Its decisions are counted separately and change nothing.",
    )
    upstream_host: str = setting(_host, "", "HOST", "Host header to send to the application instead of the browser's.")
    scheme: str = setting(
        _one_of("scheme", "http", "https"),
        "http",
        "SCHEME",
        "Scheme that browsers use: https if TLS ends in front of the proxy.",
    )
    trust_forwarded: tuple[Network, ...] = setting(
        _networks,
        (),
        "CIDR,...",
        "Networks of peers whose X-Forwarded headers are trusted, such as an ingress: 10.0.0.0/8.",
    )
    keep_client_header: tuple[str, ...] = setting(
        _ingress_fields,
        (),
        "NAME,...",
        "Headers to forward from untrusted peers although an ingress uses them, such as x-real-ip. By default they are "
        "removed.",
    )
    proxy_protocol: tuple[Network, ...] = setting(
        _networks,
        (),
        "CIDR,...",
        "Networks of load balancers that send a PROXY protocol header (v1 or v2) on each connection.",
    )
    via: str = setting(_via, "", "NAME", "Add a Via header with this name to requests and responses.")
    keep_alt_svc: bool = setting(
        _switch,
        False,
        "on|off",
        "Forward the application's Alt-Svc header, for an ingress that offers HTTP/3. By default the header is "
        "removed, because it leads browsers past the proxy.",
    )
    tls_cert: str = setting(_file, "", "FILE", "Certificate chain (PEM) of the listener; browsers then connect by TLS.")
    tls_key: str = setting(_file, "", "FILE", "Private key (PEM) of --tls-cert, if it is not in the same file.")
    tls_client_ca: str = setting(
        _file, "", "FILE", "Certificate authorities (PEM). Clients must then present a certificate from one of them."
    )
    upstream_ca: str = setting(
        _file, "", "FILE", "Certificate authorities (PEM) for an https:// application, instead of the system's."
    )
    upstream_server_name: str = setting(
        _host,
        "",
        "HOST",
        "Name in the application's certificate, if it differs from the host of --upstream.",
    )
    upstream_verify: bool = setting(_switch, True, "on|off", "Verify the certificate of an https:// application.")
    upstream_cert: str = setting(_file, "", "FILE", "Client certificate (PEM) to present to an https:// application.")
    upstream_key: str = setting(
        _file, "", "FILE", "Private key (PEM) of --upstream-cert, if it is not in the same file."
    )
    seal_key_file: str = setting(
        _file, "", "FILE", "Keys for the cookies that the policy seals; create them with cookiewarden key new FILE."
    )
    upgrade_protocols: tuple[str, ...] = setting(_words, ("websocket",), "LIST", "Upgrade protocols to forward.")

    header_timeout: float = setting(
        _timeout, 10.0, "SECONDS", "Maximum time for a complete request head, from its first byte (408)."
    )
    keepalive_timeout: float = setting(
        _timeout, 75.0, "SECONDS", "Maximum time that a client connection stays open between two requests."
    )
    client_timeout: float = setting(
        _timeout, 60.0, "SECONDS", "Maximum pause of a client that sends a body (408) or reads a response."
    )
    connect_timeout: float = setting(
        _timeout, 5.0, "SECONDS", "Maximum time to connect to the application, TLS included (504)."
    )
    read_timeout: float = setting(
        _timeout, 60.0, "SECONDS", "Maximum pause of the application while a response is awaited or read (504)."
    )
    upstream_idle_timeout: float = setting(
        _seconds, 4.0, "SECONDS", "Maximum time that an unused connection to the application is kept."
    )
    pool_timeout: float = setting(
        _seconds, 5.0, "SECONDS", "Maximum wait for a free connection to the application (503)."
    )
    tunnel_timeout: float = setting(_timeout, 3600.0, "SECONDS", "Maximum time that a WebSocket may be silent.")
    drain_delay: float = setting(
        _seconds,
        0.0,
        "SECONDS",
        "Time after SIGTERM in which connections are still accepted while /readyz reports not ready.",
    )
    drain_timeout: float = setting(
        _seconds, 20.0, "SECONDS", "Maximum time for requests in flight to finish, after --drain-delay."
    )

    workers: int = setting(_workers, 1, "N", "Number of worker processes. Use 1 for a sidecar with one CPU.")
    access_log: Access = setting(
        lambda text: Access(_one_of("access log mode", *Access)(text)),
        Access.OFF,
        "off|on|query",
        "Log one line per request: without its query string (on) or with it (query).",
    )
    tracing: bool = setting(
        _switch,
        False,
        "on|off",
        "Send OpenTelemetry spans for requests whose traceparent is sampled (needs cookiewarden[otel]).",
    )
    inventory: bool = setting(
        _switch,
        True,
        "on|off",
        "Record the names of the cookies seen, for forecast and drift.",
    )
    inventory_file: str = setting(
        _file,
        "",
        "FILE",
        "File in which the inventory is saved every ten seconds, and from which it is restored at the start.",
    )
    admin_host: tuple[str, ...] = setting(
        _words, (), "NAME,...", "Host names, in addition to localhost, under which the admin pages may be requested."
    )
    admin_token_file: str = setting(
        _file,
        "",
        "FILE",
        "File with the token of the admin listener. Commands always need it, and other paths beyond loopback. "
        "/metrics, /livez and /readyz need no token.",
    )

    max_head: int = setting(_limit, 32768, "BYTES", "Maximum size of a request head (431) or response head (502).")
    max_field: int = setting(_limit, 16384, "BYTES", "Maximum size of one header field (431 or 502).")
    max_fields: int = setting(_limit, 128, "N", "Maximum number of header fields in a message (431 or 502).")
    max_cookies: int = setting(
        _count, 300, "N", "Maximum number of cookies in a request (431); 0: no limit. Browsers keep about 180 per site."
    )
    max_request_body: int = setting(_count, 0, "BYTES", "Maximum size of a request body (413); 0: no limit.")
    max_connections: int = setting(
        _count, 0, "N", "Maximum number of client connections per worker (503); 0: derived from the open-file limit."
    )
    max_upstream_connections: int = setting(
        _limit, 1024, "N", "Maximum number of connections per worker to the application."
    )
    metrics_max_entries: int = setting(_count, 200, "N", "Maximum number of declared cookies with separate metrics.")

    @property
    def listener(self) -> tuple[str, Address | UnixSocket]:
        """The address on which traffic is accepted, with its flag."""
        return ("--listen", self.listen) if self.extproc is None else ("--extproc", self.extproc)


@dataclass(frozen=True, slots=True)
class Option:
    """A setting as the command line, the environment and the settings file name it."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    metavar: str
    help: str

    @property
    def is_switch(self) -> bool:
        """Check whether the setting is on or off."""
        return self.parse is _switch

    @property
    def is_list(self) -> bool:
        """Check whether the flag can be given several times."""
        return self.parse in (_networks, _ingress_fields, _named_files, _named_hosts)

    @property
    def is_file(self) -> bool:
        """Check whether the setting is the path of a file."""
        return self.parse is _file

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return "COOKIEWARDEN_" + self.name.upper()


OPTIONS = tuple(Option(f.name, default=f.default, **f.metadata) for f in fields(Settings))


def shown(value: object) -> str:
    """Format a setting's value as a user would write it."""
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)
