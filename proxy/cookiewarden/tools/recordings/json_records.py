"""Cookie headers and facts in the JSON objects of a log, wherever they are.

An object is never read as cookies by name unless it cannot be anything else. Members that name a cookie header in
another form are counted."""

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from cookiewarden.tools.recordings.cookie_lines import is_redacted, set_cookie_of, split_joined
from cookiewarden.tools.recordings.found import ATTRIBUTE, PAIRS, TOKEN, LogFacts, is_empty, moment
from cookiewarden.tools.recordings.json_shapes import (
    MAX_DEPTH,
    SETTINGS,
    STRUCTURE,
    cookie_of,
    header_of,
    plain,
    url_of_parts,
    word_of,
)
from cookiewarden.tools.recordings.mentions import is_named, named
from cookiewarden.tools.recordings.recorded import Account, Note, exchange_of_url, octets

_NAME = re.compile(r"(?:[\w.-]*(?<!for)[_.-])?(?:set[-_]?cookie|cookies?)", re.IGNORECASE)
_OTHER_NAME = re.compile(r".*cookies?[_ ]?(?:header|string|str|line|raw|text)s?", re.IGNORECASE)
"""Names of members that may be cookie headers, such as `cookieHeader`."""
_SCRIPT = re.compile("document[.]cookie", re.IGNORECASE)
_HEADER = re.compile(r"set[-_]?cookie|cookie", re.IGNORECASE)
_LINE = re.compile(r"\s*(set-cookie|cookie|host|:authority|:path|:scheme|:method)[ \t]*:[ \t]*(\S.*)", re.IGNORECASE)
"""A header line in a text."""
_NEXT = re.compile(r"(?<![\w.-])(?:set-)?cookie:", re.IGNORECASE)
"""Another header in the value of a line."""
_NAME_KEYS = ("name", "key", "header", "field", "n", "k", "h")
_START = re.compile(r"(?:HTTP/[0-9.]+ [0-9]{3}|[A-Z]{3,10} \S+ HTTP/[0-9.]+)")
_TOKEN = re.compile(TOKEN)
_PAIR = re.compile(r"[^\s;,=]+=[^=]")
MESSAGES = ("log", "message", "msg", "line", "textpayload", "_raw", "content")
"""Members in which container runtimes, journald and collectors keep a line of a log."""
_ELSEWHERE = frozenset({"kubernetes", "docker", "container", "agent", "cloud", "resource", "labels", "node"})
"""Members about the machine that logs, not about the request."""
_BODIES = re.compile(r".*body|(?:.*[_.])?(?:html|postdata)", re.IGNORECASE)
"""Members that hold the body of a request or response."""
_MARKUP = re.compile(r"\s*<(?:!doctype|html|head|body|script|div|svg)\b", re.IGNORECASE)


_PLACES = frozenset(
    [
        "uri",
        "request_uri",
        "requestpath",
        "request_path",
        "requesturl",
        "path",
        "url",
        "request_url",
        "absoluteurl",
        "original_path",
        "rawpath",
        "url.full",
        "url.path",
        "http.url",
        "http.target",
        "http.request.uri",
        "http.request.full_uri",
        "clientrequesturi",
    ]
)
_HOSTS = frozenset(
    [
        "host",
        "http_host",
        "request_host",
        "requesthost",
        "destination",
        "vhost",
        "server_name",
        "authority",
        ":authority",
        "http.host",
        "clientrequesthost",
    ]
)
_ANSWER = re.compile(r"res(?:$|_|p)|downstream")
"""Members about the response; other names begin with `res`, too, such as `resources`."""
_TIMES = frozenset(
    [
        "time",
        "@timestamp",
        "timestamp",
        "time_iso8601",
        "time_local",
        "startutc",
        "start_time",
        "starttime",
        "starteddatetime",
        "started_at",
        "recorded_at",
        "recordedat",
        "ts",
        "start",
    ]
)
_LINES = frozenset({"request", "request_line", "requestline"})


