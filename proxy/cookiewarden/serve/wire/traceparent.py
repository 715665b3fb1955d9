"""The traceparent field (W3C Trace Context 3.2), which is read to decide whether a request is traced."""

import re

_TRACEPARENT = re.compile(
    rb"\r\ntraceparent:[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-[^\r]*)?[ \t]*\r\n",
    re.IGNORECASE,
)
_MAX_VERSION = 0xFE
SAMPLED = 1


def traceparent(fields: bytes) -> tuple[int, int] | None:
    """Return trace ID and parent ID if the request is sampled, else None."""
    found = _TRACEPARENT.search(fields + b"\r\n")
    if found is None:
        return None
    version, trace, parent, flags = (int(part, 16) for part in found.groups())
    if version > _MAX_VERSION or not trace or not parent or not flags & SAMPLED:
        return None
    return trace, parent
