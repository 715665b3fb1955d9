"""Saved heads: `curl -i`, `curl -v`, `wget -S` and the like."""

import re
from collections.abc import Iterator
from dataclasses import replace

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.commands import CurlCommand, CurlCommands
from cookiewarden.tools.recordings.cookie_lines import has_next_header, is_redacted, split_complete, split_joined
from cookiewarden.tools.recordings.found import LogFacts, is_clear
from cookiewarden.tools.recordings.head_lines import (
    AFTER_BODY,
    BEFORE,
    DUMP,
    DUMP_HEX,
    DUMPS,
    ESCAPED,
    FETCHED,
    HEADER,
    IN_BRACES,
    IN_PACKET,
    NO_BODY,
    OTHER,
    OUTPUT,
    PATH,
    QUOTED,
    REQUEST_LINE,
    SENT,
    STATUS_LINE,
    URL_LINE,
    VARNISH,
    VARNISH_TIME,
    Prefixes,
    is_attributes,
    is_repetition,
    is_rest,
    joined,
    segment_of,
    without_end,
)
from cookiewarden.tools.recordings.mentions import is_named
from cookiewarden.tools.recordings.recorded import (
    Account,
    Note,
    Recorded,
    exchange_of_target,
    exchange_of_url,
)

MAX_HEAD = 1000
"""Cookie lines of one head; further ones count as another head's."""
MAX_JOINED = 1 << 14
"""Octets of a line that is joined of several; longer ones are counted as not understood."""
MAX_JOINS = 1000
"""Lines of one head that are joined."""
MAX_DUMP = 1 << 20
"""Octets of one head in a dump."""


