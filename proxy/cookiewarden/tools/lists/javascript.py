"""Literals in JavaScript (ECMAScript 2023, chapters 12 and 13). The script is not executed. Functions, calls and names
of variables become an Expression."""

import re
import sys
from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 60
"""Maximum depth of arrays and objects."""
MAX_REGEX = 300
"""Maximum characters of a regular expression."""


class NotRead(Exception):
    """Text that is not JavaScript, or too deep."""


@dataclass(frozen=True, slots=True)
class Regex:
    """Regular expression."""

    source: str
    flags: str


@dataclass(frozen=True, slots=True)
class Expression:
    """Value that the program computes."""


_SPACE = re.compile(r"[\s\ufeff]+")
# Quantifiers are possessive (`*+`), so that hostile text takes linear time.
_STRING_OF = r"""'(?:[^'\\\n\r]|\\(?:\r\n|.))*+'|"(?:[^"\\\n\r]|\\(?:\r\n|.))*+\""""
_STRING = re.compile(_STRING_OF, re.DOTALL)
_TEMPLATE = re.compile(r"`(?:[^`\\$]|\\.|\$(?!\{))*+`", re.DOTALL)
_TEMPLATE_HEAD = re.compile(r"`(?:[^`\\$]|\\.|\$(?!\{))*+", re.DOTALL)
_TEXT = r"[^`\\$]|\\.|\$(?!\{)"
_TEMPLATE_REST = re.compile(
    rf"(?:{_TEXT}|\$\{{(?:[^{{}}`]|`(?:{_TEXT})*+`|\{{(?:[^{{}}`]|`(?:{_TEXT})*+`)*+\}})*+\}})*+`", re.DOTALL
)
_REGEX = re.compile(r"/(?![*/])((?:[^\\/\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*+\])++)/([A-Za-z]*)")
_NEW_REGEX = re.compile(rf"new\s+RegExp\(\s*+({_STRING_OF})\s*+(?:,\s*+({_STRING_OF})\s*+)?\)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?)(?![\w$.])")
_WORD = re.compile(r"[\w$]+")
_KEY = re.compile(r"([\w$]+)(?=\s*:)")
_CONSTANTS = {"true": True, "false": False, "null": None, "undefined": None}
_ESCAPE = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(\r\n|.))", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r": "", "\r\n": ""}
_CLOSES = {"(": ")", "[": "]", "{": "}"}


def literal(text: str, at: int) -> tuple[Any, int]:
    """Read the literal at a position of a text without comments. Returns it and the position behind it: dicts, lists,
    strings, numbers, booleans, None, Regex or Expression. Raises NotRead."""
    reader = _Literals(text, at)
    return reader.literal(0), reader.at


def without_comments(text: str) -> str:
    """Replace comments by blanks, so that positions stay. Strings and regular expressions stay."""
    found: list[str] = []
    at, before = 0, ""
    while at < len(text):
        token = _token(text, at, before)
        piece = text[at:token]
        is_comment = text.startswith(("//", "/*"), at)
        found.append(re.sub(r"[^\n]", " ", piece) if is_comment else piece)
        before = before if is_comment or piece.isspace() else piece
        at = token
    return "".join(found)


def _token(text: str, at: int, before: str) -> int:
    """Return the end of the comment, string, template, regular expression, word or character at a position."""
    if text.startswith(("//", "/*"), at):
        end = text.find("*/", at + 2) + 2 if text[at + 1] == "*" else text.find("\n", at)
        return end if end > 1 else len(text)
    for form in (_STRING, _TEMPLATE, _WORD):
        if found := form.match(text, at):
            return found.end()
    if head := _TEMPLATE_HEAD.match(text, at):
        rest = _TEMPLATE_REST.match(text, at + 1) if head.end() < len(text) else None
        return (rest or head).end()
    if text[at] in "'\"":  # without its end, on this line or before the end of the file
        end = text.find("\n", at)
        return end if end > 0 else len(text)
    if text[at] == "/" and _begins_regex(before) and (found := _REGEX.match(text, at, at + MAX_REGEX)):
        return found.end()
    return at + 1


