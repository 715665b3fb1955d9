"""Changes of a response within the limits of Envoy, which rejects a change as a whole if the result exceeds them."""

from collections.abc import Collection, Sequence

MAX_FIELDS = 100
"""Maximum number of fields of a head in Envoy (max_headers_count)."""
MAX_OCTETS = 60 << 10
"""Maximum octets of a head in Envoy (max_headers_kb)."""
MAX_VALUE = 16384
"""Maximum octets of a value in an answer (the rules of envoy.config.core.v3.HeaderValue)."""
UNSEEN_FIELDS, UNSEEN_OCTETS = 40, 16 << 10
"""Fields and octets that a response may have beside those that Envoy sends: `forward_rules` leaves out most."""


def fitting(
    lines: Sequence[bytes],
    evicting: int,
    superseding: Collection[bytes],
    before: Sequence[bytes],
    headers: Sequence[tuple[bytes, bytes]],
) -> list[bytes]:
    """Return the Set-Cookie values that Envoy accepts, in order.

    The first `evicting` ones expire cookies, and are left out first. Then the `superseding` ones are left out, which
    expire previous identities, and then the last ones. `before`: the values of the response. `headers`: all fields that
    Envoy sent."""
    own = _octets(before)
    others = sum(len(name) + len(value) for name, value in headers) - own
    max_fields = max(MAX_FIELDS - UNSEEN_FIELDS - len(headers), 0) + len(before)
    max_octets = max(MAX_OCTETS - UNSEEN_OCTETS - others, own)
    places = [at for at, line in enumerate(lines) if len(line) <= MAX_VALUE]
    octets = _octets([lines[at] for at in places])
    expendable = [at for at in places if at >= evicting and lines[at] in superseding]
    for group in ([at for at in places if at < evicting], expendable, list(places)):
        while group and (len(places) > max_fields or octets > max_octets):
            at = group.pop()
            if at in places:
                places.remove(at)
                octets -= _octets([lines[at]])
    return [lines[at] for at in places]


def _octets(lines: Sequence[bytes]) -> int:
    return sum(len(line) + len(b"set-cookie") for line in lines)
