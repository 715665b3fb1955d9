"""Cookie headers as recorders write them: joined by commas, redacted, or as arrays of their parts.

On the wire a comma joins nothing. Only recorders join Set-Cookie lines."""

import re
from collections.abc import Collection, Mapping

from cookiewarden.core.cookies.date import imf_fixdate, parse_cookie_date
from cookiewarden.tools.recordings.recorded import iso_moment

_BETWEEN = re.compile(rb",[ \t]*(?=([^\s;,=\"]+)=)")
"""A comma that may stand between two Set-Cookie lines: a name and `=` follow, which no date has."""
_ENDS_ATTRIBUTE = re.compile(
    rb";[ \t]*(?:(?:path|domain|expires|max-age|samesite|priority)=[^;]*|secure|httponly|partitioned)", re.IGNORECASE
)

_REDACTED = re.compile(
    rb"[\[<({*_ ]*(?:redacted|removed|hidden|filtered|masked|sanitized|scrubbed|secret|omitted|x{3,}|\*+)[\]>)}*_ ]*",
    re.IGNORECASE,
)


def is_redacted(value: bytes) -> bool:
    """Check whether a recorder has put a word in the place of a header's value."""
    return b"=" not in value and _REDACTED.fullmatch(value.strip()) is not None


def split_joined(value: bytes, names: Collection[bytes] = ()) -> list[bytes]:
    """Split Set-Cookie lines that a recorder has joined by commas, as WebKit does.

    Args:
        value: the recorded header.
        names: the cookies that the recorder lists besides; only before these a line may begin. Empty if unknown.
    """
    lines: list[bytes] = []
    begin = counted = 0
    is_quoted = False
    for found in _BETWEEN.finditer(value):
        is_quoted ^= value.count(b'"', counted, found.start()) % 2 == 1
        counted = found.start()
        if (names and found[1] not in names) or is_quoted:
            continue  # a comma within quotes belongs to the value
        # Envoy, Tomcat and .NET write no blank. Such a comma joins lines only where an attribute ends.
        if found[0] == b"," and not _ENDS_ATTRIBUTE.fullmatch(
            value, max(value.rfind(b";", begin, counted), begin), counted
        ):
            continue
        lines.append(value[begin:counted])
        begin = found.end()
    return [*lines, value[begin:]]


def set_cookie_of(cookie: Mapping[str, object], host: bytes) -> bytes:
    """Write a member of a HAR's `response.cookies` as a Set-Cookie line. `host`: of the request."""

    def text(key: str) -> str:
        found = cookie.get(key)
        return found if isinstance(found, str) else ""

    line = f"{text('name')}={text('value')}"
    if path := text("path"):
        line += f"; Path={path}"
    domain = text("domain")
    if domain and domain.encode() != host.partition(b":")[0]:  # recorders name the host of host-only cookies too
        line += f"; Domain={domain}"
    seconds = cookie.get("maxAge")
    if isinstance(seconds, int) and not isinstance(seconds, bool):
        line += f"; Max-Age={seconds}"
    expires = cookie.get("expires")
    at = float(expires) if isinstance(expires, int) and expires > 0 else _moment(text("expires"))
    if at is not None:
        line += f"; Expires={imf_fixdate(int(at)).decode()}"
    line += "; HttpOnly" if cookie.get("httpOnly") is True else ""
    line += "; Secure" if cookie.get("secure") is True else ""
    if same_site := text("sameSite"):
        line += f"; SameSite={same_site}"
    return line.encode("utf-8", "backslashreplace").replace(b"\r", b"").replace(b"\n", b"")


def _moment(text: str) -> float | None:
    """Read a date of ISO 8601 or of HTTP, in seconds since the epoch."""
    at = iso_moment(text)
    return parse_cookie_date(text.encode("utf-8", "replace")) if at is None and text else at
