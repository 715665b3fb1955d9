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
    lines: list[bytes], evicting: int, superseding: Collection[bytes], before: Sequence[bytes], fields: int, octets: int
) -> list[bytes]:
    """Return the Set-Cookie values that Envoy accepts, in order.

    The first `evicting` ones expire cookies, and are left out first. Then the `superseding` ones are left out, which
    expire previous identities, and then the last ones. `before`: the values of the response. `fields`, `octets`: all
    that Envoy sent of the head, and at least its octets."""
    own = _octets(before)
    max_fields = max(MAX_FIELDS - UNSEEN_FIELDS - fields, 0) + len(before)
    max_octets = max(MAX_OCTETS - UNSEEN_OCTETS - octets, 0) + own
    size = _octets(lines)
    if len(lines) <= max_fields and size <= min(max_octets, MAX_VALUE):
        return lines
    places = [at for at, line in enumerate(lines) if len(line) <= MAX_VALUE]
    size = _octets([lines[at] for at in places])
    expendable = [at for at in places if at >= evicting and lines[at] in superseding]
    for group in ([at for at in places if at < evicting], expendable, list(places)):
        while group and (len(places) > max_fields or size > max_octets):
            at = group.pop()
            if at in places:
                places.remove(at)
                size -= _octets([lines[at]])
    return [lines[at] for at in places]


def _octets(lines: Sequence[bytes]) -> int:
    return len(b"".join(lines)) + len(b"set-cookie") * len(lines)
