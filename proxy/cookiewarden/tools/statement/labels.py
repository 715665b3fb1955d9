"""Labels of values (`Name: sid`, `Expiry (days): 30`), and the units in heads and labels."""

import re
from itertools import islice

from cookiewarden.tools.statement.phrases import is_like_lifetime
from cookiewarden.tools.statement.words import Head, folded, head_of, words

_UNIT = re.compile(r"\s*(?:[(\[](?:in )?(\w{1,12})[)\]]|\bin (\w{1,12})|[,/-] ?(\w{1,12}))\s*:?\s*$")
_NUMBER = re.compile(r"\s*(?:[0-9]{1,3}(?:\s[0-9]{3}){1,3}|[0-9]{1,9})\s*")
OTHER_LABEL = re.compile(r"[^\W\d_][\w ()/-]{1,39}:\s")
"""Label that is not in the table of words."""


def label(text: str) -> Head | None:
    """Return the head that is a whole text, except for a unit: `Expiry (days)`."""
    text = _UNIT.sub("", text) if unit_of(text) else text
    head = head_of(text)
    return head if head is not None and head.phrase == folded(text).strip(" :*.?#") else None


def unit_of(head: str) -> str:
    """Return the unit in a head of lifetimes: `Expiry (days)`, `Expiry in days`; "" if it has none."""
    found = _UNIT.search(folded(head[-40:]))
    unit = (found[1] or found[2] or found[3]) if found else ""
    return unit if unit in words().units else ""


def with_unit(value: str, unit: str) -> str:
    """Add the unit of its head to a number."""
    return f"{value} {unit}" if unit and _NUMBER.fullmatch(value) else value


def pairs(parts: tuple[str, ...]) -> list[tuple[Head, str]]:
    """Return the labelled values of an item, or none if it does not begin with a label. Labels without a value are
    left out, if the first has one."""
    found: list[tuple[Head, str]] = []
    for part in [one for whole in parts for one in _labelled_parts(whole)]:
        before, colon, value = part.partition(":")
        head = label(before if value.strip() else part) or _lifetime_label(before, value)
        if head is not None:
            found.append((head, with_unit(value.strip(), unit_of(before)) if colon else ""))
        elif not found:
            return []
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {part}".strip())
    return [(head, value) for head, value in found if value] if found and found[0][1] else []


_LABEL_END = re.compile(r":(?=\s)")
_BEFORE_LABEL = re.compile(r"[.,;|/\u2013\u2014-]\s+")
MAX_LABEL = 40
"""Maximum characters of a label among others in one line."""
MAX_LABELS = 12
"""Maximum labels of a line that are looked for."""


def _labelled_parts(text: str) -> list[str]:
    """Split `Name: sid, Purpose: login, Expires: 1 day` at its labels. Other texts, and those with a label or
    a lifetime twice, are one part."""
    before, _, value = text[: MAX_LABEL + 1].partition(":")
    if not value or (first := label(before)) is None or first.kind != "name":
        return [text]
    starts, known = [0], {first.kind}
    for end in islice(_LABEL_END.finditer(text, len(before) + 1), MAX_LABELS):
        at = _label_start(text, max(starts[-1] + 1, end.start() - MAX_LABEL), end.start())
        head = label(text[at : end.start()]) if at >= 0 else None
        if head is None:
            continue
        one_of = head.kind if head.kind == "lifetime" else head.phrase
        if head.kind == "name" or one_of in known:
            return [text]
        starts.append(at)
        known.add(one_of)
    parts = [text[at:end] for at, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    return [part.strip().rstrip(".,;|/\u2013\u2014-").rstrip() for part in parts] if len(parts) > 1 else [text]


def labelled_span(text: str) -> str:
    """Return the text behind a label for lifetimes in a sentence, or "": `Counts visits. Duration: half a year`."""
    for end in islice(_LABEL_END.finditer(text), MAX_LABELS):
        at = _label_start(text, max(0, end.start() - MAX_LABEL), end.start())
        head = label(text[at : end.start()]) if at >= 0 else None
        if head is not None and head.kind == "lifetime":
            return re.split(r"[.;|](?:\s|$)", text[end.end() :].strip())[0]
    return ""


def _label_start(text: str, start: int, end: int) -> int:
    """Return where the label before a colon begins: behind a mark, or at a word with a capital. -1 if there is none."""
    marks = [found.end() for found in _BEFORE_LABEL.finditer(text, start, end)]
    capitals = [found.start() for found in re.finditer(r"(?<=\s)[^\W\d_]", text[:end][start:])]
    words_at = [start + at for at in capitals if text[start + at].isupper()]
    return next((at for at in sorted({*marks, *words_at}) if label(text[at:end]) is not None), -1)


def _lifetime_label(before: str, value: str) -> Head | None:
    """Return the head in a label with other words, if its value is a lifetime: `Expiration day: 29 days`."""
    head = head_of(before) if is_like_lifetime(value.strip()) else None
    return head if head is not None and head.kind == "lifetime" else None