@dataclass(slots=True)
class _Later:
    """Parts of a record that count only if the rest of the record does not have their cookies."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    """Header lines in texts, by their lower-case name, and cookies as objects."""
    by_form: list[bytes] = field(default_factory=list)
    named: list[bytes] = field(default_factory=list)
    """Names of cookies in texts that have an unknown form."""
    stored: list[bytes] = field(default_factory=list)
    """Names of cookies as a browser stores them."""
    empty: set[bool] = field(default_factory=set)
    """False for empty Cookie headers, and True for empty Set-Cookie headers."""


class Members:
    """The members of one record."""

    def __init__(self, account: Account, parts: list[dict[str, Any]]) -> None:
        self.found = LogFacts()
        self._account = account
        self._parts = frozenset(map(id, parts))
        """Members that are separate records."""
        self._later = _Later()
        self.messages: list[bytes] = []
        """Lines of text that the record holds."""

    def read(self, record: dict[str, Any]) -> LogFacts:
        """Return the facts of a record."""
        self._walk(record, 0, is_answer=False)
        found, later = self.found, self._later
        known = {False: found.asked_names(), True: found.set_names()}
        for key, text in later.lines:
            if _is_new(key, octets(text), known):
                self._cookies(key, text)
        for value in later.by_form:
            if _is_new("set_cookie", value, known):
                self._account.notes[Note.BY_FORM] += 1
                found.add("set_cookie", value)
        names = found.names()
        if any(not (found.set_names() if is_set else found.asked_names()) for is_set in later.empty):
            self._account.miss(Note.REDACTED)
        if not names.issuperset(later.named):
            self._account.miss(Note.UNKNOWN_FORM)
        if not names.issuperset(later.stored):
            self._account.miss(Note.STORED)
        return found

    def _walk(self, value: Any, depth: int, is_answer: bool) -> None:
        if id(value) in self._parts:
            return
        if depth > MAX_DEPTH:
            self._search(value)
        elif isinstance(value, list):
            self._list(value, depth, is_answer)
        elif isinstance(value, dict):
            self._object(value, depth, is_answer)

    def _list(self, value: list[Any], depth: int, is_answer: bool) -> None:
        """Read a list: of members, of names and values in turn, or of header lines."""
        at = 0
        while at < len(value):
            one = value[at]
            after = value[at + 1] if at + 1 < len(value) else None
            at += 1
            if isinstance(one, dict) and id(one) not in self._parts and (header := header_of(one)):
                self._member(*header, depth, is_answer)
            elif isinstance(one, str) and (_is_pair(one, after) or one.lower() in ("host", ":authority", "date")):
                self._member(one, after, depth, is_answer)
                at += 1
            elif isinstance(one, str):
                self._text("", one)
            else:
                self._walk(one, depth + 1, is_answer)

    def _object(self, value: dict[str, Any], depth: int, is_answer: bool) -> None:
        if value.get("blockedReasons") and isinstance(value.get("cookie"), dict):
            value = {key: one for key, one in value.items() if key != "cookie"}  # Chrome did not send it
        if header := header_of(value):
            self._member(*header, depth, is_answer)
            return
        if any(isinstance(one, str) and _is_header(key, one) for key, one in value.items()):
            texts = [octets(one) for one in value.values() if isinstance(one, str) and "=" in one]
            self._later.named += [text.partition(b"=")[0].strip() for text in texts]
        for key, one in value.items():
            self._member(key, one, depth, is_answer)

    def _member(self, key: str, value: Any, depth: int, is_answer: bool) -> None:
        name = key.lower().replace("-", "_")
        if _NAME.fullmatch(name) and not _SCRIPT.search(key):
            is_set = is_answer and (name == "cookies" or (name == "cookie" and isinstance(value, list)))
            self._cookies(f"set_{key}" if is_set else key, value)
            return
        if "cookie" in key.lower():
            self._text("", key)
        value = plain(value)
        if name == "date" and isinstance(value, list) and len(value) == 1:  # a header whose values are a list
            value = value[0]
        if isinstance(value, dict | list):
            if name == "url" and isinstance(value, dict) and (url := url_of_parts(value)):
                self._fact("url", url)
            else:
                if name in _HOSTS and isinstance(value, list) and value and isinstance(value[0], str):
                    self.found.host = octets(value[0])
                if name in _ELSEWHERE:
                    self._search(value)
                else:
                    self._walk(value, depth + 1, is_answer or _ANSWER.match(name) is not None)
        elif isinstance(value, str):
            if _OTHER_NAME.fullmatch(name) and "=" in value:
                self._later.named.append(octets(value).partition(b"=")[0].strip())
            self._fact(name, value)
        elif name in ("ts", "time", "timestamp") and isinstance(value, float | int) and not isinstance(value, bool):
            self.found.at = value / 1000 if value > 1e11 else float(value)

    def _cookies(self, key: str, value: Any) -> None:
        """Read the value of a member that is named as a cookie header."""
        value = plain(value)
        is_set = "set" in key.lower()
        if value == [] and not key.lower().endswith("cookies"):  # Caddy without log_credentials
            self._later.empty.add(is_set)
        if isinstance(value, list) and not _is_texts(value):
            lines = self._set_cookies(value) if is_set else self._pairs(value)
        elif isinstance(value, dict) and value:
            lines = self._by_name(value, is_set, is_header=not key.lower().endswith("cookies"))
        elif isinstance(value, list):
            lines = value
        else:
            lines = [value] if isinstance(value, str) else []
        is_parsed = key.lower().endswith("cookies") and not isinstance(value, str)
        for text in lines:
            if is_parsed and "=" in text:  # WireMock and Playwright have the header and its cookies
                self._later.lines.append(("set-cookie" if is_set else "cookie", text))
            elif "=" in text or is_empty(octets(text)) or is_redacted(octets(text)):
                self.found.add(key, octets(text))
            else:  # such as has_cookie: yes
                self._account.miss(Note.UNCLEAR)

    def _set_cookies(self, values: list[Any]) -> list[str]:
        """Return the Set-Cookie lines of a list that has cookies as objects."""
        lines: list[str] = []
        for one in map(plain, values):
            if isinstance(one, str):
                lines.append(one)
            elif isinstance(one, dict) and (cookie := cookie_of(one)) is not None:
                lines.append(set_cookie_of(cookie, b"").decode("utf-8", "replace"))
            elif isinstance(one, dict) and isinstance(one.get("name"), str):
                self._later.named.append(octets(one["name"]))
            elif isinstance(one, list):
                lines += self._set_cookies(one)
            elif one:
                self._account.miss(Note.UNKNOWN_FORM)
        return lines

    def _pairs(self, values: list[Any]) -> list[str]:
        """Return the Cookie header of a list that has cookies as objects."""
        pairs: list[str] = []
        for one in map(plain, values):
            if isinstance(one, str):
                pairs.append(one)
            elif isinstance(one, dict) and "domain" in one:
                self._later.stored.append(octets(str(one.get("name") or one.get("key") or "")))
            elif isinstance(one, dict) and isinstance(one.get("name"), str) and cookie_of(one) is not None:
                pairs.append(f"{one['name']}={one.get('value', '')}")
            elif isinstance(one, list):
                pairs += self._pairs(one)
            elif one:
                self._account.miss(Note.UNKNOWN_FORM)
        return ["; ".join(pairs)] if pairs else []

    def _by_name(self, value: dict[str, Any], is_set: bool, is_header: bool) -> list[str]:
        """Return the headers of an object that has cookies by name."""
        if isinstance(value.get("name"), str) and "domain" in value and not is_set:
            self._later.stored.append(octets(value["name"]))
            return []
        if all(word_of(name) in SETTINGS for name in value):
            return []
        is_clear = all(
            isinstance(one, str)
            and word_of(name) not in STRUCTURE
            and _TOKEN.fullmatch(octets(name))
            and not (is_header and _PAIR.match(one))
            for name, one in value.items()
        )
        if not is_clear:
            self._account.miss(Note.UNKNOWN_FORM)
            return []
        pairs = [f"{name}={one}" for name, one in value.items()]
        return pairs if is_set else ["; ".join(pairs)]

    def _fact(self, name: str, value: str) -> None:
        found = self.found
        if name in _HOSTS:
            found.host = found.host or octets(value)
        elif name in _PLACES:
            if exchange := exchange_of_url(value):
                found.host, found.target, found.https = exchange.host, exchange.target, exchange.https
            elif value.startswith("/"):
                found.target = found.target or octets(value)
        elif name == "scope" and (exchange := exchange_of_url(value)):  # nock
            found.host, found.https = exchange.host, exchange.https
        elif name in ("method", "request_method", "requestmethod", "clientrequestmethod") and value.isupper():
            found.method = octets(value)
        elif name in ("scheme", "requestscheme", "request_scheme", "clientrequestscheme"):
            found.https = value.lower() == "https"
        elif line := re.fullmatch(r"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?", value) if name in _LINES else None:
            found.request(octets(line[1]), octets(line[2]))
        elif not _HEADER.match(value) and _is_set_cookie(octets(value)):
            self._later.by_form.append(octets(value))
        elif name in _TIMES:
            found.at = found.at or moment(value)
        elif name == "date":  # of the response, from which browsers count
            found.at = moment(value) or found.at
        else:
            self._text(name, value)

    def _text(self, name: str, text: str) -> None:
        """Read the header lines of a text, and note other places that name a cookie header."""
        is_head = _START.match(text) is not None
        if "ookie" not in text.lower() and not is_head and name:
            return
        if (_BODIES.fullmatch(name) or _MARKUP.match(text)) and not is_head:
            return
        lines = [line.strip().removesuffix("\\r\\n") for line in text.split("\n")]
        if is_head and "" in lines:
            del lines[lines.index("") :]
        if name in MESSAGES and not any(map(_LINE.fullmatch, lines)):
            self.messages.append(octets(text.rstrip("\r\n")))
            return
        for line in lines:
            if (header := _LINE.fullmatch(line)) is None:
                self._later.named += named(octets(line))
            elif _HEADER.fullmatch(header[1]) and _NEXT.search(header[2]):
                self._account.miss(Note.UNKNOWN_FORM)
            elif _HEADER.fullmatch(header[1]):
                self._later.lines.append((header[1].lower(), header[2]))
            elif header[1].lower() in ("host", ":authority"):
                self.found.host = self.found.host or octets(header[2])

    def _search(self, value: Any) -> None:
        """Search members that are too deep, or not about the request, for cookie headers."""
        rest = [value]
        while rest:
            one = rest.pop()
            if isinstance(one, dict):
                rest += one.values()
                is_found = any(_NAME.fullmatch(key) and _has_value(each) for key, each in one.items())
            elif isinstance(one, list):
                rest += one
                is_found = any(_is_pair(name, each) for name, each in pairwise(one))
            else:
                is_found = isinstance(one, str) and is_named(octets(one))
            if is_found:
                self._account.miss(Note.UNKNOWN_FORM)


def _is_new(key: str, value: bytes, known: dict[bool, set[bytes]]) -> bool:
    """Check whether a header has cookies that no other field has, and add them to `known`.

    `known`: the names in Cookie headers, and by `True` in Set-Cookie headers."""
    header = LogFacts()
    header.add(key, value)
    names = header.names()
    same = known[bool(header.set_cookie)]
    if names <= same:
        return False
    same |= names
    return True


def _is_header(key: str, text: str) -> bool:
    """Check whether a text is the name of a cookie header. The word `cookie` is also a type."""
    return _HEADER.fullmatch(text) is not None and ("-" in text or key.lower() in _NAME_KEYS)


def _is_pair(name: object, value: object) -> bool:
    """Check whether two elements of a list are a cookie header and its value."""
    return isinstance(name, str) and isinstance(value, str) and "=" in value and _HEADER.fullmatch(name) is not None


def _has_value(value: object) -> bool:
    return "=" in value if isinstance(value, str) else isinstance(value, dict | list) and bool(value)


def _is_texts(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values)


def _is_set_cookie(value: bytes) -> bool:
    """Check whether a value without a name has the form of Set-Cookie lines."""
    return ATTRIBUTE.search(value) is not None and all(map(PAIRS.fullmatch, split_joined(value)))
