"""Insertion of the guard's tag into a page while it is streamed.

The beginning of a page is read as HTML's tokenizer reads it (WHATWG HTML 13.2.5). The rules:

- White space, comments, doctypes and the start tags of `<html>` and `<head>` run no script. The tag comes after them.
- The tag comes immediately after `<head>`, or else before the first other token. It therefore never precedes a doctype
  that takes effect.
- Octets before the tag's place are released immediately. At most MAX_HELD octets are held back.
"""

import re

MAX_HELD = 16
"""Maximum octets held: the longest beginning of a token that does not yet show its kind."""

MAX_PLACES = 8
MAX_BEGINNING = 512
"""Maximum octets before the tag in a beginning that is remembered."""

_BOM = b"\xef\xbb\xbf"
_WIDE = (b"\xff\xfe", b"\xfe\xff")
_ENOUGH = 4
"""Octets that are enough to recognize UTF-16 and UTF-32."""

_SPACE = rb"\t\n\f\r "
_PART_OF_TAG = (
    rb"(?:[/%(s)b]++"
    rb"|[^/>%(s)b][^/>=%(s)b]*+"  # an attribute's name
    rb"(?:(?=[%(s)b]*+[^=%(s)b])"  # without a value, or with one that ends before what is read does
    rb"|[%(s)b]*+=[%(s)b]*+(?:\"[^\"]*+\"|'[^']*+'|[^\"'>%(s)b][^>%(s)b]*+(?=[>%(s)b])|(?=>))))"
) % {b"s": _SPACE}
_WHOLE_PARTS = re.compile(_PART_OF_TAG + rb"{1,500}")
_WHOLE_TOKENS = re.compile(
    (
        rb"(?:[%(s)b]++"
        rb"|&#0{0,6}(?:9|1[023]|32)(?:;|(?=[^0-9;]))|&#[xX]0{0,6}(?:[9acdACD]|20)(?:;|(?=[^0-9a-fA-F;]))"
        rb"|&(?:Tab|NewLine);"
        rb"|</>|<!---?>|<!--(?!-?>)(?s:.*?)--!?>|<(?:!(?!--)|\?|/(?![a-zA-Z>]))[^>]*+>"
        rb"|<(?i:html)(?=[/>%(s)b])%(part)b{0,100}>"
        rb"){1,500}"
    )
    % {b"s": _SPACE, b"part": _PART_OF_TAG}
)
"""These two match tokens that end within the octets read, so they do not need the states below. 64 KB of `<!>` take
2 ms instead of 32 ms. The cost is linear, because all alternatives begin differently and possessive quantifiers never
give octets back. The repetitions are bounded, because each takes memory."""
_TOKEN = re.compile(
    # A character reference for white space counts as white space in the parser.
    rb"(?P<space>[" + _SPACE + rb"]+|&#0{0,6}(?:9|1[023]|32)(?![0-9]);?|&#[xX]0{0,6}(?:[9acdACD]|20)(?![0-9a-fA-F]);?"
    rb"|&(?:Tab|NewLine);)"
    rb"|(?P<empty></>|<!---?>)"
    rb"|(?P<comment><!--)"
    rb"|(?P<bogus><[!?]|</(?![a-zA-Z]))"  # a doctype, too, ends at the first `>`, even within quotes
    rb"|<(?P<tag>(?i:html|head))(?=[" + _SPACE + rb"/>])"
)
_BEGINS = re.compile(
    rb"<(?:/|!(?:---?|-)?|h(?:t(?:ml?)?|e(?:ad?)?)?)?"
    rb"|&(?:\#(?:x?[0-9a-f]{0,8})?|T(?:ab?)?|N(?:e(?:w(?:L(?:i(?:ne?)?)?)?)?)?)?",
    re.IGNORECASE,
)
"""Text that may become a token, or a different token, with the next octets."""

_COMMENT_ENDS = re.compile(rb"--!?>")
_MAX_END = len(b"--!>")

# The states within a start tag, without states that differ only in errors.
_BEFORE_NAME, _NAME, _AFTER_NAME, _BEFORE_VALUE, _QUOTED, _APOSTROPHED, _UNQUOTED = range(7)
_STAYS = [
    re.compile(rb"[%b]*" % octets)
    for octets in (_SPACE + b"/", b"^/>=" + _SPACE, _SPACE, _SPACE, b'^"', b"^'", b"^>" + _SPACE)
]
"""For each state, the octets that do not leave it."""
_LEAVES: list[dict[bytes, int]] = [
    {},
    {b"/": _BEFORE_NAME, b"=": _BEFORE_VALUE},
    {b"/": _BEFORE_NAME, b"=": _BEFORE_VALUE},
    {b'"': _QUOTED, b"'": _APOSTROPHED},
    {},
    {},
    {},
]
"""For each state, the next state after octets that leave it."""
_OTHERWISE = (_NAME, _AFTER_NAME, _NAME, _UNQUOTED, _BEFORE_NAME, _BEFORE_NAME, _BEFORE_NAME)
"""For each state, the next state after all other octets. A `>` outside quotes ends the tag."""


