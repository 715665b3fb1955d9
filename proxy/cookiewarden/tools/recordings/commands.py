"""Command lines of curl in a recording: the cookies that `-b` sends, and the URL."""

import re
import shlex
from dataclasses import dataclass, replace

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.recordings.found import PAIRS
from cookiewarden.tools.recordings.mentions import COOKIE_OPTION, is_named
from cookiewarden.tools.recordings.recorded import exchange_of_url, octets

_COMMAND = re.compile(rb"\s*(?:[^'\"]{0,80}[$#%>] )?curl(?:\.exe)?\s")
_WITH_VALUE = frozenset("AbcCdDeEFHhKmoPQrtTuUwxXyYz")
"""Short options that have a value."""
_LONG_WITH_VALUE = frozenset(
    [
        "--cookie",
        "--cookie-jar",
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--json",
        "--form",
        "--form-string",
        "--header",
        "--output",
        "--request",
        "--referer",
        "--user",
        "--user-agent",
        "--proxy",
        "--preproxy",
        "--proxy1.0",
        "--doh-url",
        "--write-out",
        "--resolve",
    ]
)
_URL = re.compile(r"https?://\S+")
_ENDS = ("|", "||", "&", "&&", ";", ">", ">>", "2>", "<")
_UNREAD = (b"$'", b"$(", b"`", b'^"')
"""Signs of shells that are not undone."""
_SIZE = 1 << 16
"""Octets of a command; longer ones are not read."""


@dataclass(frozen=True, slots=True)
class CurlCommand:
    """A command: its request if that is understood, and whether it has cookies that are not."""

    exchange: Exchange | None
    cookie: bytes
    is_unclear: bool
    place: int


class CurlCommands:
    """The lines of a command, which can be continued."""

    def __init__(self) -> None:
        self._text: bytes | None = None
        self._place = 0

    def is_part(self, line: bytes) -> bool:
        """Check whether a line begins or continues a command."""
        return self._text is not None or _COMMAND.match(line) is not None

    def take(self, line: bytes, place: int) -> CurlCommand | None:
        """Take a line of a command. Return the command if it ends."""
        if self._text is None:
            self._text, self._place = b"", place
            line = line[line.index(b"curl") :]
        ends = not line.rstrip().endswith((b"\\", b"^"))
        self._text += line if ends else line.rstrip()[:-1] + b" "
        if not ends and len(self._text) < _SIZE:
            return None
        text, self._text = self._text, None
        return _command(text, self._place)


def _command(text: bytes, place: int) -> CurlCommand:
    unclear = CurlCommand(None, b"", COOKIE_OPTION.search(text) is not None or is_named(text), place)
    if len(text) >= _SIZE or any(sign in text for sign in _UNREAD):
        return unclear
    try:
        words = shlex.split(text.decode("utf-8", "surrogateescape"))
    except ValueError:
        return unclear
    urls: list[str] = []
    options: list[tuple[str, str]] = []
    rest = iter(words[1:])
    for word in rest:
        if word in _ENDS:
            break
        name, value = _option(word)
        if name and value is None:
            value = next(rest, "")
        if name == "--url" or _URL.fullmatch(word):
            urls.append(value or word)
        else:
            options.append((name, value or ""))
    cookies = [octets(value) for name, value in options if name in ("-b", "--cookie") and "=" in value]
    others = [
        value for name, value in options if name not in ("-b", "--cookie", "-d") and not name.startswith("--data")
    ]
    is_unclear = any(is_named(octets(value)) for value in others) or any("curl" in word for word in rest)
    exchange = exchange_of_url(urls[0]) if len(urls) == 1 else None
    if not cookies:
        return CurlCommand(None, b"", is_unclear and unclear.is_unclear, place)
    if exchange is None or not all(map(PAIRS.fullmatch, cookies)):
        return unclear
    return CurlCommand(replace(exchange, method=_method(options)), b"; ".join(cookies), is_unclear, place)


def _option(word: str) -> tuple[str, str | None]:
    """Return the option of a word that has a value, and the value if the same word holds it."""
    if word in _LONG_WITH_VALUE or word == "--url":
        return word, None
    if word.startswith("-") and not word.startswith("--"):
        for at, letter in enumerate(word[1:], 2):
            if letter in _WITH_VALUE:
                return f"-{letter}", word[at:] or None
    return "", word


def _method(options: list[tuple[str, str]]) -> bytes:
    for name, value in options:
        if name in ("-X", "--request"):
            return octets(value)
    words = {value for name, value in options if not name}
    if words & {"-I", "--head"}:
        return b"HEAD"
    has_body = any(name in ("-d", "-F", "--json", "--form") or name.startswith("--data") for name, _ in options)
    return b"POST" if has_body and not words & {"-G", "--get"} else b"GET"
