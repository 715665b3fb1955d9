"""Response heads, parsed into the pieces that are forwarded."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Final

import httptools

from cookiewarden.core.engine.memo import SetCookieLines
from cookiewarden.serve.wire.head import (
    BARE_LF,
    BY_LENGTH,
    CHUNKED,
    MAX_LENGTH_DIGITS,
    NO_BODY,
    NONE,
    OPTIONS,
    PROTECTED,
    BadHead,
    Framing,
    Limits,
    are_in_values,
    examine,
    length_of,
    lower_names,
    persistent,
    tokens,
    without,
)


class ResponseHead:
    """A parsed response head."""

    __slots__ = (
        "alt_svc",
        "cookies",
        "framing",
        "http_1_1",
        "idle_seconds",
        "keep_alive",
        "length",
        "parts",
        "status",
        "upgrades",
    )

    status: int
    http_1_1: bool
    keep_alive: bool
    framing: Framing
    length: int
    upgrades: Sequence[bytes]
    idle_seconds: int | None
    """Seconds after which the application closes an idle connection, if the response states them."""
    alt_svc: bytes
    """Lines of the Alt-Svc fields, each with its line break before it. They are not in `parts`, because they lead
    browsers past the proxy."""
    parts: list[bytes]
    """The head to forward, in pieces, without its blank line."""
    cookies: list[tuple[int, SetCookieLines]]
    """Runs of adjacent Set-Cookie fields, each with the index of its empty place in `parts`."""


_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})( [^\x00-\x08\x0a-\x1f\x7f]*)?\r\n")
_STATUS_LINE_BEGINS = b"HTTP/1."
# Values are not captured, because partition finds their ends in a fifth of the time.
_HANDLED = rb"set-cookie2?|alt-svc|connection|content-length|transfer-encoding|keep-alive|upgrade|te|proxy-[^:\r\n]*"
"""Names of the fields whose values decide how a response is read."""
_RESPONSE_FIELDS = re.compile(rb"(\r\n(?=[sctkupa])(?:%b):[ \t]*)" % _HANDLED, re.IGNORECASE)
_TIMEOUT = re.compile(rb"(?:^|[,; \t])timeout[ \t]*=[ \t]*\"?([0-9]{1,6})", re.IGNORECASE)


class _Shapes(dict[tuple[bytes, ...], tuple[bytes, ...]]):
    """A cache that maps equal shapes of Set-Cookie runs to one object, so that look-ups need no comparison."""

    def __missing__(self, shape: tuple[bytes, ...]) -> tuple[bytes, ...]:
        if len(self) >= MAX_SHAPES:
            self.clear()
        if sum(map(len, shape)) <= MAX_REMEMBERED:
            self[shape] = shape
        return shape


MAX_SHAPES = 1024
shapes = _Shapes()


def cut_at_value(line: bytes) -> tuple[bytes, bytes, bytes]:
    """Cut a Set-Cookie line into the text before the value, the value, and the tail, as `SetCookieLines` has them."""
    pair, semicolon, tail = line.partition(b";")
    before, equals, value = pair.partition(b"=") if b"=" in pair else (b"", b"", pair)
    return before + equals, value, semicolon + tail


def may_begin_a_response(data: bytes, looked: int) -> bool:
    """Check whether `data` may begin a response head. Its first `looked` octets have been checked before."""
    begins = looked > len(_STATUS_LINE_BEGINS) or _STATUS_LINE_BEGINS.startswith(data[: len(_STATUS_LINE_BEGINS)])
    return begins and not BARE_LF.search(data, max(looked - 1, 0))


def read_response(head: bytes, limits: Limits, to_head: bool) -> ResponseHead:
    """Parse a complete head, its blank line included. `to_head`: it answers a HEAD request. Raises BadHead."""
    if len(head) > limits.harmless and limits.exceeded(head):
        raise BadHead(502, "head_too_large")
    line = _STATUS_LINE.match(head)
    if line is None:
        raise BadHead(502, "bad_response")
    try:
        examine(httptools.HttpResponseParser, head)
    except httptools.HttpParserError:
        raise BadHead(502, "bad_response_header") from None
    minor, code, reason = line.groups()
    response = ResponseHead()
    response.http_1_1 = minor == b"1"
    response.status = int(code)
    response.parts, response.cookies, response.alt_svc = [], [], b""
    special: dict[bytes, list[bytes]] = {}
    _sift(response, head[:-4], special)
    if minor == b"0" or reason is None:
        response.parts[0] = b"HTTP/1.1 " + code + (reason or b" ") + response.parts[0][line.end() - 2 :]
    lengths = special.get(b"content-length")
    response.upgrades = special.get(b"upgrade", NONE)
    response.idle_seconds = _idle_seconds(special[b"keep-alive"]) if b"keep-alive" in special else None
    _read_persistence(response, special.get(b"connection", NONE))
    _read_response_framing(response, special.get(b"transfer-encoding", NONE), lengths[0] if lengths else None, to_head)
    return response


def _sift(response: ResponseHead, text: bytes, special: dict[bytes, list[bytes]]) -> None:
    """Split at the fields that the proxy handles, including Set-Cookie in any letter case."""
    parts = response.parts
    # plain text, lead, value and the text after it, lead, value and the text after it, ...
    pieces = _RESPONSE_FIELDS.split(text)
    parts.append(pieces[0])
    run: list[bytes] = []
    values: list[bytes] = []
    for at in range(1, len(pieces), 2):
        lead = pieces[at]
        value, line_break, following = pieces[at + 1].partition(b"\r\n")
        name = lower_names[lead]
        if name == b"set-cookie":
            before, after, tail = cut_at_value(value)
            run += (lead, before, tail)
            values.append(after)
            # Adjacent lines are judged together.
            if line_break or at + 2 >= len(pieces) or lower_names[pieces[at + 2]] != b"set-cookie":
                response.cookies.append((len(parts), SetCookieLines(shapes[tuple(run)], values)))
                parts.append(b"")
                run, values = [], []
        elif name == b"alt-svc":
            response.alt_svc += lead + value
        else:
            special.setdefault(name, []).append(value.rstrip(b" \t"))
            if name == b"content-length" and response.status >= 200 and response.status != 204:
                parts.append(lead + value)
        if line_break:
            parts.append(line_break + following)


def _read_persistence(response: ResponseHead, connection: Sequence[bytes]) -> None:
    response.keep_alive = response.http_1_1
    if not connection or (response.http_1_1 and connection == [b"keep-alive"]):
        return
    options = tokens(connection)
    response.keep_alive = persistent(response.http_1_1, options)
    named = options - OPTIONS - PROTECTED
    if named:
        response.parts = [without(part, named) for part in response.parts]


def _idle_seconds(values: list[bytes]) -> int | None:
    found = _TIMEOUT.search(b",".join(values))
    return int(found[1]) if found else None


def _read_response_framing(
    response: ResponseHead, encodings: Sequence[bytes], length: bytes | None, to_head: bool
) -> None:
    """Set framing and length of the body (RFC 9112 6.3). Raises BadHead."""
    response.length = 0
    if encodings and (
        not response.http_1_1 or length is not None or len(encodings) > 1 or encodings[0].lower() != b"chunked"
    ):
        raise BadHead(502, "bad_response")
    if to_head or response.status < 200 or response.status == 204 or response.status == 304:
        response.framing = NO_BODY
        if encodings or (length is not None and length.strip(b"0")):
            # If the application sends the declared body late, the next request on the connection would get it.
            response.keep_alive = False
    elif encodings:
        response.framing = CHUNKED
    elif length is not None:
        response.framing, response.length = BY_LENGTH, length_of(length, 502)
    else:
        response.framing = Framing.UNTIL_CLOSE
        response.keep_alive = False


_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
"""Without \\n, which may end a line for others: a head with a bare one is refused whole, however it comes in pieces."""


def without_bad_cookies(head: bytes) -> tuple[bytes, int]:
    """Return a head without Set-Cookie lines that contain control characters, and the number of removed lines."""
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not (line[:11].lower() == b"set-cookie:" and _CONTROL.search(line))]
    return b"\r\n".join(kept), len(lines) - len(kept)


# Repeated responses

MAX_TEMPLATES = 256
MAX_REMEMBERED = 4096
"""Maximum octets of a head that is remembered."""
MAX_FIXED = 2048
"""Maximum number of lines that are remembered, and of names whose values are counted."""
OFTEN = 16
"""Number of uses after which a template gets a form."""
MAX_FORM = 512
"""Maximum length of a head with a form, without its values, in octets. It takes about 2 ms to compile."""
RECENT = 4
"""Maximum number of templates whose forms are tried."""
MANY = 16
"""Number of values after which a field is one whose value varies, such as X-Request-Id."""
_SET_COOKIE: Final = b"\r\nSet-Cookie: "
_LOWER_SET_COOKIE: Final = b"\r\nset-cookie: "
_LEADS = {b"Set-Cookie": _SET_COOKIE, b"set-cookie": _LOWER_SET_COOKIE} | {
    name: b"\r\n%b: " % name
    for written in (b"Date", b"Content-Length", b"Last-Modified", b"ETag", b"Expires")
    for name in (written, written.lower())
}
"""Octets before the values that differ from response to response, by the name of the field."""
_OTHER_NAME = re.compile(rb"(?!(?:%b)\Z)[A-Za-z0-9_-]{1,64}" % _HANDLED, re.IGNORECASE)
"""Name of another field. It has no colon: the text before `: ` in `Set-Cookie:a=b: c` is not a name."""


@dataclass(slots=True)
class _Template:
    """A parsed response of one shape, to be filled with values."""

    like: ResponseHead
    """The common part of all responses of this shape. Its parts are empty at the places of values."""
    slots: list[tuple[int, int]]
    """Pairs of an index in `parts` and an index of a value."""
    runs: list[tuple[int, tuple[bytes, ...], slice]]
    """Set-Cookie runs: index in `parts`, shape, and indices of the values."""
    length: int | None
    """Index of the Content-Length value."""
    uses: int = 0
    form: re.Pattern[bytes] | None = None
    """Matches the heads of this shape, with their values as groups. It is compiled for a template that is often used,
    because that takes a millisecond."""

    def filled(self, values: list[bytes]) -> ResponseHead | None:
        """Return the response with these values; None if llhttp might not accept them."""
        if not are_in_values(b"".join(values)):
            return None
        like = self.like
        response = ResponseHead()
        if self.length is None:
            response.length = 0
        else:
            digits = values[self.length].rstrip(b" ")
            if not digits.isdigit() or len(digits) > MAX_LENGTH_DIGITS:
                return None
            response.length = int(digits)
        response.status, response.http_1_1, response.keep_alive = like.status, like.http_1_1, like.keep_alive
        response.framing, response.upgrades, response.alt_svc = like.framing, like.upgrades, like.alt_svc
        response.idle_seconds = like.idle_seconds
        response.parts = parts = like.parts.copy()
        for at, which in self.slots:
            parts[at] = values[which]
        response.cookies = [(at, SetCookieLines(shape, values[which])) for at, shape, which in self.runs]
        return response


class ResponseReader:
    """Parses responses of one application with the result of `read_response`. Applications repeat lines, and heads that
    differ in a few values. The values are cut out, and the other lines are looked up."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._short = min(MAX_REMEMBERED, limits.max_head, limits.max_field)
        self._templates: dict[tuple[bytes, ...], _Template] = {}
        self._fixed: dict[bytes, bytes] = {}
        """Lines of the templates without values, so that equal lines are one object and tuples compare fast."""
        self._leads = dict(_LEADS)
        self._values: dict[bytes, tuple[bytes, int]] = {}
        """The last line of each field that was not in a template, and the number of different ones, by its name."""
        self._seen: set[int] = set()
        """Hashes of shapes that were seen once. A shape is remembered when it is seen again."""
        self._recent: list[_Template] = []
        """Templates with a form, the last used first. A form takes a third of the time of a look-up."""

    def read(self, head: bytes, to_head: bool) -> ResponseHead:
        """Parse a complete head. `to_head`: it answers a HEAD request. Raises BadHead."""
        if to_head or len(head) > self._short:
            return read_response(head, self.limits, to_head)
        for template in self._recent:
            found = template.form.fullmatch(head) if template.form is not None else None
            if found is not None:
                if template is not self._recent[0]:
                    self._use(template)
                return template.filled(list(found.groups())) or read_response(head, self.limits, to_head)
        return self._look_up(head)

    def _look_up(self, head: bytes) -> ResponseHead:
        """Parse a head that is not of a recent template. Raises BadHead."""
        values: list[bytes] = []
        key = self._shape(head, values)
        template = self._templates.get(key)
        if template is not None:
            template.uses += 1
            if template.uses == OFTEN and sum(map(len, key)) <= MAX_FORM:
                template.form = _form(key)
            if template.form is not None:
                self._use(template)
            response = template.filled(values)
            if response is not None:
                return response
        response = read_response(head, self.limits, to_head=False)
        if template is None:
            self._learn([line for line, *_ in _items(key)][1:])
            self._remember(key, values, response)
        return response

    def _use(self, template: _Template) -> None:
        """Move a template to the front."""
        others = [other for other in self._recent if other is not template]
        self._recent = [template, *others[: RECENT - 1]]

    def _shape(self, head: bytes, values: list[bytes]) -> tuple[bytes, ...]:
        """Return a head without its values, which are added to `values`.

        It has one item per line. A line with a value has the octets before it, line break included, which distinguishes
        it from other lines. A Set-Cookie line has two items more, the text before and behind its value."""
        fixed, leads = self._fixed, self._leads
        shape: list[bytes] = []
        for line in head[:-4].split(b"\r\n"):
            known = fixed.get(line)
            if known is not None:
                shape.append(known)
                continue
            name, colon, value = line.partition(b": ")
            lead = leads.get(name) if colon else None
            if lead is None:
                shape.append(line)
            elif lead is _SET_COOKIE or lead is _LOWER_SET_COOKIE:
                before, after, tail = cut_at_value(value)
                shape += (lead, before, tail)
                values.append(after)
            else:
                shape.append(lead)
                values.append(value)
        return tuple(shape)

    def _learn(self, lines: list[bytes]) -> None:
        """Count the values of fields whose lines are new. A field with many values varies."""
        for line in lines:
            name, colon, _ = line.partition(b": ")
            if not colon or line in self._fixed or not _OTHER_NAME.fullmatch(name):
                continue
            if len(self._values) >= MAX_FIXED:
                self._values.clear()
            last, count = self._values.get(name, (b"", 0))
            if line != last:
                self._values[name] = line, count + 1
                if count + 1 == MANY and len(self._leads) < MAX_FIXED:
                    self._leads[name] = b"\r\n%b: " % name

    def _remember(self, shape: tuple[bytes, ...], values: list[bytes], response: ResponseHead) -> None:
        hashed = hash(shape)
        if hashed not in self._seen:
            if len(self._seen) >= 16 * MAX_TEMPLATES:
                self._seen.clear()
            self._seen.add(hashed)
            return
        template = _template(shape, response)
        filled = template.filled(values) if template is not None else None
        # Some heads cannot be a template: a Connection header names a field, or the status line is changed.
        if template is not None and filled is not None and _same(filled, response):
            if len(self._templates) >= MAX_TEMPLATES or len(self._fixed) >= MAX_FIXED:
                self._templates.clear()
                self._fixed.clear()
            self._templates[shape] = template
            self._fixed.update((line, line) for line, *tail in _items(shape) if not line.startswith(b"\r\n"))


