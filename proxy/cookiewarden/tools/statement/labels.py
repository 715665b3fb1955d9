"""Labels of values (`Name: sid`, `Expiry (days): 30`), and the units in heads and labels."""

import re

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
    for part in parts:
        before, colon, value = part.partition(":")
        head = label(before if value.strip() else part) or _lifetime_label(before, value)
        if head is not None:
            found.append((head, with_unit(value.strip(), unit_of(before)) if colon else ""))
        elif not found:
            return []
        else:
            found[-1] = (found[-1][0], f"{found[-1][1]} {part}".strip())
    return [(head, value) for head, value in found if value] if found and found[0][1] else []


def _lifetime_label(before: str, value: str) -> Head | None:
    """Return the head in a label with other words, if its value is a lifetime: `Expiration day: 29 days`."""
    head = head_of(before) if is_like_lifetime(value.strip()) else None
    return head if head is not None and head.kind == "lifetime" else None
