"""Saved heads: `curl -i`, `curl -v`, `wget -S` and the like."""

import re
from collections.abc import Iterator
from dataclasses import replace

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted
from cookiewarden.tools.recordings.recorded import (
    Account,
    Note,
    Recorded,
    exchange_of_target,
    exchange_of_url,
)

_REQUEST_LINE = re.compile(rb"([A-Z]+) (?:(\S+) HTTP/[0-9.]+|(https?://\S+)(?: http/1\.[01]| h2)?)\s*")
"""A request line. Without a version, as in files of REST clients, it has a URL."""
_STATUS_LINE = re.compile(
    rb"(?:<< )?HTTP(?:/[0-9.]+)? [0-9]{3}.*|<< [0-9]{3} .*|[0-9]{3} (?:[A-Za-z ]+)?https?://\S+ \([0-9]+ms.*"
)
"""A status line. `mitmdump` writes arrows before it, and OkHttp writes the URL and the time in it."""
_HEADER = re.compile(
    rb"(set-cookie|cookie|host|date|:authority|:path|:scheme|:method)[ \t]*:[ \t]*(.*?)[ \t]*\r?", re.IGNORECASE
)
_WGET = re.compile(rb"--[0-9 :-]{19}--  (https?://\S+)\s*")
_BEFORE = re.compile(
    rb"(?:[0-9:]{8}\.[0-9]{6} )?(?:[<>*](?: |$)|header: |-->(?= )|<--(?= ))?[ \t]*"
    rb"(?:(?:[0-9.]+|\[[0-9a-f:.]+\]):[0-9]+: (?=[A-Z]+ https?://))?"
)
"""Text before each line of a head: of `curl -v` with `--trace-time`, of `http.client`, `wget -S`, OkHttp and
`mitmdump`."""
_IN_PACKET = re.compile(
    rb"(?<=[^\s\"'=:,;|\[({])(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S* HTTP/1\.[01]"
    rb"|HTTP/1\.[01] [0-9]{3} [A-Za-z ]*)$"
)
"""The first line of a head directly after the octets of IP and TCP, as `tcpdump -A` writes it."""
_SENT = re.compile(rb"(?:send|reply): b?(['\"])(.*)\1")
"""The lines of a head as `http.client` writes them, with the escapes of Python."""
_VARNISH = re.compile(rb"-+ +(?:Be)?(?:req|resp)(Method|URL|Header|Status) +(.*)", re.IGNORECASE)
_DUMPS = re.compile(rb"(?:[0-9:.]+ )?(?:=>|<=) (?:Send|Recv) (header|data|SSL data), .*")
_DUMP = re.compile(rb"([0-9a-f]{4,}): ?(.*?)\r?")
_HEX = re.compile(rb"((?:[0-9a-f]{2} )+) *")
"""The octets of a dump, in 48 columns before their text."""
MAX_HEAD = 1000
"""Cookie lines of one head; further ones count as another head's."""
MAX_DUMP = 1 << 20
"""Octets of one head in a dump."""


