"""Consent: the visitor's answer for each category, from the consent cookie and Sec-GPC.

Each consent manager has its own format. The readers return the granted words (groups, services or purposes), which
`granted_by` maps to the categories of the policy. A value that cannot be parsed completely is an unknown answer.
Frameworks of applications quote, encode, mark or sign values, and this is removed first.

The script guard (serve/own_pages/guard.js) parses the same values in the page. So this module must not depend on
Unicode tables, limits or leniency of Python that differ from JavaScript."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.policy import Category, Consent, ConsentFormat, ConsentNeed, Gpc

Denied = frozenset[tuple[str, Reason]]
"""Denied categories, with the reasons."""

NOTHING: Denied = frozenset()

MAX_VALUE = 16384
"""Maximum length of a value that is parsed, in octets."""


def denied(consent: Consent, values: Iterable[bytes], gpc: bool) -> Denied:
    """Return the denied categories for the values of the consent cookie and Sec-GPC.

    Without a value, the visitor has not answered."""
    values = list(values)
    words = granted(consent.format, values)
    without = Reason.CONSENT_UNREADABLE if values else Reason.NO_CONSENT
    found = ((gate.name, _refusal(consent, gate, words, gpc, without)) for gate in consent.gates)
    return frozenset((category, reason) for category, reason in found if reason is not None)


def stricter(one: Denied, other: Denied) -> Denied:
    """Return the categories that either denies. If both deny a category, the reason of the first applies."""
    known = {category for category, _ in one}
    return one | {(category, reason) for category, reason in other if category not in known}


def _refusal(
    consent: Consent, gate: Category, words: frozenset[str] | None, gpc: bool, without: Reason
) -> Reason | None:
    """Return the reason why a category is denied, or None. `without` is the reason without an answer."""
    if gpc and (gate.gpc is Gpc.DENY or (gate.gpc is Gpc.DEFAULT and words is None)):
        return Reason.GPC
    if words is None:
        return None if consent.grants_unknown(gate) else without
    if gate.granted_by <= words:
        return None
    return Reason.OBJECTED if gate.consent is ConsentNeed.OPT_OUT else Reason.NO_CONSENT


def granted(form: ConsentFormat, values: Iterable[bytes]) -> frozenset[str] | None:
    """Return the words that the visitor granted.

    Return None if the answer is unknown: without a value, with an invalid value, or with two that differ."""
    answers = {_read(form, value) for value in values}
    return answers.pop() if len(answers) == 1 else None


def _read(form: ConsentFormat, value: bytes) -> frozenset[str] | None:
    if len(value) > MAX_VALUE:
        return None
    try:
        text = value.strip(b" \t").decode()
        if "\ufffd" in text:  # scripts in pages see this character for octets that are not valid UTF-8
            return None
        if form is ConsentFormat.ONETRUST:
            return _onetrust(_parameters(text))
        read = _READERS[form]
        words = read(_unwrapped(text))
        if "+" in text and "%" in text:
            # Some scripts write a `+` as itself, and form-encoders write it for a blank.
            return _one_of(words, read(_unwrapped(text.replace("+", "%20"))))
        return words
    except UnicodeDecodeError:
        return None


def _one_of(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """Return the only reading of a value, or None if it has none or two that differ."""
    found = {one, other} - {None}
    return found.pop() if len(found) == 1 else None


def _unwrapped(text: str) -> str:
    """Return the value that an application gave to its framework: without quotes, percent-encoding and signature."""
    plain = _unquoted(text)
    return _unsigned(_decoded(plain) if plain != text else _unquoted(_decoded(text)))


def _parameters(text: str) -> str:
    """Return the decoded `name=value` parts of a value, which a framework may have encoded as a whole."""
    text = _unquoted(text)
    if "=" not in text and "&" not in text:
        text = _unwrapped(text)
    # An encoded `&` is not a separator, and is as invalid in a group as any other special character.
    return _decoded(text.replace("%26", "!"))


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


def _decoded(text: str) -> str:
    """Percent-decode a text like decodeURIComponent. Raises UnicodeDecodeError where that function throws."""
    if "%" not in text:
        return text
    # An incomplete `%` is as invalid as an octet that is not valid UTF-8.
    return b"\xff".decode() if _BROKEN.search(text) else _unescaped(text.replace("\\", r"\x5c").replace("%", r"\x"))


def _unescaped(text: str) -> str:
    """Replace escapes of octets. urllib's functions take several steps of the interpreter for each one."""
    return text.encode().decode("unicode_escape").encode("latin-1").decode()


_SPACE = r"[ \t\n\r\f\v]"
_SEPARATORS = re.compile(r"[,| \t\n\r\f\v]+")
_WORDS = re.compile("[A-Za-z0-9_.:*/\u00a0-\U0010ffff,| \t\n\r\f\v-]*")


def _list(text: str) -> frozenset[str] | None:
    """Parse a list such as `analytics,marketing`, separated by `,`, `|` or whitespace."""
    return frozenset(filter(None, _SEPARATORS.split(text))) if _WORDS.fullmatch(text) else None


