"""Character encodings of pages: byte order mark, Content-Type, `<meta>`, and otherwise UTF-8 or windows-1252 (HTML
standard, "determining the character encoding")."""

import codecs
import re

from cookiewarden.tools.statement.lines import NoStatement

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    rb"""<meta\b[^>]{0,300}?\bcharset\s{0,9}=\s{0,9}["']?\s{0,9}([\w.:-]{1,40})"""
    rb"""|<\?xml\b[^>]{0,100}?\bencoding\s{0,9}=\s{0,9}["']([\w.:-]{1,40})""",
    re.IGNORECASE,
)
MAX_PROLOG = 4096
"""Octets that are searched for a declaration; the HTML standard has 1024."""
_LATIN = frozenset(["ascii", "iso8859-1", "iso8859-9"])
_TEXT = re.compile(r"(cp|windows-?|iso8859-|koi8|mac|gb|big5|euc|iso2022|shift_jis|utf-8|utf-16)")
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def charset_of_type(content_type: str) -> str:
    """Return the charset of a Content-Type header, or ""."""
    found = re.search(r"""\bcharset\s*=\s*["']?([\w.:-]{1,40})""", content_type, re.IGNORECASE)
    return found[1] if found else ""


def decoded(raw: bytes, charset: str = "") -> str:
    """Decode a page, without characters that cannot be seen. `charset`: from its Content-Type header, or "".

    Raises NoStatement if it is binary, or if its charset is not known."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return visible(raw[len(mark) :].decode(name, "replace"))
    if b"\0" in raw or raw[:4] == b"PK\x03\x04":
        raise NoStatement("it is a binary file; give HTML, Markdown or text")
    declared = _DECLARED.search(raw[:MAX_PROLOG])
    label = charset or ((declared[1] or declared[2]).decode("ascii", "replace") if declared else "")
    if label:
        return visible(raw.decode(_codec(label), "replace"))
    try:
        return visible(raw.decode())
    except UnicodeDecodeError:
        return visible(raw.decode("cp1252", "replace"))


def _codec(label: str) -> str:
    """Return the codec of a label. Raises NoStatement."""
    try:
        name = codecs.lookup(label).name
    except LookupError:
        name = ""
    if not _TEXT.match(name) and name not in _LATIN:
        raise NoStatement(f'its charset "{label}" is not known; save it as UTF-8')
    if name.startswith("utf-16"):
        return "utf-8"  # a page with a readable declaration is not UTF-16
    return {"ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254"}.get(name, name)


def visible(text: str) -> str:
    """Remove soft hyphens, and marks of width and direction."""
    return _INVISIBLE.sub("", text)
