"""Values as applications gave them to their frameworks, which quote, encode, mark or sign them."""

import re


def unwrapped(text: str) -> str:
    """Return the value that an application gave to its framework: without quotes, percent-encoding and signature."""
    plain = _unquoted(text)
    return _unsigned(decoded(plain) if plain != text else _unquoted(decoded(text)))


def parameters(text: str) -> str:
    """Return the decoded `name=value` parts of a value, which a framework may have encoded as a whole."""
    text = _unquoted(text)
    if "=" not in text and "&" not in text:
        text = unwrapped(text)
    # An encoded `&` is not a separator, and is as invalid in a group as any other special character.
    return decoded(text.replace("%26", "!"))


_ESCAPED = re.compile(r'[^"\\]*(?:\\(?:["\\]|[0-3][0-7]{2})[^"\\]*)*')


def _unquoted(text: str) -> str:
    r"""Remove the quotes of RFC 2109 and the escapes `\"`, `\\` and `\ooo` (an octet) of http.cookies and Tomcat.

    Raises UnicodeDecodeError for octets that are not valid UTF-8."""
    if len(text) < 2 or text[0] != '"' or text[-1] != '"':
        return text
    inner = text[1:-1]
    # java.net.HttpCookie writes quotes and backslashes of the value without an escape.
    if "\\" not in inner or not _ESCAPED.fullmatch(inner):
        return inner
    return _unescaped(inner)


_SIGNED = re.compile(r"s:(.*)\.[A-Za-z0-9+/]{43}", re.DOTALL)


def _unsigned(text: str) -> str:
    """Remove the signature of Express. The visitor may change an answer, so the key is not needed."""
    found = _SIGNED.fullmatch(text) if text.startswith("s:") else None
    return found[1] if found else text


_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def decoded(text: str) -> str:
    """Percent-decode a text like decodeURIComponent. Raises UnicodeDecodeError where that function throws."""
    if "%" not in text:
        return text
    # An incomplete `%` is as invalid as an octet that is not valid UTF-8.
    return b"\xff".decode() if _BROKEN.search(text) else _unescaped(text.replace("\\", r"\x5c").replace("%", r"\x"))


def _unescaped(text: str) -> str:
    """Replace escapes of octets. urllib's functions take several steps of the interpreter for each one."""
    return text.encode().decode("unicode_escape").encode("latin-1").decode()
