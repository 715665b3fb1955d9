"""Places in text that name a cookie header, so that a header that no reader understands is counted.

Prose and settings have these words, too. A place counts only if the beginning of a cookie follows, a name and `=`."""

import re
from collections.abc import Collection, Iterator

from cookiewarden.tools.recordings.recorded import Account, Note

_WORD = re.compile(rb"(?:set[-_ ]?)?cookies?(?![a-z0-9_-])", re.IGNORECASE)
_FIRST = rb"[^\s;,=\"'`(){}<>\[\]:?&/\\|]{1,256}(?==(?!=))"
"""A cookie's name. Names that are longer are not known."""
_REDACTED = rb"[<\[(*]{1,3}(?:redacted|removed|hidden|filtered|masked|snip(?:ped)?|[0-9]+ bytes)"
_QUOTES = rb"[\s\"'`\[({<\\]{0,24}"
_NAMES = re.compile(
    rb"(?P<close>[\"'`\])>\\]{0,4}(?:</\w{1,8}>\s{0,8}<\w{1,8}>)?)[ \t]{0,32}(?P<sep>=>|->|:=|[:=,|]|)"
    rb"(?:[ \t]?[\"']\w{1,16}[\"'][ \t]?:)?(?:[ \t]?(?:\[\])?[A-Za-z]{1,16}!?(?=[\[({]))?(?P<open>"
    + _QUOTES
    + rb"(?:b?[\"'])?)(?:"
    + _REDACTED
    + rb"|(?P<first>"
    + _FIRST
    + rb"))",
    re.IGNORECASE,
)
_NOT_BEFORE = b"?&/%$@#"
"""Characters before a parameter of a URL, a path or a variable."""
_PREFIX = re.compile(rb"[\w.-]*\Z")
_ESCAPES = (b"\\n", b"\\r", b"\\t")
MAX_PREFIX = 64


def named(text: bytes) -> Iterator[bytes]:
    """Yield the name of the first cookie of each place that names a cookie header; empty if it is redacted."""
    at = 0
    while word := _WORD.search(text, at):
        at = word.end()
        found = _NAMES.match(text, at)
        if found is None or not _is_field(text, word.start()):
            continue
        separator, is_set = found["sep"], word[0][:1] in b"sS" and b" " not in word[0]
        if separator in (b"", b",") and b">" not in found["close"]:
            # Prose has "the cookie a=1" and lists of names; fields have quotes or brackets there.
            is_open = found["open"].strip() != b""
            is_read = is_open if separator == b"" else bool(found["close"])
            if not is_read and not (is_set and separator == b"" and found["open"]):
                continue
        yield found["first"] or b""


def _is_field(text: bytes, begin: int) -> bool:
    """Check the text before the word: a field may have a prefix, such as `http_`."""
    before = text[max(0, begin - MAX_PREFIX) : begin]
    if before.lower().endswith(b"document."):
        return False
    if before.endswith((*_ESCAPES, b"..")):  # ngrep writes dots for line ends
        return True
    prefix = _PREFIX.search(before)
    word = prefix[0] if prefix else b""
    return (not word or word[-1:] in b"_.-") and before[: len(before) - len(word)][-1:] not in tuple(
        bytes([one]) for one in _NOT_BEFORE
    )


def is_named(text: bytes) -> bool:
    """Check whether text names a cookie header that has a value."""
    return next(named(text), None) is not None


_OPEN = re.compile(
    rb"[\s>|*\[({\"'`-]{0,64}(?:[\w.-]{0,64}[_.-])?(?:set[-_]?)?cookies?[\"'`\])]{0,4}\s{0,32}(?:=>|:|=|,)?"
    rb"\s{0,32}(?:array)?\s{0,32}[\[({|]?\s{0,32}",
    re.IGNORECASE,
)
"""A line that has only the name of a header. Its values are on the next lines."""
_ONLY_SIGNS = re.compile(rb"(?:array)?[\s()\[\]{}]*")
_CONTINUES = re.compile(rb"[\s>|*-]{0,64}(?:\[?[0-9]{1,4}\]?(?:[ ]?=>|:)[ ]?)?[\"'`({\[]{0,2}" + _FIRST)


_HEX = re.compile(rb"(?:(?:[0-9a-f]{2}){1,2}[ ]{1,2}){4,16}", re.IGNORECASE)
"""A row of a hexadecimal dump."""
_OFFSET = re.compile(rb"\W{0,8}(?:0x)?[0-9a-f]{4,8}(?::|\||[ ]{2})", re.IGNORECASE)
_IN_DUMP = re.compile(rb"cookie: ?\S", re.IGNORECASE)
_ONE_WORD = re.compile(rb"set-cookie: ?[^\s;|\"'<>\[\]{}()]+[|\"']?\s*$", re.IGNORECASE)
"""A header whose value is cut before its `=`, or that has none."""
COOKIE_OPTION = re.compile(rb"\s(?:-[a-zA-Z]{0,16}b|--cookie)\s{0,32}(?:\$|\^)?[\"']?" + _FIRST, re.IGNORECASE)
"""An option of curl that sends cookies."""
_CURL = re.compile(rb"\bcurl(?:\.exe)?\s")
MAX_ROW = 200


class UnreadHeaders:
    """The lines of a text that name cookie headers, without those that a reader took."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._is_open = False
        self._dump = b""
        """The end of the rows of a dump before."""

    def take(self, rest: bytes, names: Collection[bytes] = ()) -> None:
        """Count a line if its part that no reader took names a cookie header. Read all lines in their order.

        Args:
            rest: the part of the line that no reader took.
            names: the cookies that were read from the line.
        """
        if (
            any(name not in names for name in named(rest))
            or self._is_in_dump(rest)
            or _ONE_WORD.search(rest[-MAX_ROW:])
            or ((curl := _CURL.search(rest)) and COOKIE_OPTION.search(rest, curl.end() - 1))
        ):
            self._account.miss(Note.UNKNOWN_FORM)
        if _OPEN.fullmatch(rest):
            self._is_open = True
        elif self._is_open and not _ONLY_SIGNS.fullmatch(rest):
            self._is_open = _CONTINUES.match(rest) is not None
            if self._is_open:
                self._account.miss(Note.UNKNOWN_FORM)

    def _is_in_dump(self, line: bytes) -> bool:
        """Check whether a row of a dump, with the rows before, has a cookie header."""
        offset = _OFFSET.match(line)
        row = _HEX.search(line, offset.end() if offset else 0) if len(line) <= MAX_ROW else None
        digits = row[0].replace(b" ", b"") if row else b""
        if not digits or len(digits) % 2:
            self._dump = b""
            return False
        before, self._dump = self._dump, (self._dump + bytes.fromhex(digits.decode()))[-2 * MAX_ROW :]
        return any(found.end() > len(before) for found in _IN_DUMP.finditer(self._dump))

    def skip(self) -> None:
        """Take a line that a reader took completely, or a line of a body."""
        self._is_open = False
