"""Lines of saved heads, and the marks that tools add to them: prefixes, signs for line ends, boundaries of segments."""

import re

REQUEST_LINE = re.compile(rb"([A-Z]+)[ ]{1,2}(?:(\S+)[ ]{1,2}HTTP/[0-9.]+|(https?://\S+)(?: http/1\.[01]| h2)?)\s*")
"""A request line. Without a version, as in files of REST clients, it has a URL."""
STATUS_LINE = re.compile(
    rb"(?:<< )?HTTP(?:/[0-9.]+)? [0-9]{3}.*|<< [0-9]{3} .*|[0-9]{3} (?:[A-Za-z ]+)?https?://\S+ \([0-9]+ms.*"
)
"""A status line. `mitmdump` writes arrows before it, and OkHttp writes the URL and the time in it."""
HEADER = re.compile(
    rb"(set-cookie|cookie|host|date|content-length|transfer-encoding|:authority|:path|:scheme|:method)[ \t]*:(.*)",
    re.IGNORECASE,
)
PATH = re.compile(rb"Path: (/\S*)")
"""The path of a request as ASP.NET writes it, below its PathBase."""
OTHER = re.compile(rb"[A-Za-z][A-Za-z0-9-]*:")
"""The beginning of another header line."""
IN_BRACES = re.compile(rb"\{[^=}]*=.*\}")
"""A list as PowerShell writes it."""
NO_BODY = re.compile(rb" (?:1[0-9]{2}|204|304)(?: |$)")
"""Statuses of responses without a body (RFC 9110 6.4.1)."""
AFTER_BODY = re.compile(
    rb"\* (?:Connection #|Closing connection|Issue another request|Ignoring the response-body)"
    rb"|<-- END HTTP|-+response end|.*\bresponse headers:\s*$"
    rb"|[a-z]{3} [0-9]{1,2}, [0-9]{4} [0-9:]{7,8} [ap]m \S+ "
    rb"|[^<]{0,20}[0-9]{2}:[0-9]{2}:[0-9]{2}[^<]{0,40} (?-i:INFO|DEBUG|WARN|TRACE|ERROR)\b",
    re.IGNORECASE,
)
"""Lines that tools and loggers write after a body."""
OUTPUT = re.compile(rb"HTTP/[0-9.]+ [0-9]{3}|[*>] |[ ]{2}% Total|Note: Unnecessary use")
"""The beginning of the output of curl."""
URL_LINE = re.compile(rb"(?:Request )?UR[IL]:[ \t]*(https?://\S+)\s*", re.IGNORECASE)
FETCHED = re.compile(
    rb"(?:--[0-9 :-]{19}--  |WARC-Target-URI: <?"
    rb"|.{0,200}(?:Received cookies from|Sending cookies to): <(?:[A-Z]{3,10}|[0-9]{3}) )(https?://[^\s>]+)>?\s*"
)
"""The line with the URL of the next head, as Wget, WARC files and Scrapy write it."""
BEFORE = re.compile(
    rb"(?:[0-9:]{8}\.[0-9]{6} (?!http\.c:))?(?:[<>*](?: |$)|header: |-->(?= )|<--(?= )"
    rb"|\[ *[0-9.]+\] (?:recv|send) \(stream_id=[0-9]+\) |[0-9a-f]{8}:\S+\.(?:cli|srv)(?:req|hdr|rep)\[[0-9a-f:]+\]: "
    rb"|[0-9:.]{15} http\.c:[0-9]+ +(?:=>|<=) (?:Send|Recv) header: )?[ \t]*"
    rb"(?:(?:[0-9.]+|\[[0-9a-f:.]+\]):[0-9]+: (?=[A-Z]+ https?://))?"
)
"""Text before each line of a head: of `curl -v` with `--trace-time`, of `http.client`, `wget -S`, OkHttp, `nghttp -v`,
`haproxy -d`, git and `mitmdump`."""
IN_PACKET = re.compile(
    rb"(?<=[^\s\"'=:,;|\[({])(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /\S* HTTP/1\.[01]"
    rb"|HTTP/1\.[01] [0-9]{3} [A-Za-z ]*)$"
)
"""The first line of a head directly after the octets of IP and TCP, as `tcpdump -A` writes it."""
SENT = re.compile(rb"(?:(?:send|reply): b?|<- |-> )(['\"])(.*)\1")
"""The lines of a head as `http.client` of Python and Net::HTTP of Ruby write them, with escapes."""
ESCAPED = re.compile(rb"(\")((?:[A-Z]+ \S+ HTTP/1\.[01]|HTTP/[0-9.]+ [0-9]{3}[^\"\\]*)\\r\\n.*)\"")
QUOTED = re.compile(
    rb"[^\"]*(?:header:|request line:|string\([0-9]+\)|<<|>>) "
    rb"\"((?:set-cookie:|cookie:|host:|[A-Z]+ /\S* HTTP/|HTTP/)[^\\]*)"
    rb"(?:\[\\r\]\[\\n\])?\"",
    re.IGNORECASE,
)
"""A line of a head within quotes, as nginx, PHP and Apache HttpClient write it."""
VARNISH = re.compile(rb"-+ +(?:Be)?(?:req|resp)(Method|URL|Header|Status) +(.*)", re.IGNORECASE)
VARNISH_TIME = re.compile(rb"-+ +Timestamp +Start: ([0-9]{9,11})(?:\.[0-9]+)?(?: .*)?")
"""The moment at which a request of varnishlog began, in seconds since the epoch."""
DUMPS = re.compile(rb"(?:[0-9:.]+ )?(?:=>|<=) (?:Send|Recv) (header|data|SSL data), .*")
DUMP = re.compile(rb"([0-9a-f]{4,}): ?(.*?)\r?")
DUMP_HEX = re.compile(rb"((?:[0-9a-f]{2} )+) *")
"""The octets of a dump, in 48 columns before their text."""

