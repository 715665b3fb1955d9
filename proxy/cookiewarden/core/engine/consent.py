"""Consent: what a visitor's consent cookie and Sec-GPC say of each category that asks for it.

Each consent manager writes its answer in a form of its own. What was granted is read as words: the manager's groups,
services or purposes, which `granted_by` maps to the categories of the policy. A value that cannot be read says nothing:
it is unknown, and never half understood.

The script guard (serve/own_pages/guard.js) reads the same values in the page. So nothing here depends on a table of
Unicode, on a limit of Python's, or on a leniency that JavaScript does not have."""

import base64
import json
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.policy import Category, Consent, ConsentFormat, Gpc

Denied = frozenset[tuple[str, Reason]]
"""Categories whose cookies do not pass, and why."""

NOTHING: Denied = frozenset()

MAX_VALUE = 16384
"""Octets above which a value is not read."""


def denied(consent: Consent, values: Iterable[bytes], gpc: bool) -> Denied:
    """What is not granted where the consent cookie has these values (none: the visitor has not answered) and where
    Sec-GPC is 1 or not."""
    words = granted(consent.format, values)
    found = ((gate.name, _refusal(gate, words, gpc, consent.unknown_grants)) for gate in consent.gates)
    return frozenset((category, reason) for category, reason in found if reason is not None)


def stricter(one: Denied, other: Denied) -> Denied:
    """What either denies; where both deny a category, for the reason of the first."""
    known = {category for category, _ in one}
    return one | {(category, reason) for category, reason in other if category not in known}


def _refusal(gate: Category, words: frozenset[str] | None, gpc: bool, unknown_grants: bool) -> Reason | None:
    if gpc and (gate.gpc is Gpc.DENY or (gate.gpc is Gpc.DEFAULT and words is None)):
        return Reason.GPC
    grants = unknown_grants if words is None else gate.granted_by <= words
    return None if grants else Reason.NO_CONSENT


def granted(form: ConsentFormat, values: Iterable[bytes]) -> frozenset[str] | None:
    """The words that the visitor granted; None where that is not known: no value, one that cannot be read, or two that
    disagree."""
    answers = {_read(form, value) for value in values}
    return answers.pop() if len(answers) == 1 else None


def _read(form: ConsentFormat, value: bytes) -> frozenset[str] | None:
    if len(value) > MAX_VALUE:
        return None
    try:
        text = value.strip(b" \t").decode()
        if "\ufffd" in text:  # in a page this stands for octets that are no UTF-8
            return None
        if form is ConsentFormat.ONETRUST:
            # One within a part separates nothing, and is as wrong in a group as any other sign.
            return _onetrust(_decoded(text.replace("%26", "!")))
        return _READERS[form](_decoded(text))
    except UnicodeDecodeError:
        return None


_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")


def _decoded(text: str) -> str:
    """The text without its percent-encoding, as decodeURIComponent decodes it. Raises UnicodeDecodeError where that
    throws."""
    if "%" not in text:
        return text
    # A `%` by itself is no more an encoding than an octet that begins no character.
    return (b"\xff" if _BROKEN.search(text) else unquote_to_bytes(text)).decode()


_SPACE = r"[ \t\n\r\f\v]"
_SEPARATORS = re.compile(r"[,| \t\n\r\f\v]+")
_WORDS = re.compile("[A-Za-z0-9_.:*/\u00a0-\U0010ffff,| \t\n\r\f\v-]*")


def _list(text: str) -> frozenset[str] | None:
    """`analytics,marketing`, with `,`, `|` or blanks between."""
    return frozenset(filter(None, _SEPARATORS.split(text))) if _WORDS.fullmatch(text) else None


MAX_OPENED = 200
"""Lists and objects in JSON above which it is not read: each parser has another limit of depth."""


def _parsed(text: str) -> Any:
    """JSON as JSON.parse reads it, for that is what the manager's own script does: of two equal keys the last
    counts."""
    if text.count("[") + text.count("{") > MAX_OPENED:
        return None
    try:
        # No number means anything here, and Python refuses long ones.
        return json.loads(text, parse_constant=_refuse, parse_int=float)
    except ValueError:
        return None


def _refuse(constant: str) -> None:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError


def _json(text: str) -> frozenset[str] | None:
    """`["analytics"]`, `{"analytics": true}`, `{"analytics": "granted"}`, or a list under `categories` or `level`, as
    vanilla-cookieconsent writes it. A null is as good as nothing."""
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
    """`{"matomo": true, "youtube": false}`: by service."""
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
    """`{stamp:'…',necessary:true,preferences:false,statistics:true,marketing:false,…}`, a JavaScript object; `0` where
    all was declined, `-1` where Cookiebot does not ask because of where the visitor is."""
    if text in ("0", "-1"):
        return frozenset(COOKIEBOT if text == "-1" else COOKIEBOT[:1])
    answers = _COOKIEBOT_ANSWER.findall(text) if _COOKIEBOT.fullmatch(text) else []
    if sorted(word for word, _ in answers) != sorted(COOKIEBOT):
        return None
    return frozenset(word for word, answer in answers if answer == "true")


_ONETRUST_GROUPS = re.compile("(?:^|&)groups=([^&]*)")
_ONETRUST_GROUP = re.compile(r"([A-Za-z0-9_-]+):([01])")


def _onetrust(text: str) -> frozenset[str] | None:
    """`…&groups=C0001:1,C0002:0&…`, split before it is decoded: a link's address in another part may hold a `&groups=`
    too."""
    found = _ONETRUST_GROUPS.findall(text)
    groups = [_ONETRUST_GROUP.fullmatch(group) for group in found[0].split(",")] if len(found) == 1 else [None]
    if not all(groups):
        return None
    return frozenset(group[1] for group in groups if group is not None and group[2] == "1")


_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")
_TCF_VERSION = 2
_TCF_ENOUGH = 32
"""Letters that hold all that is asked for."""
_TCF_PURPOSES_AT, _TCF_PURPOSES = 152, 24
"""Where PurposesConsent stands, in bits, and how many it has (TCF v2, the core string)."""


def _tcf(text: str) -> frozenset[str] | None:
    """A TC string of version 2: the purposes with consent, as `1` to `24`. Legitimate interest is no consent."""
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