MAX_OPENED = 200
"""Maximum number of lists and objects in JSON, because the depth limits of parsers differ."""


def _parsed(text: str) -> Any:
    """Parse JSON like JSON.parse, as the consent manager's script does. Of two equal keys, the last counts.

    Express writes `j:` before it."""
    text = text.removeprefix("j:")
    if text.count("[") + text.count("{") > MAX_OPENED:
        return None
    try:
        # Numbers have no meaning here, and Python's int rejects long ones.
        return json.loads(text, parse_constant=_refuse, parse_int=float)
    except ValueError:
        return None


def _refuse(constant: str) -> None:
    """Reject NaN and Infinity, which Python accepts although they are not valid JSON."""
    raise ValueError


def _json(text: str) -> frozenset[str] | None:
    """Parse `["analytics"]`, `{"analytics": true}` or `{"analytics": "granted"}`.

    A list may be under `categories` or `level`, as in vanilla-cookieconsent. A null counts as absent."""
    data = _parsed(text)
    if isinstance(data, dict):
        listed = data.get("categories")
        if listed is None:
            listed = data.get("level")
        if listed is None:
            return frozenset(word for word, answer in data.items() if answer is True or answer == "granted")
        data = listed
    if isinstance(data, list) and all(isinstance(word, str) for word in data):
        return frozenset(data)
    return None


def _klaro(text: str) -> frozenset[str] | None:
    """Parse answers by service, such as `{"matomo": true, "youtube": false}`."""
    data = _parsed(text)
    if not isinstance(data, dict) or not all(isinstance(answer, bool) for answer in data.values()):
        return None
    return frozenset(service for service, answer in data.items() if answer)


_COOKIEBOT = re.compile(r"\{.*\}", re.DOTALL)
_COOKIEBOT_ANSWER = re.compile(
    rf"[{{,]{_SPACE}*(necessary|preferences|statistics|marketing){_SPACE}*:{_SPACE}*(true|false){_SPACE}*(?=[,}}])"
)
COOKIEBOT = ("necessary", "preferences", "statistics", "marketing")


def _cookiebot(text: str) -> frozenset[str] | None:
    """Parse `{stamp:'…',necessary:true,preferences:false,statistics:true,marketing:false,…}`, a JavaScript object.

    `0` means that the visitor declined all, and `-1` that Cookiebot does not ask visitors in this region."""
    if text in ("0", "-1"):
        return frozenset(COOKIEBOT if text == "-1" else COOKIEBOT[:1])
    answers = _COOKIEBOT_ANSWER.findall(text) if _COOKIEBOT.fullmatch(text) else []
    if sorted(word for word, _ in answers) != sorted(COOKIEBOT):
        return None
    return frozenset(word for word, answer in answers if answer == "true")


_ONETRUST_GROUPS = re.compile("(?:^|&)groups=([^&]*)")
_ONETRUST_GROUP = re.compile(r"([A-Za-z0-9_-]+):([01])")


def _onetrust(text: str) -> frozenset[str] | None:
    """Parse `…&groups=C0001:1,C0002:0&…`.

    `text` is split before it is decoded, because a URL in another part may contain `&groups=` too."""
    found = _ONETRUST_GROUPS.findall(text)
    groups = [_ONETRUST_GROUP.fullmatch(group) for group in found[0].split(",")] if len(found) == 1 else [None]
    if not all(groups):
        return None
    return frozenset(group[1] for group in groups if group is not None and group[2] == "1")


_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TCF_VERSION = 2
_TCF_ENOUGH = 32
"""Number of characters that contain version and purposes."""
_TCF_PURPOSES_AT, _TCF_PURPOSES = 152, 24
"""Position and length of PurposesConsent, in bits (TCF v2, core string)."""


def _tcf(text: str) -> frozenset[str] | None:
    """Parse a TC string of version 2 to the purposes with consent, as `1` to `24`. It ignores legitimate interests."""
    core = text.partition(".")[0]
    if not _BASE64URL.fullmatch(core) or len(core) % 4 == 1:
        return None
    core = core[:_TCF_ENOUGH]
    octets = base64.urlsafe_b64decode(core + "=" * (-len(core) % 4))
    bits = "".join(f"{octet:08b}" for octet in octets)
    purposes = bits[_TCF_PURPOSES_AT : _TCF_PURPOSES_AT + _TCF_PURPOSES]
    if int(bits[:6], 2) != _TCF_VERSION or len(purposes) < _TCF_PURPOSES:
        return None
    return frozenset(str(number) for number, bit in enumerate(purposes, 1) if bit == "1")


_READERS: dict[ConsentFormat, Callable[[str], frozenset[str] | None]] = {
    ConsentFormat.LIST: _list,
    ConsentFormat.JSON: _json,
    ConsentFormat.KLARO: _klaro,
    ConsentFormat.COOKIEBOT: _cookiebot,
    ConsentFormat.TCF: _tcf,
}