_LINE_ENDS = (b"\\r\\n", b"^M$", b"^M", b"\\r")
_DOT = re.compile(rb"HTTP/[0-9](?:\.[0-9])?(?: [0-9]{3}.*)?\.\Z")
"""A first line whose CR is written as a dot, as by ngrep."""
_ANSWERED = re.compile(rb"\t[0-9]{1,9}")
_ASKED = re.compile(rb"[0-9]{1,9}")
"""The mark of a segment of the client. In other text it can be the size of a chunk."""
_CONVERSATION = re.compile(rb"[0-9a-f.:]{9,45}\.[0-9]{5}-[0-9a-f.:]{9,45}\.[0-9]{5}: (.*)")
_REPETITION = re.compile(
    rb"(?:[0-9:.]{15} )?\* (?:h2h3|\[HTTP/[23]\](?: \[[0-9]+\])?) \[.*|Setting --\S+ \(\S+\) to .*"
    rb"|wget-arguments: .*"
)
_START = re.compile(
    rb"(?:-+>|<-+|>>|<<)? ?"
    rb"(?:(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (?:https?://|/)\S* (?:HTTP/[0-9.]+|h2|http/1\.1)"
    rb"|HTTP/[0-9.]+ [0-9]{3}(?: [A-Za-z ]*)?(?: \([0-9]+ms\))?)\Z"
)
_WORDS = re.compile(rb" (?=-+> |<-+ |>> |<< |[A-Z]{3,7} |HTTP/)")
MAX_PREFIX = 200
MAX_PREFIXES = 8
_ATTRIBUTE = re.compile(
    rb";?[ \t]*(?:(?:path|domain|expires|max-age|samesite|priority)=|(?:secure|httponly|partitioned)[ \t]*(?:;|$))",
    re.IGNORECASE,
)
_TITLE = re.compile(rb"[A-Za-z[][A-Za-z .()\[\]-]*[:\]]|at ")
"""The beginning of another member of a tree, as tshark prints it, or of a stack."""
_PAIR = re.compile(rb";?[ \t]*[^\s;=,:]+=")


class Prefixes:
    """Text that a logger writes before each line of a head, such as a time and its own name.

    The first line of a head shows it. Numbers in it may differ in the next lines."""

    def __init__(self) -> None:
        self._known: list[re.Pattern[bytes]] = []

    def end(self, line: bytes) -> int:
        """Return the length of the prefix of a line; 0 if it is not known."""
        begin = line[: MAX_PREFIX + 100]
        for known in self._known:
            if found := known.match(begin):
                return found.end()
        if len(line) > 2 * MAX_PREFIX or (b" HTTP/" not in line and b"http" not in line):
            return 0
        for word in _WORDS.finditer(line, 0, MAX_PREFIX):
            if _START.match(line, word.end()) and not line.endswith(b"HTTP:", 0, word.start()):  # tcpdump repeats it
                self._learn(line[: word.end()])
                return word.end()
        return 0

    def _learn(self, prefix: bytes) -> None:
        text = prefix.rstrip(b" <>=-")
        if not text or b'"' in text or len(self._known) == MAX_PREFIXES:
            return
        pieces = [re.escape(piece) for piece in re.split(rb"[0-9]+", text)]
        self._known.append(re.compile(rb"[0-9]+".join(pieces) + rb"(?: (?:=>|>>|<<)(?= ))? ?"))


def is_repetition(line: bytes) -> bool:
    """Check for a line in which a client repeats its options or its request."""
    return _REPETITION.fullmatch(line) is not None


def segment_of(line: bytes, is_follow: bool) -> bytes | None:
    """Return the text after the mark of a new segment, as tshark and tcpflow write it; None for another line."""
    if _ANSWERED.fullmatch(line) or (is_follow and _ASKED.fullmatch(line)):
        return b""
    found = _CONVERSATION.fullmatch(line)
    return found[1] if found else None


def without_end(line: bytes) -> tuple[bytes, bytes]:
    """Cut the text from a first line that a tool writes for its CR. Return the line and that text."""
    for end in _LINE_ENDS:
        if line.endswith(end):
            return line.removesuffix(end), end
    return (line[:-1], b".") if line.endswith(b".") and _DOT.search(line) else (line, b"")


def is_attributes(text: bytes, value: bytes, is_deeper: bool) -> bool:
    """Check whether a line continues a header with this value.

    Args:
        text: the line.
        value: the header before.
        is_deeper: the line has more blanks before it, as folded lines have.
    """
    if _ATTRIBUTE.match(text):
        return is_deeper or value.endswith(b";")
    return is_deeper and (value.endswith(b";") or text.startswith(b";")) and _PAIR.match(text) is not None


def is_rest(text: bytes) -> bool:
    """Check whether a line below a folded header, with more blanks before it, can only be its rest."""
    return _TITLE.match(text) is None


def joined(value: bytes, text: bytes) -> bytes | None:
    """Add a folded line to a header; None if the place of the fold is not clear."""
    text = text.strip()
    return value + b" " + text if value.endswith(b";") or text.startswith(b";") else None
