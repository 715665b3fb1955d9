"""Saved heads: `curl -i`, `curl -v`, `wget -S` and the like."""

import re
from collections.abc import Iterator
from dataclasses import replace

from cookiewarden.core.cookies.date import parse_cookie_date
from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.tools.recordings.cookie_lines import is_redacted
from cookiewarden.tools.recordings.recorded import Account, Note, Recorded, exchange_of_url

_REQUEST_LINE = re.compile(rb"(?:> )?([A-Z]+) (\S+) HTTP/[0-9.]+\s*")
_STATUS_LINE = re.compile(rb"(?:< |  )?HTTP/[0-9.]+ [0-9]{3}.*")
_HEADER = re.compile(rb"(?:[<>*] |  )?(set-cookie|cookie|host|date)[ \t]*:[ \t]*(.*?)[ \t]*\r?", re.IGNORECASE)
_WGET = re.compile(rb"--[0-9 :-]{19}--  (https?://\S+)\s*")
MAX_HEAD = 1000
"""Cookie lines of one head; further ones count as another head's."""


class Heads:
    """Lines of text, put together to requests and their responses."""

    def __init__(self, at: Exchange, account: Account) -> None:
        self.exchange = at
        self._account = account
        self._begin()

    def _begin(self, is_head: bool = False, is_answer: bool = False) -> None:
        self.asked: list[Header] = []
        self.answered: list[Header] = []
        self.at = 0.0
        self.is_head, self.is_answer = is_head, is_answer

    def take(self, line: bytes) -> tuple[bool, list[Recorded]]:
        """Read a line. Return whether it belongs to a head, and the exchanges that end with it."""
        ended: list[Recorded] = []
        if request := _REQUEST_LINE.fullmatch(line):
            ended += self.rest()
            target = request[2] if request[2].startswith(b"/") else b"/"
            self.exchange = Exchange(self.exchange.host, target, self.exchange.https, (), request[1])
            self._begin(is_head=True)
        elif _STATUS_LINE.fullmatch(line):
            if self.is_answer or not self.is_head:
                ended += self.rest()
            self.is_head = self.is_answer = True
        elif fetched := _WGET.fullmatch(line):
            ended += self.rest()
            self.exchange = exchange_of_url(fetched[1].decode("utf-8", "surrogateescape")) or self.exchange
            self._begin(is_head=True)
        elif header := _HEADER.fullmatch(line):
            ended += self._header(header[1].lower(), header[2])
        else:
            return False, []
        return True, ended

    def _header(self, name: bytes, value: bytes) -> Iterator[Recorded]:
        if name == b"host":
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
        yield from self._ended()
        self._begin()