def _begins_regex(before: str) -> bool:
    """Check whether a `/` behind a token begins a regular expression; else it divides."""
    return not before or before in ("return", "typeof", "case", "in", "of") or before[-1] in "(,=:[!&|?{};+-*%~^<>"


class _Literals:
    def __init__(self, text: str, at: int) -> None:
        self.text, self.at = text, at

    def value(self, depth: int) -> Any:
        """Read a value. A literal that is only a part of an expression is an Expression."""
        begin = self._space()
        found = self.literal(depth)
        self._space()
        if isinstance(found, Expression) or not self._is_end():
            self.at = begin
            self._skip()
            return Expression()
        return found

    def literal(self, depth: int) -> Any:
        """Read a value, without a check of the text behind it."""
        c = self._peek()
        if c in ("{", "["):
            if depth >= MAX_DEPTH:
                raise NotRead(f"more than {MAX_DEPTH} levels")
            self.at += 1
            return self._object(depth) if c == "{" else self._array(depth)
        if found := self._take(_STRING):
            return _unescaped(found[0][1:-1])
        if found := self._take(_TEMPLATE):
            return _unescaped(found[0][1:-1])
        if found := self._take(_REGEX, MAX_REGEX):
            return Regex(found[1], found[2])
        if found := self._take(_NEW_REGEX, MAX_REGEX):
            return Regex(_unescaped(found[1][1:-1]), (found[2] or "''")[1:-1])
        if found := self._take(_NUMBER):
            return float(found[0])
        word = self._take(_WORD)
        return _CONSTANTS[word[0]] if word and word[0] in _CONSTANTS else Expression()

    def _array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while self._space() >= 0 and self._peek() != "]":
            if self._peek() == ",":  # a hole
                found.append(None)
            else:
                found.append(self.value(depth + 1))
            self._comma("]")
        self.at += 1
        return found

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._space() >= 0 and self._peek() != "}":
            key = self._key()
            if key is None:
                self._skip()
            else:
                found[key] = self.value(depth + 1)
            self._comma("}")
        self.at += 1
        return found

    def _key(self) -> str | None:
        """Read a key and its colon. Returns None for methods, spreads and the like."""
        begin = self.at
        if found := self._take(_KEY):
            key = found[1]
        elif found := self._take(_STRING):
            key = _unescaped(found[0][1:-1])
        else:
            return None
        self._space()
        if self._peek() != ":":
            self.at = begin
            return None
        self.at += 1
        return key

    def _comma(self, close: str) -> None:
        self._space()
        if self._peek() == ",":
            self.at += 1
        elif self._peek() != close:
            raise NotRead(f"no {close} on line {self.text.count(chr(10), 0, self.at) + 1}")

    def _skip(self) -> None:
        """Skip to the next comma, semicolon or closing bracket that is not within brackets."""
        open_: list[str] = []
        before = ","
        while self.at < len(self.text):
            c = self.text[self.at]
            if not open_ and c in ",;)]}":
                return
            end = _token(self.text, self.at, before)
            token = self.text[self.at : end]
            if c == "`" and not (len(token) > 1 and token.endswith("`")):
                raise NotRead("a template that is not read")
            if token in _CLOSES:
                open_.append(_CLOSES[token])
            elif open_ and token == open_[-1]:
                open_.pop()
            if not token.isspace():
                before = token
            self.at = end
        if open_:
            raise NotRead(f"no {open_[-1]} before the end of the file")

    def _space(self) -> int:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _is_end(self) -> bool:
        return self._peek() in ("", ",", ";", ")", "]", "}")

    def _take(self, form: re.Pattern[str], size: int = sys.maxsize) -> re.Match[str] | None:
        found = form.match(self.text, self.at, min(self.at + size, len(self.text)))
        if found:
            self.at = found.end()
        return found


def _unescaped(text: str) -> str:
    """Replace escapes. Two surrogates become one character."""
    return _ESCAPE.sub(_character, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(found: re.Match[str]) -> str:
    number = found[1] or found[2] or found[3]
    if not number:
        return _ESCAPED.get(found[4], found[4])
    return chr(int(number, 16)) if int(number, 16) <= 0x10FFFF else "\ufffd"