def _items(shape: tuple[bytes, ...]) -> Iterator[tuple[bytes, ...]]:
    """Yield the items of each line of a shape."""
    at = 0
    while at < len(shape):
        end = at + (3 if shape[at] in (_SET_COOKIE, _LOWER_SET_COOKIE) else 1)
        yield shape[at:end]
        at = end


def _form(shape: tuple[bytes, ...]) -> re.Pattern[bytes]:
    """Return a pattern of the heads with this shape.

    Where one octet ends a value, the pattern excludes only this octet, because a set of several takes ten times as many
    instructions. A value with a line break is refused later (`_Template.filled`)."""
    first, *lines = _items(shape)
    text = re.escape(first[0])
    for line, *rest in lines:
        if rest:
            before, tail = rest
            value = rb"([^;=\r\n]*+)" if not before else rb"([^;]*+)" if tail else rb"([^;\r\n]*+)"
            text += re.escape(line + before) + value + re.escape(tail)
        else:
            text += re.escape(line) + rb"([^\r]*+)" if line.startswith(b"\r\n") else re.escape(b"\r\n" + line)
    return re.compile(text + rb"\r\n\r\n")


def _template(shape: tuple[bytes, ...], response: ResponseHead) -> _Template | None:
    """Build the template of a response with this shape. Return None if a Set-Cookie field is in its fixed part, because
    a template must never keep a cookie's value."""
    like = copy(response)
    like.parts, like.cookies, like.alt_svc = [], [], b""
    template = _Template(like, [], [], None)
    special: dict[bytes, list[bytes]] = {}
    text, run, which = shape[0], list[bytes](), 0
    lines = list(_items(shape))
    for number, (line, *rest) in enumerate(lines[1:], 2):
        if not line.startswith(b"\r\n"):
            text += b"\r\n" + line
            continue
        if text:
            _sift(like, text, special)
            text = b""
        if rest:
            run += (line, *rest)
            if number == len(lines) or len(lines[number]) == 1:  # adjacent lines are judged together
                template.runs.append((len(like.parts), shapes[tuple(run)], slice(which + 1 - len(run) // 3, which + 1)))
                like.parts.append(b"")
                run = []
        else:
            if line.lower() == b"\r\ncontent-length: ":
                template.length = which
            template.slots.append((len(like.parts) + 1, which))
            like.parts += (line, b"")
        which += 1
    if text:
        _sift(like, text, special)
    # A 304 may declare a body that must not come. The end of the connection depends on its length.
    declares_body = template.length is not None and response.framing is NO_BODY
    return None if like.cookies or declares_body else template


def _same(one: ResponseHead, other: ResponseHead) -> bool:
    facts = ("status", "http_1_1", "keep_alive", "framing", "length", "upgrades", "idle_seconds", "alt_svc")
    return all(getattr(one, name) == getattr(other, name) for name in facts) and _pieces(one) == _pieces(other)


def _pieces(response: ResponseHead) -> list[bytes]:
    """Return the text of a head, parted at its runs of cookies."""
    runs = {at: b"".join(lead + line for lead, line in lines) for at, lines in response.cookies}
    pieces, text = list[bytes](), b""
    for at, part in enumerate(response.parts):
        if at in runs:
            pieces += (text, runs[at])
            text = b""
        else:
            text += part
    return [*pieces, text]