class Heads:
    """Lines of text, put together to requests and their responses."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self.exchange = at
        self.in_body = False
        """A head has ended, so other lines are its body."""
        self._account = account
        self._dump: bytearray | None = None
        """A head in a dump of `curl --trace` or `--trace-ascii`."""
        self._method = b"GET"
        self._prefixes = Prefixes()
        self._commands = CurlCommands()
        self._waiting: CurlCommand | None = None
        """A command in a body, which counts only if its output follows."""
        self._is_follow = False
        """The text is a stream as tshark follows it."""
        self._started = 0.0
        """The moment of the request that the tool writes, in seconds since the epoch; 0 if it writes none."""
        self._begin()

    def _begin(self, is_head: bool = False) -> None:
        self.asked: list[Header] = []
        self.answered: list[Header] = []
        self.at = 0.0
        self.is_head, self.is_answer = is_head, False
        self._command: CurlCommand | None = None
        """The command of curl that is the request."""
        self._promised: CurlCommand | None = None
        """A command whose cookies the request that follows must have."""
        self.in_body = False
        self._has_body = False
        self._status = b""
        self._line_end = b""
        """Text that a tool writes at the end of each line of the head, for its CR."""
        self._has_ends = False
        """A header line of the head was read."""
        self._previous = b""
        """The line before, if it belongs to the head."""
        self._indent = self._blanks = 0
        self._open: list[Header] | None = None
        """The list whose last header the previous line has."""
        self._is_folded = False
        """The line before was folded, so the next one may be its rest."""
        self._joins = 0
        self._is_torn = False
        """The line before was cut by the boundary of a segment."""

    def take(self, line: bytes) -> tuple[bool, list[Recorded]]:
        """Read a line. Return whether it belongs to a head, and the exchanges that end with it."""
        if self._commands.is_part(line):
            return self._part(line)
        waiting, self._waiting = self._waiting, None
        if waiting is None or not OUTPUT.match(line):
            return self._other(line)
        ended = self._begin_command(waiting)
        is_head, more = self._other(line)
        return is_head, ended + more

    def _part(self, line: bytes) -> tuple[bool, list[Recorded]]:
        """Read a line of a command of curl."""
        command = self._commands.take(line, self._account.place)
        if self.in_body:
            self._waiting = command
            return False, []
        ended = self._line(line)[1]
        return True, ended + (self._begin_command(command) if command else [])

    def _begin_command(self, command: CurlCommand) -> list[Recorded]:
        if command.is_unclear:
            self._account.miss(Note.UNKNOWN_FORM, command.place)
        if command.exchange is None:
            return []
        ended = list(self.rest())
        self.exchange = command.exchange
        self._begin(is_head=True)
        self.asked = [(b"cookie", command.cookie)]
        self._command = command
        return ended

    def _other(self, line: bytes) -> tuple[bool, list[Recorded]]:
        if dumps := DUMPS.fullmatch(line):
            ended = self._dumped()
            self.in_body = True
            self._dump = bytearray() if dumps[1] == b"header" else None
            return True, ended
        if self._dump is not None and (dumped := DUMP.fullmatch(line)):
            self._add_dumped(int(dumped[1][:8], 16), dumped[2])
            return True, []
        if sent := SENT.fullmatch(line) or ESCAPED.fullmatch(line):
            return True, self._sent(sent[2])
        if varnish := VARNISH.fullmatch(line):
            return True, self._varnish(varnish[1].lower(), varnish[2])
        if started := VARNISH_TIME.fullmatch(line):
            ended = list(self.rest())
            self._started = float(started[1])
            return True, ended
        if b"HTTP/1" in line and (packet := IN_PACKET.search(line)):
            return self._line(packet[0])
        if self.in_body and AFTER_BODY.match(line):
            self.in_body = False
        if is_repetition(line):
            return True, []
        self._is_follow = self._is_follow or line.startswith(b"Follow: ")
        if not self._is_torn and (segment := segment_of(line, self._is_follow)) is not None:
            return self._segment(segment)
        if quoted := QUOTED.fullmatch(line):
            return self._line(quoted[1])
        end = self._prefixes.end(line)
        end += BEFORE.match(line[end:]).end()  # type: ignore[union-attr]
        return self._line(line[end:], end)

    def _sent(self, text: bytes) -> list[Recorded]:
        """Read a head that is written as one text, with escapes."""
        lines = re.split(rb"\\r\\n", re.sub(rb"\\(['\"\\])", rb"\1", text))
        if b"" in lines:
            del lines[lines.index(b"") :]
        return [one for line in lines for one in self._line(line)[1]]

    def _segment(self, text: bytes) -> tuple[bool, list[Recorded]]:
        """Read the line at the boundary of two segments. A line that the boundary cuts has no blank line before it;
        a boundary between two lines has one, which does not end the head."""
        if not self.is_head:
            return self._line(text) if text else (False, [])
        if self._blanks == 1 and not self._is_start(text):
            self.in_body = False
        self._is_torn = self._blanks == 0 and not self.in_body and not self._is_start(text)
        self._blanks = 0
        return self._line(text) if text else (True, [])

    def _add_dumped(self, offset: int, text: bytes) -> None:
        """Add a line of a dump. In a text dump, CRLF is missing where the offset leaves room for it."""
        dump = self._dump
        if dump is None or len(dump) > MAX_DUMP:
            return
        if len(text) > 48 and (hexadecimal := DUMP_HEX.fullmatch(text, 0, 48)):
            dump += bytes.fromhex(hexadecimal[1].decode())
            return
        if offset == len(dump) + 2:
            dump += b"\r\n"
        dump += text

    def _dumped(self) -> list[Recorded]:
        """Read the head that was dumped."""
        lines, self._dump = (self._dump or b"").split(b"\r\n"), None
        self.in_body = False
        return [one for text in lines if text for one in self._line(bytes(text))[1]]

    def _varnish(self, field: bytes, value: bytes) -> list[Recorded]:
        """Read a line of varnishlog, which writes each part of the request line on a separate line."""
        if field == b"method":
            self._method = value
            return []
        lines = {b"url": b"%s %s HTTP/1.1" % (self._method, value), b"status": b"HTTP/1.1 " + value, b"header": value}
        return self._line(lines[field])[1]

    def _line(self, line: bytes, indent: int = 0) -> tuple[bool, list[Recorded]]:
        ended: list[Recorded] = []
        if self._is_torn:
            line = self._mended(line)
        start, mark = without_end(line)
        if request := REQUEST_LINE.fullmatch(start):
            if command := self._command:
                self.asked = []  # its request is repeated, as by curl -v
            ended += self.rest()
            self.exchange = exchange_of_target(request[2] or request[3], request[1], self.exchange)
            self._begin(is_head=True)
            self._line_end = mark
            self._promised = command
            self._has_body = request[1] in (b"POST", b"PUT", b"PATCH")
        elif STATUS_LINE.fullmatch(start):
            if self.is_answer or not self.is_head:
                ended += self.rest()
            if is_named(start):  # a tool that writes the head on one line
                self._account.miss(Note.UNKNOWN_FORM)
            self.is_head = self.is_answer = True
            self._command = None
            self.in_body = False
            self._line_end = mark
            self._status = start
            self._has_body = self.exchange.method != b"HEAD" and NO_BODY.search(start) is None
        elif fetched := FETCHED.fullmatch(line) or (None if self.is_head else URL_LINE.fullmatch(line)):
            ended += self.rest()
            self.exchange = exchange_of_url(fetched[1].decode("utf-8", "surrogateescape")) or self.exchange
            self._begin(is_head=fetched.re is FETCHED and not line.startswith(b"WARC"))
        elif not line.strip() or line == self._line_end:
            self._blanks += 1
            self.in_body = self.in_body or (self.is_head and self._has_body)
            self._open = None
            return False, []
        elif self.in_body:
            self._blanks = 0
            return False, []
        else:
            return self._in_head(line, indent)
        self._previous, self._open, self._blanks, self._indent = line, None, 0, indent
        return True, ended

    def _in_head(self, line: bytes, indent: int) -> tuple[bool, list[Recorded]]:
        """Read a line of a head after its first one, or a header line without a head."""
        opened, self._open = self._open, None
        self._is_folded = self._is_folded and opened is not None
        blanks, self._blanks = self._blanks, 0
        if self._line_end == b"." and blanks == 0 and OTHER.match(line):
            if not self._has_ends and not line.endswith(b"."):
                self._line_end = b""  # the dot of a reason phrase
            self._has_ends = True
        text = line.removesuffix(self._line_end).removesuffix(b"\\r\\n")
        header = HEADER.fullmatch(text)
        if header and (self.is_head or not _is_prose(header[1].lower(), header[2])):
            if self._line_end and text == line:
                self._account.miss(Note.CUT)
            ended = list(self._header(header[1].lower(), header[2].strip()))
            self._previous, self._indent = line, indent
            return bool(header[2].strip()), ended
        if opened and blanks == 0 and self._continues(text, opened[-1][1], indent > self._indent):
            self._fold(opened, text)
            return True, []
        if self._previous.startswith(b"PathBase:") and (path := PATH.fullmatch(text)):
            ended = list(self._ended())
            base = self._previous.partition(b":")[2].strip()
            self.exchange = exchange_of_target(base + path[1], b"GET", self.exchange)
            self._previous = line
            return True, ended
        self._previous = line
        return self.is_head and blanks == 0 and OTHER.match(text) is not None and not is_named(text), []

    def _continues(self, text: bytes, value: bytes, is_deeper: bool) -> bool:
        """Check whether a line is the rest of a header with this value, which may be folded."""
        is_open = self._is_folded or value.endswith(b";")
        return is_attributes(text, value, is_deeper) or (is_deeper and is_open and is_rest(text))

    def _mended(self, line: bytes) -> bytes:
        """Join a line to the one before, which a boundary has cut."""
        self._is_torn = False
        if len(self._previous) + len(line) > MAX_JOINED or self._joins == MAX_JOINS:
            self._account.miss(Note.UNKNOWN_FORM)
            return line
        self._joins += 1
        if self._open:
            self._open.pop()
            self._open = None
        return self._previous.removesuffix(self._line_end) + line

    def _is_start(self, text: bytes) -> bool:
        return REQUEST_LINE.fullmatch(text) is not None or STATUS_LINE.fullmatch(text) is not None

    def _fold(self, opened: list[Header], text: bytes) -> None:
        """Add a folded line to its header (RFC 9112 5.2)."""
        name, value = opened.pop()
        whole = joined(value, text) if len(value) < MAX_JOINED else None
        if whole is None:
            self._account.miss(Note.UNKNOWN_FORM)
            return
        opened.append((name, whole))
        self._open, self._is_folded = opened, True

    def _header(self, name: bytes, value: bytes) -> Iterator[Recorded]:
        if name == b":method":
            yield from self.rest()
            self.exchange = replace(self.exchange, method=value, headers=())
            self._begin(is_head=True)
            return
        if name not in (b"cookie", b"set-cookie") and is_named(value):
            self._account.miss(Note.UNKNOWN_FORM)
        if name == b":path":
            self.exchange = exchange_of_target(value, self.exchange.method, self.exchange)
        elif name == b":scheme":
            self.exchange = replace(self.exchange, https=value == b"https")
        elif name in (b"host", b":authority"):
            self.exchange = replace(self.exchange, host=value)
        elif name == b"date":
            self.at = float(parse_cookie_date(value) or 0)
        elif name in (b"content-length", b"transfer-encoding"):
            self._has_body = value.strip(b"0") != b"" and not (
                self.is_answer and (self.exchange.method == b"HEAD" or NO_BODY.search(self._status) is not None)
            )
        elif is_redacted(value):
            self._account.miss(Note.REDACTED)
        elif value:
            if not self.is_head or len(self.asked) + len(self.answered) >= MAX_HEAD:
                yield from self._ended()  # a line without a head
            self._add(name, value)

    def _add(self, name: bytes, value: bytes) -> None:
        """Take a cookie header."""
        if value.startswith((b"'", b'"')) or IN_BRACES.fullmatch(value):
            self._account.miss(Note.UNKNOWN_FORM)
            return
        if has_next_header(value):
            self._account.miss(Note.CUT)
        is_list = value.startswith(b"[") and value.endswith(b"]")  # as Dart writes several values
        if name == b"cookie":
            value = value[1:-1] if is_list else value
            if is_list and len(split_joined(value)) > 1:
                self._account.miss(Note.UNKNOWN_FORM)
                return
            self.asked.append((name, value))
            self._open = self.asked
            return
        lines = split_joined(value[1:-1]) if is_list else split_complete(value)
        self._account.notes[Note.SPLIT] += len(lines) > 1
        kept = [(name, line) for line in lines if is_clear(line, self._account)]
        self.answered += kept
        self._open = self.answered if kept else None

    def _ended(self) -> Iterator[Recorded]:
        """Yield the cookies read so far."""
        if self.asked or self.answered:
            yield Recorded(
                replace(self.exchange, headers=self.asked), self.asked, self.answered, self.at or self._started
            )
            self.asked, self.answered = [], []

    def end(self) -> Iterator[Recorded]:
        """Yield the exchanges that end with the text."""
        if self._commands.is_part(b""):
            yield from self._part(b"")[1]
        yield from self.rest()

    def rest(self) -> Iterator[Recorded]:
        """Yield the exchange that has not ended, and forget it."""
        if self._dump is not None:
            yield from self._dumped()
        if self._promised and not _asked_names(self.asked) >= _asked_names([(b"cookie", self._promised.cookie)]):
            self._account.miss(Note.UNKNOWN_FORM, self._promised.place)
        yield from self._ended()
        self._begin()


def _asked_names(headers: list[Header]) -> set[bytes]:
    return LogFacts(cookie=[value for _, value in headers]).asked_names()


def _is_prose(name: bytes, value: bytes) -> bool:
    """Check a line without a head: a sentence has no `=`."""
    return name.endswith(b"cookie") and b"=" not in value and b" " in value.strip() and not is_redacted(value)
