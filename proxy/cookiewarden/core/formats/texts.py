"""Formats that are lists of words and answers."""

import re

_SPACE = r"[ \t\n\r\f\v]"
_SEPARATORS = re.compile(r"[,| \t\n\r\f\v]+")
_WORDS = re.compile("[A-Za-z0-9_.:*/\u00a0-\U0010ffff,| \t\n\r\f\v-]*")


def read_list(text: str) -> frozenset[str] | None:
    """Parse a list such as `analytics,marketing`, separated by `,`, `|` or whitespace."""
    return frozenset(filter(None, _SEPARATORS.split(text))) if _WORDS.fullmatch(text) else None


_COOKIEBOT = re.compile(r"\{.*\}", re.DOTALL)
_COOKIEBOT_ANSWER = re.compile(
    rf"[{{,]{_SPACE}*(necessary|preferences|statistics|marketing){_SPACE}*:{_SPACE}*(true|false){_SPACE}*(?=[,}}])"
)
COOKIEBOT = ("necessary", "preferences", "statistics", "marketing")


def read_cookiebot(text: str) -> frozenset[str] | None:
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


def read_onetrust(text: str) -> frozenset[str] | None:
    """Parse `…&groups=C0001:1,C0002:0&…`.

    `text` is split before it is decoded, because a URL in another part may contain `&groups=` too."""
    found = _ONETRUST_GROUPS.findall(text)
    groups = [_ONETRUST_GROUP.fullmatch(group) for group in found[0].split(",")] if len(found) == 1 else [None]
    if not all(groups):
        return None
    return frozenset(group[1] for group in groups if group is not None and group[2] == "1")


_COOKIEYES_TEXT = re.compile("[A-Za-z0-9_-]+:[A-Za-z0-9_-]*(?:,[A-Za-z0-9_-]+:[A-Za-z0-9_-]*)*")
_COOKIEYES_PART = re.compile("([^:,]+):([^,]*)")
_COOKIEYES_OWN = {"consentid", "consent", "action", "lastRenewedDate"}
"""Parts that are not categories."""


def read_cookieyes(text: str) -> frozenset[str] | None:
    """Parse `consentid:…,consent:yes,action:yes,necessary:yes,analytics:no,…` (source: CookieYes' script).

    Before the visitor answers, `action` is empty. A category that was added later is empty and not granted."""
    if not _COOKIEYES_TEXT.fullmatch(text):
        return None
    parts = _COOKIEYES_PART.findall(text)
    answers = dict(parts)
    if len(answers) != len(parts) or answers.get("action") != "yes":
        return None
    for name in _COOKIEYES_OWN:
        answers.pop(name, None)
    if not {"yes", "no", ""}.issuperset(answers.values()):
        return None
    return frozenset([name for name, answer in answers.items() if answer == "yes"])
