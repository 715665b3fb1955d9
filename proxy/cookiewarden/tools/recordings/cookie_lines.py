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
    rb"[\[<({*_ ]*"
    rb"(?:[0-9]+ bytes were stripped"
    rb"|redacted|removed|hidden|filtered|masked|sanitized|scrubbed|secret|omitted|snip(?:ped)?|x{3,}|\*+)[\]>)}*_ ]*",
    re.IGNORECASE,
)


def is_redacted(value: bytes) -> bool:
    """Check whether a recorder has put a word in the place of a header's value."""
    value = value.strip()
    if b"=" not in value:
        return _REDACTED.fullmatch(value) is not None
    first = value.partition(b";")[0].partition(b"=")[2]
    return first[:1] in (b"<", b"[") and _REDACTED.fullmatch(first) is not None  # git keeps the names


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


_COMPLETE = (
    rb";[ \t]*(?:path=/[^\s;,\"]*|domain=[\w.-]+|max-age=-?[0-9]+|samesite=(?:strict|lax|none)|secure|httponly"
    rb"|partitioned|expires=(?:[a-z]{3,9}, )?[0-9]{1,2}[ -][a-z]{3}[ -][0-9]{2,4} [0-9:]{8} gmt)"
)
_BETWEEN_COMPLETE = re.compile(
    _COMPLETE + rb"(,[ \t]*)(?=[^\s;,=\"]+=[^;,]*;[ \t]*"
    rb"(?:(?:path|domain|expires|max-age|samesite|priority)=|(?:secure|httponly|partitioned)[ \t]*(?:[;,]|$)))",
    re.IGNORECASE,
)
"""A comma between a complete attribute and a pair that also has attributes."""
_NEXT = re.compile(rb"(?:set-)?cookie: ", re.IGNORECASE)
_JOINED = re.compile(_COMPLETE + rb"(?:[ \t]+|,[ \t]*)[^\s;,=]+=", re.IGNORECASE)
_SIDE_BY_SIDE = re.compile(rb"(?<=[^;,\s])[ \t]+[^\s;,=]+=")
_FLAG = re.compile(rb"(?:secure|httponly|partitioned)(?![\w-]|[ \t]*=).+", re.IGNORECASE)
_CUT_ENDS = (b".", b"\\", b'"', b"'", b"]", b")", b",", b"\\r", b"\\n")


def has_next_header(value: bytes) -> bool:
    """Check for another header within a value, which ends in the wrong place then."""
    return _NEXT.search(value) is not None


def split_complete(value: bytes) -> list[bytes]:
    """Split Set-Cookie lines that a logger has joined by commas, in a head that may come from the wire.

    On the wire a comma belongs to its attribute, so both sides of it must be complete."""
    lines: list[bytes] = []
    begin = counted = 0
    is_quoted = False
    for found in _BETWEEN_COMPLETE.finditer(value):
        is_quoted ^= value.count(b'"', counted, found.start(1)) % 2 == 1
        counted = found.start(1)
        if is_quoted:
            continue
        lines.append(value[begin : found.start(1)])
        begin = found.end(1)
    return [*lines, value[begin:]]


def is_several(line: bytes) -> bool:
    """Check whether a Set-Cookie line seems to be several ones, without a place where each certainly ends."""
    return _JOINED.search(line) is not None


def are_side_by_side(value: bytes) -> bool:
    """Check for pairs that only blanks separate, as Go writes several values."""
    return _SIDE_BY_SIDE.search(value, max(value.find(b"="), 0)) is not None


def is_cut(line: bytes) -> bool:
    """Check a Set-Cookie line for signs of a wrong cut: attributes that no application means."""
    if line.endswith((b"\\r", b"\\n")):
        return True
    for part in line.split(b";")[1:]:
        name, equals, value = (piece.strip() for piece in part.partition(b"="))
        name = name.lower()
        if (not equals and _FLAG.fullmatch(name)) or (value and _is_wrong(name, value)):
            return True
    return False


def _is_wrong(name: bytes, value: bytes) -> bool:
    if name == b"samesite":
        return value.lower() not in (b"strict", b"lax", b"none")
    if name == b"max-age":
        return re.fullmatch(rb"-?[0-9]+", value) is None
    if name == b"domain":
        return re.fullmatch(rb"[\w.:\[\]-]*[\w\]]", value) is None
    if name == b"expires":
        return value.endswith(_CUT_ENDS) or (len(value) > 4 and parse_cookie_date(value) is None)
    return name == b"path" and value.endswith(_CUT_ENDS)


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