class Heads:
    """Lines of text, put together to requests and their responses."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self.exchange = at
        self.has_heads = False
        """A request line or a status line was seen, so other lines are bodies."""
        self._account = account
        self._dump: bytearray | None = None
        """A head in a dump of `curl --trace` or `--trace-ascii`."""
        self._method = b"GET"
        self._begin()

    def _begin(self, is_head: bool = False, is_answer: bool = False) -> None:
        self.asked: list[Header] = []
        self.answered: list[Header] = []
        self.at = 0.0
        self.is_head, self.is_answer = is_head, is_answer
        self._in_body = False
        self.has_heads = self.has_heads or is_head

    def take(self, line: bytes) -> tuple[bool, list[Recorded]]:
        """Read a line. Return whether it belongs to a head, and the exchanges that end with it."""
        if dumps := _DUMPS.fullmatch(line):
            ended = self._dumped()
            self._dump = bytearray() if dumps[1] == b"header" else None
            self.has_heads = True
            return True, ended
        if self._dump is not None and (dumped := _DUMP.fullmatch(line)):
            self._add_dumped(int(dumped[1][:8], 16), dumped[2])
            return True, []
        if sent := _SENT.fullmatch(line):
            lines = re.split(rb"\\r\\n", sent[2].replace(b"\\'", b"'").replace(b"\\\\", b"\\"))
            return True, [one for text in lines if text for one in self._line(text)[1]]
        if varnish := _VARNISH.fullmatch(line):
            return True, self._varnish(varnish[1].lower(), varnish[2])
        if b"HTTP/1" in line and (packet := _IN_PACKET.search(line)):
            return self._line(packet[0])
        return self._line(line[_BEFORE.match(line).end() :])  # type: ignore[union-attr]

    def _add_dumped(self, offset: int, text: bytes) -> None:
        """Add a line of a dump. In a text dump, CRLF is missing where the offset leaves room for it."""
        dump = self._dump
        if dump is None or len(dump) > MAX_DUMP:
            return
        if len(text) > 48 and (hexadecimal := _HEX.fullmatch(text, 0, 48)):
            dump += bytes.fromhex(hexadecimal[1].decode())
            return
        if offset == len(dump) + 2:
            dump += b"\r\n"
        dump += text

    def _dumped(self) -> list[Recorded]:
        """Read the head that was dumped."""
        lines, self._dump = (self._dump or b"").split(b"\r\n"), None
        return [one for text in lines if text for one in self._line(bytes(text))[1]]

    def _varnish(self, field: bytes, value: bytes) -> list[Recorded]:
        """Read a line of varnishlog, which writes each part of the request line on a separate line."""
        if field == b"method":
            self._method = value
            return []
        lines = {b"url": b"%s %s HTTP/1.1" % (self._method, value), b"status": b"HTTP/1.1 " + value, b"header": value}
        return self._line(lines[field])[1]

    def _line(self, line: bytes) -> tuple[bool, list[Recorded]]:
        ended: list[Recorded] = []
        if request := _REQUEST_LINE.fullmatch(line):
            ended += self.rest()
            self.exchange = exchange_of_target(request[2] or request[3], request[1], self.exchange)
            self._begin(is_head=True)
        elif _STATUS_LINE.fullmatch(line):
            if self.is_answer or not self.is_head:
                ended += self.rest()
            self.is_head = self.is_answer = self.has_heads = True
            self._in_body = False
        elif fetched := _WGET.fullmatch(line):
            ended += self.rest()
            self.exchange = exchange_of_url(fetched[1].decode("utf-8", "surrogateescape")) or self.exchange
            self._begin(is_head=True)
        elif not line.strip():
            self._in_body = self.is_head
            return False, []
        elif not self._in_body and (header := _HEADER.fullmatch(line)):
            ended += self._header(header[1].lower(), header[2])
        else:
            return False, []
        return True, ended

    def _header(self, name: bytes, value: bytes) -> Iterator[Recorded]:
        if name == b":method":
            yield from self.rest()
            self.exchange = replace(self.exchange, method=value, headers=())
            self._begin(is_head=True)
        elif name == b":path":
            self.exchange = exchange_of_target(value, self.exchange.method, self.exchange)
        elif name == b":scheme":
            self.exchange = replace(self.exchange, https=value == b"https")
        elif name in (b"host", b":authority"):
            self.exchange = replace(self.exchange, host=value)
        elif name == b"date":
            self.at = float(parse_cookie_date(value) or 0)
        elif is_redacted(value):
            self._account.notes[Note.REDACTED] += 1
        else:
            if not self.is_head or len(self.asked) + len(self.answered) >= MAX_HEAD:
                yield from self._ended()  # a line without a head
            (self.asked if name == b"cookie" else self.answered).append((name, value))

    def _ended(self) -> Iterator[Recorded]:
        """Yield the cookies read so far."""
        if self.asked or self.answered:
            yield Recorded(replace(self.exchange, headers=self.asked), self.asked, self.answered, self.at)
            self.asked, self.answered = [], []

    def rest(self) -> Iterator[Recorded]:
        """Yield the exchange that has not ended, and forget it."""
        if self._dump is not None:
            yield from self._dumped()
        yield from self._ended()
        self._begin()
