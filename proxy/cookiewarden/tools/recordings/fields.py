"""Fields of a line of text: named ones, such as `cookie="a=1"`, and quoted ones without a name."""

import re
from collections.abc import Iterator

from cookiewarden.tools.recordings.found import PAIRS, LogFacts, time_in

_NAME = rb"(?:[\w.-]*[_.-])?(?:set[-_]?cookie|cookies?)"
_CLOSERS = {b'"': rb'"', b"'": rb"'", b"[": rb"\]", b"{": rb"\}"}
_FIELD_FOLLOWS = rb"(?=[\])}]*(?:[\s|]|$|,\s*(?:[\w.-]+\s*[=:]|[\"'\[{])))"
"""Text after a closing quote. Another quote is one of the value: Envoy and old servers do not escape them."""
_CLOSES = {
    opens: re.compile(rb"(?<!\\)(?:\\\\)*" + closer + (_FIELD_FOLLOWS if opens in b"\"'" else rb"(?=[\s,;|)\]}]|$)"))
    for opens, closer in _CLOSERS.items()
}
_OPENS = re.compile(
    rb"(?:^|(?<=[\s{,;|\"'(\[]))(" + _NAME + rb"|(?:cs|sc)\((?:set-)?cookie\))[\"']?\s*[=:]\s*([\"'\[{]|(?=[^\s,;]))",
    re.IGNORECASE,
)
_BARE = re.compile(rb"[^\s;|\"]+(?:;[ ]?[^\s;=|\"]+=[^\s;|\"]*)*")
"""A value without quotes, as logfmt writes it."""
_AFTER_BARE = (b"", b" ", b"\t", b"|")
_QUOTED = re.compile(rb'(?:^|(?<=[\s|(\[{=,:]))"((?:[^"\\]|\\.|"(?![\])]*(?:[\s|]|$)))*)"')
_BRACES = re.compile(rb"\{([^{}]*)\}")
_REQUEST = re.compile(rb'(?:^|["\s])([A-Z]{3,10}) ((?:https?://|/)[^\s"]*)')
_PATH = re.compile(rb"(?:^|(?<!;)[\s,{])(?:path|uri|request_uri|url)=[\"']?((?:https?://|/)[^\s\"',]*)", re.IGNORECASE)
_HOST = re.compile(rb"(?:^|[\s,{])(?:http_)?(?:host|vhost|server_name)\s*[=:]\s*[\"']?([\w.:\[\]-]+)", re.IGNORECASE)
_ESCAPES = re.compile(rb"\\(x[0-9A-Fa-f]{2}|u00[0-9A-Fa-f]{2}|.)", re.DOTALL)
_PLAIN = {b"n": b"\n", b"r": b"", b"t": b"\t"}

_HASHED = re.compile(rb"#([0-9A-F]{2})")
_LOG_LINE = re.compile(
    rb"(?:[^\s<]+ )?(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}[\s:]|\[?[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ]|\[[0-9]{2}/"
    rb"|[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} |[0-9a-f:]{3,39} - )"
    rb"|#(?:Fields|Version|Software|Date):|(?:time|ts|level|method)="
    rb"|\{(?=\")(?=.*\"(?:@?time\w*|ts|level|req|request|msg|message)\" ?:)"
    rb"|\"[A-Z]{3,7} /|[\w.-]+=(?=.*\s(?:\w+_)?(?:set[-_]?)?cookie=\")"
)
"""The beginning of a line of a log: an address, a time, a request, or JSON with one of them."""
_MAP = re.compile(rb"\{(?=[A-Za-z][\w-]*=)")
_MEMBER = re.compile(rb"(?:^|[{,;])[ ]?(?:set-)?cookie=[^\s=;,\[\]{}\"']+=", re.IGNORECASE)
_SCRIPT = re.compile("document[.]cookie", re.IGNORECASE)


def is_log_line(line: bytes) -> bool:
    """Check whether a line below a saved response is one of a log, and not of the response's body."""
    return _LOG_LINE.match(line) is not None


def has_member(value: bytes) -> bool:
    """Check whether a field has a cookie header as one of its members, such as `Date=…, Set-Cookie=a=1`."""
    return _MEMBER.search(value) is not None


def is_map(line: bytes) -> bool:
    """Check for a map as Java prints it, with a cookie header. A comma in it may end the header or belong to it."""
    opened = _MAP.search(line)
    return opened is not None and _MEMBER.search(line, opened.start()) is not None


def is_pairs(value: bytes) -> bool:
    """Check whether a value has two pairs or more, as cookie headers write them. Jetty writes no blanks."""
    pieces = re.split(rb"; ?", value.rstrip(b"; "))
    return len(pieces) > 1 and sum(b"=" in piece for piece in pieces) > 1


def is_torn(rest: bytes) -> bool:
    """Check whether a quote is left within a line without its fields, so a field may have ended too early."""
    rest = _BRACES.sub(b"", _QUOTED.sub(b" ", rest))
    return b'"' in rest and b"=" in rest


def named_fields(line: bytes) -> Iterator[tuple[str, bytes, tuple[int, int]]]:
    """Yield the fields of a text line that are named as cookie headers: cookie="…", http_cookie='…', set_cookie=[…].
    The numbers are the places of the whole field."""
    at = 0
    missing: set[bytes] = set()
    while opened := _OPENS.search(line, at):
        at = opened.end()
        name = opened[1].decode("latin-1")
        if _SCRIPT.search(name) or opened[2] in missing:
            continue
        if not opened[2]:
            bare = _BARE.match(line, at) if opened[0].endswith(b"=") else None
            if bare is not None:
                at = bare.end()
                if line[at : at + 1] in _AFTER_BARE and PAIRS.fullmatch(bare[0]):
                    yield name, bare[0], (opened.start(), at)
            continue
        # The closing quote is not escaped, and the field ends after it.
        closed = _CLOSES[opened[2]].search(line, at)
        if closed is None:
            missing.add(opened[2])
            continue
        yield name, _unescape(line[at : closed.end() - 1]), (opened.start(), closed.end())
        at = closed.end()


def unnamed_fields(line: bytes) -> Iterator[bytes]:
    """Yield the quoted fields of a line."""
    for quoted in _QUOTED.findall(line):
        yield _unescape(quoted)


def captures(line: bytes) -> Iterator[bytes]:
    """Yield the captured headers of a line by HAProxy, which writes delimiters in them as `#22`."""
    for group in _BRACES.findall(line):
        for value in group.split(b"|"):
            yield _HASHED.sub(lambda found: bytes([int(found[1], 16)]), value)


def _unescape(text: bytes) -> bytes:
    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code[-2:], 16)]) if len(code) > 1 else _PLAIN.get(code, code)

    return _ESCAPES.sub(plain, text) if b"\\" in text else text


def add_facts(found: LogFacts, line: bytes) -> None:
    """Read the request line, the host and the time of a line of text, without its cookies."""
    if request := _REQUEST.search(line):
        found.request(request[1], request[2])
    elif path := _PATH.search(line):
        found.request(b"GET", path[1])
    found.at = time_in(line)
    if host := _HOST.search(line):
        found.host = host[1]