class KnownPlaces:
    """Beginnings of pages with the place of the tag. Pages of an application often begin alike."""

    def __init__(self) -> None:
        self._known: list[tuple[bytes, int]] = []
        """Beginnings and places, the last used first."""

    def place(self, page: bytes) -> int:
        """Return the place of the tag in a page, or -1 if its beginning is not known."""
        for beginning, at in self._known:
            if page.startswith(beginning):
                if beginning is not self._known[0][0]:
                    self._move_to_front(beginning, at)
                return at
        return -1

    def learn(self, page: bytes, at: int) -> None:
        """Remember the place in a page. It depends on the octets before it and on MAX_HELD octets after it: a token
        is recognized by them."""
        if at <= MAX_BEGINNING and at + MAX_HELD <= len(page):
            self._move_to_front(page[: at + MAX_HELD], at)

    def _move_to_front(self, beginning: bytes, at: int) -> None:
        others = [known for known in self._known if known[0] != beginning]
        self._known = [(beginning, at), *others[: MAX_PLACES - 1]]


class Injector:
    """Inserts a tag into a page that is streamed, so that the tag's script runs before any other. Other bytes are
    unchanged."""

    def __init__(self, tag: bytes, places: KnownPlaces | None = None) -> None:
        self.tag = tag
        self._places = places
        self.done = False
        """True if all further bytes pass unchanged."""
        self.placed = False
        """True if the tag is in the page."""
        self.is_wide = False
        """True if the page is UTF-16 or UTF-32, in which an ASCII tag would be invalid."""
        self._held = b""
        self._begun = False
        self._read = self._between
        self._is_head = False
        self._state = _BEFORE_NAME
        self._tail = b""
        """The last octets of the current comment."""
        self._at = 0
        """The place of the tag in the text that was read last."""

    def feed(self, data: bytes) -> bytes:
        """Return the octets to forward now."""
        if self.done:
            return data
        known = self._places
        if known is None or self._begun or self._held:
            return self._scan(self._held + data, False)
        at = known.place(data)
        if at >= 0:
            self._begun = True
            return self._place(data, at)
        forwarded = self._scan(data, False)
        if self.placed:
            known.learn(data, self._at)
        return forwarded

    def end(self) -> bytes:
        """Return the octets to forward at the end of the page. An empty page stays empty."""
        return self._scan(self._held, True) if not self.done and (self._begun or self._held) else b""

    def _scan(self, text: bytes, is_end: bool) -> bytes:
        at = 0
        if not self._begun:
            if len(text) < _ENOUGH and not is_end:
                self._held = text
                return b""
            self._begun = True
            if text.startswith(_WIDE) or b"\x00" in text[:_ENOUGH]:
                self.done = self.is_wide = True
                return text
            at = len(_BOM) if text.startswith(_BOM) else 0
        went = -1
        while at < len(text) and went != at:
            went, at = at, self._read(text, at, is_end)
            if self.done:
                return self._place(text, at)
        if is_end and self._read == self._between:
            return self._place(text, at)
        self._held = text[at:]
        return text[:at]

    def _place(self, text: bytes, at: int) -> bytes:
        self.done = self.placed = True
        self._at = at
        view = memoryview(text)
        return b"".join((view[:at], self.tag, view[at:]))  # the page is copied once

    # Each function reads from `at` and returns the new position. It is the same one if more octets are needed.

    def _between(self, text: bytes, at: int, is_end: bool) -> int:
        """Read between two tokens."""
        whole = _WHOLE_TOKENS.match(text, at)
        if whole is not None:
            return whole.end()
        if not is_end and _BEGINS.fullmatch(text, at):
            return at
        token = _TOKEN.match(text, at)
        if token is None:
            self.done = True
            return at
        if token["comment"]:
            self._read, self._tail = self._comment, b""
        elif token["bogus"]:
            self._read = self._bogus
        elif token["tag"]:
            self._read, self._state = self._tag, _BEFORE_NAME
            self._is_head = token["tag"].lower() == b"head"
        return token.end()

    def _comment(self, text: bytes, at: int, is_end: bool) -> int:
        tail, begin = self._tail, at - len(self._tail)
        found = _COMMENT_ENDS.search(tail + text[at : at + _MAX_END])
        if found is None:
            found, begin = _COMMENT_ENDS.search(text, at), 0
        if found is not None:
            self._read = self._between
            return begin + found.end()
        self._tail = (tail + text[max(at, len(text) - _MAX_END) :])[1 - _MAX_END :]
        return len(text)

    def _bogus(self, text: bytes, at: int, is_end: bool) -> int:
        """Read a doctype or bogus comment, which ends at the first `>`."""
        end = text.find(b">", at) + 1
        if end:
            self._read = self._between
        return end or len(text)

    def _tag(self, text: bytes, at: int, is_end: bool) -> int:
        while True:
            state = self._state
            at = _STAYS[state].match(text, at).end()  # type: ignore[union-attr]
            octet = text[at : at + 1]
            if not octet:
                return at
            if state == _BEFORE_NAME or (state == _AFTER_NAME and octet != b"="):
                whole = _WHOLE_PARTS.match(text, at)
                if whole is not None:
                    self._state, at = _BEFORE_NAME, whole.end()
                    continue
            at += 1
            if octet == b">":
                self._read, self.done = self._between, self._is_head
                return at
            self._state = _LEAVES[state].get(octet, _OTHERWISE[state])
