"""Reduction of HTML pages to the elements that make lines.

Lexbor takes quadratic time for open formatting elements, for many attributes and for deep trees. Without the limits of
this module, a hostile page of a megabyte would take minutes."""

import re
from collections.abc import Iterator

from cookiewarden.tools.statement.lines import CLOSE, OPEN, NoStatement, unmarked

MAX_DEPTH = 200
"""Maximum depth of blocks, lists and tables; browsers have 512 for all elements."""
MAX_TAGS = 200_000
"""Maximum number of `<`; about a second of work, like MAX_ELEMENTS."""
MAX_ELEMENTS = 50_000
"""Maximum number of elements that make lines."""

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "summary"})
TABLES = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"})
_KEPT = frozenset({"div", "p", "br", "pre", "ul", "ol", "li", "dl", "dt", "dd"}) | HEADINGS | TABLES
_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "button",
        "center",
        "details",
        "dialog",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "hgroup",
        "html",
        "legend",
        "main",
        "menu",
        "nav",
        "option",
        "noscript",
        "search",
        "section",
        "summary",
    ]
)
_EMPHASISED = frozenset({"b", "strong", "code", "kbd", "samp", "tt"})
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "bdi",
        "bdo",
        "big",
        "cite",
        "data",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "input",
        "ins",
        "label",
        "mark",
        "meter",
        "nobr",
        "output",
        "picture",
        "progress",
        "q",
        "ruby",
        "rt",
        "rp",
        "small",
        "source",
        "span",
        "sub",
        "time",
        "track",
        "u",
        "var",
        "video",
        "audio",
        "wbr",
        "link",
        "meta",
        "base",
        "col",
        "colgroup",
        "canvas",
        "area",
        "map",
        "slot",
        "embed",
        "param",
        "portal",
    ]
)
"""Elements in text. Other words in angle brackets behind a mark, as in `_ga_<id>`, are placeholders."""
_HIDDEN = frozenset(
    [
        "del",
        "s",
        "strike",
        "head",
        "script",
        "style",
        "sup",
        "template",
        "svg",
        "math",
        "textarea",
        "title",
        "iframe",
        "noembed",
        "noframes",
        "xmp",
        "select",
        "object",
    ]
)
_TAG = re.compile(
    r"""<(?:(?P<comment>!--)|(?P<bogus>[!?]|/(?![A-Za-z]))|(?P<end>/?)(?P<tag>[A-Za-z][^\s/>]*+)"""
    r"""(?P<attributes>(?:[^>"'=]++|=\s*+"[^"]*+"|=\s*+'[^']*+'|[="'])*+)>)|<"""
)
_SPAN = re.compile(r"(?<![^\s\"'/])(colspan|rowspan)\s*+=\s*+[\"']?\s*+([0-9]{1,5})", re.IGNORECASE)
_COMMENT_ENDS = re.compile(r"--!?>")


def reduced(text: str) -> str:
    """Return a page that has only the elements of lines, with the number of the line as their attribute `n`.
    Raises NoStatement if it has too many elements, or too deep ones."""
    if text.count("<") > MAX_TAGS:
        raise NoStatement(f"it has more than {MAX_TAGS} tags")
    return "".join(_pieces(unmarked(text)))


def _pieces(text: str) -> Iterator[str]:
    depth, unclosed = _Depth(), set[str]()
    at = counted = 0
    number = 1
    while found := _TAG.search(text, at):
        yield text[at : found.start()]
        at = found.end()
        if found["comment"]:
            at = _after(_COMMENT_ENDS.search(text, at - 2 if text[at : at + 1] in (">", "-") else at), text)
        elif found["bogus"]:
            at = text.find(">", at) + 1 or len(text)
        elif not (tag := (found["tag"] or "").lower()):
            if re.match(r"/?[A-Za-z]", text[at : at + 2]):
                return  # a tag without an end: nothing follows
            yield "&lt;"
        elif tag in _HIDDEN and not found["end"]:
            after = None if tag in unclosed else re.compile(rf"</{tag}(?=[\s/>])[^>]*>", re.I).search(text, at)
            if after is None:
                unclosed.add(tag)
            at = after.end() if after else at
        else:
            number += text.count("\n", counted, found.start())
            counted = found.start()
            is_in_a_name = text[max(0, found.start() - 1) : found.start()] in ("_", "-", ".")
            yield _tag(tag, found, number, depth, is_in_a_name)
    yield text[at:]


def _after(found: re.Match[str] | None, text: str) -> int:
    return found.end() if found else len(text)


def _tag(tag: str, found: re.Match[str], number: int, depth: "_Depth", is_in_a_name: bool) -> str:
    if tag in _EMPHASISED:
        return CLOSE if found["end"] else OPEN
    tag = "br" if tag == "hr" else "div" if tag in _BLOCKS else tag
    if tag not in _KEPT:
        return f"&lt;{tag}&gt;" if is_in_a_name and tag not in _INLINE and not found["end"] else ""
    if found["end"]:
        depth.close(tag)
        return f"</{tag}>"
    depth.open(tag)
    spans = _SPAN.findall(found["attributes"]) if tag in ("td", "th") else ()
    return f"<{tag} n={number}{''.join(f' {name.lower()}={size}' for name, size in spans[:4])}>"


class _Depth:
    """Upper bound of the depth of a tree. Elements in a table cannot be closed from outside its cells."""

    def __init__(self) -> None:
        self.frames: list[list[str]] = [[]]
        self.depth = 0
        self.elements = 0

    def open(self, tag: str) -> None:
        """Count an element. Raises NoStatement for too many, and for one that is too deep."""
        frame = self.frames[-1]
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise NoStatement(f"it has more than {MAX_ELEMENTS} paragraphs, items and cells")
        if tag in ("td", "th", "tr") and len(self.frames) > 1:
            self._cut(frame, 0)
        elif tag == "table":
            self.frames.append([])
            self.depth += 1
        elif tag in ("li", "dt", "dd"):
            self._end_item(frame, ("li",) if tag == "li" else ("dt", "dd"))
            frame.append(tag)
            self.depth += 1
        elif tag in ("div", "pre", "ul", "ol", "dl"):
            frame.append(tag)
            self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NoStatement(f"its elements are nested deeper than {MAX_DEPTH}, or are not closed")

    def close(self, tag: str) -> None:
        """Close the innermost element of a kind, with its content."""
        frame = self.frames[-1]
        if tag == "table" and len(self.frames) > 1:
            self.depth -= len(frame) + 1
            self.frames.pop()
        elif tag in frame:
            at = len(frame) - 1 - frame[::-1].index(tag)
            if tag != "li" or not ("ul" in frame[at:] or "ol" in frame[at:]):
                self._cut(frame, at)

    def _end_item(self, frame: list[str], items: tuple[str, ...]) -> None:
        at = len(frame) - 1
        while at >= 0 and frame[at] == "div":
            at -= 1
        if at >= 0 and frame[at] in items:
            self._cut(frame, at)

    def _cut(self, frame: list[str], at: int) -> None:
        self.depth -= len(frame) - at
        del frame[at:]
