"""The PROXY protocol, versions 1 and 2: the header with the client's address that a load balancer sends first
(https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt).

The header must be read exactly to its last byte, because a TLS handshake may follow.
"""

import ipaddress
import re
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
SHORTEST = 15
"""Octets of `PROXY UNKNOWN` with its line break. A header of version 2 has at least 16."""
LONGEST_V1 = 107
LONGEST_V2 = 4096
"""Maximum octets of addresses and extensions. The examples of the protocol need about 100."""

_V1 = re.compile(
    rb"PROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP[46]) ([0-9A-Fa-f.:]+) ([0-9A-Fa-f.:]+) (0|[1-9][0-9]{0,4}) "
    rb"(0|[1-9][0-9]{0,4}))\r\n"
)
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESSES = {0x11: (4, 12), 0x21: (16, 36)}
"""TCP over IPv4 and IPv6: octets of one address, and of both addresses with their ports."""
_FAMILIES = frozenset({0x00, 0x11, 0x12, 0x21, 0x22, 0x31, 0x32})


class BadProxyHeader(Exception):
    """An error for bytes that are not a PROXY protocol header. It does not contain them."""


def missing(data: bytes) -> int:
    """Return the number of octets that are certainly missing; 0 if the header is complete. Raises BadProxyHeader."""
    v1 = b"PROXY ".startswith(data[:6])
    if not v1 and not SIGNATURE.startswith(data[:12]):
        raise BadProxyHeader
    if len(data) < SHORTEST:
        return SHORTEST - len(data)
    if not v1:
        if len(data) < 16:
            return 16 - len(data)
        length: int = struct.unpack_from("!H", data, 14)[0]
        if length > LONGEST_V2:
            raise BadProxyHeader
        return 16 + length - len(data)
    if len(data) > LONGEST_V1:
        raise BadProxyHeader
    return 0 if data.endswith(b"\r\n") else 1 if data.endswith(b"\r") else 2


def source(header: bytes) -> bytes | None:
    """Return the client's address in a complete header; None if it contains none. Raises BadProxyHeader."""
    return _source_v2(header) if header.startswith(SIGNATURE) else _source_v1(header)


def _source_v1(header: bytes) -> bytes | None:
    found = _V1.fullmatch(header)
    if found is None:
        raise BadProxyHeader
    family, *addresses, source_port, port = found.groups()
    if family is None:
        return None
    try:
        client, server = (ipaddress.ip_address(address.decode()) for address in addresses)
    except ValueError:
        raise BadProxyHeader from None
    version = 4 if family == b"TCP4" else 6
    if (client.version, server.version) != (version, version) or int(source_port) > 65535 or int(port) > 65535:
        raise BadProxyHeader
    return str(client).encode()


def _source_v2(header: bytes) -> bytes | None:
    command, family = header[12], header[13]
    if command not in (_LOCAL, _PROXY) or family not in _FAMILIES:
        raise BadProxyHeader
    if command == _LOCAL or family not in _ADDRESSES:
        return None  # a health check of the load balancer, or an address that is not TCP/IP
    octets, both = _ADDRESSES[family]
    if len(header) < 16 + both:
        raise BadProxyHeader
    return str(ipaddress.ip_address(header[16 : 16 + octets])).encode()
