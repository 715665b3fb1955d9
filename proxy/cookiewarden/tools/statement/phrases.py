"""Lifetimes and dates in text."""

import re

from cookiewarden.core.policy.policy import UNITS, Lifetime, lifetime_text
from cookiewarden.tools.statement.words import folded, number_of, words

_SPEAKS_OF_TIME = re.compile(
    r"valid|expir|life|kept|keep|stor|retention|retain|duration|extend|last|remain|after|maximum|up "
    r"to|geldig|bewaar|verloop|verval|houdbaar|duur|termijn|blijf|opgeslagen|verleng|maximaal|tot "
    r"|gultig|dauer|laufzeit|lauft|speicher|gespeichert|conserv|duree|expire|valable|caduc|dura|conserva|valid|scad"
    r"|waznos|przechow|wygas|platnos|ervenyes|lejar|tarol|valabil|pastra|giltig|lagra|gyldig|udlob|voimassa|diarkei",
    re.IGNORECASE,
)
_SESSION_SAID = re.compile(
    r"session cookie|sessiecookie"
    r"|(until|when|at|after)\b.{0,40}\b(browser|session)\b.{0,30}\b(close[sd]?|ends?|quit|exit)"
    r"|(until|when)\b.{0,20}\bclos\w+\b.{0,20}\bbrowser|end of (the|your|a) (browser )?session"
    r"|(tot|als|wanneer|zodra|na)\b.{0,40}\bbrowser\b.{0,20}\b(sluit|gesloten|afsluit)|einde van (de|uw) sessie"
    r"|(fermeture|chiusura|cerrar|cierre|schliess\w*|zamknie\w*|zavren\w*|inchide\w*|fecho|fechar|encerra\w*|zatvaran\w*)"
    r"\b.{0,30}\b(browser\w*|naveg\w+|prohliz\w+|przegladark\w*|preglednik\w*)"
    r"|browser\w*\b.{0,30}(schliess|geschlossen)",
    re.IGNORECASE,
)
SESSION = Lifetime("session", 0)


_FOLLOWS = re.compile(r"\s*(?:(?:and|und|et|y|e|en|og|och|a|i|si|ja|es|kai)\s+)?")
ROUNDED = 0.02
"""Ratio by which equal lifetimes may differ, such as a month of 30 days and one of 730 hours."""


_OTHERWISE = re.compile(r" / |\b(?:or|oder|ou|of|lub|nebo|sau)\b")


def lifetime_of(cell: str) -> Lifetime | None:
    """Parse the lifetime in a cell or phrase about lifetimes; None if it has no lifetime that can be enforced, or
    several."""
    text = folded(cell)
    parts = _OTHERWISE.split(text)
    if len(parts) > 1:
        several = [lifetime for part in parts if (lifetime := lifetime_of(part)) is not None]
        return several[0] if several and _are_equal(several) else None
    if found := _spans(text):
        return _one_of(found)
    return SESSION if _SESSION_SAID.search(text) or words().session.search(text) else None


def lifetime_in(text: str) -> Lifetime | None:
    """Find a lifetime in running text, in sentences with a word about time, since a number can mean something else."""
    for sentence in re.split(r"(?<=[.;!?])\s+", text):
        said = folded(sentence)
        if (found := _spans(said)) and _SPEAKS_OF_TIME.search(said):
            return _one_of(found[:1])
    return SESSION if _SESSION_SAID.search(folded(text)) else None


def is_only_lifetime(text: str) -> bool:
    """Check whether a text is a lifetime and has no other words."""
    said = folded(text[:100]).rstrip(" .")
    return bool(words().spans.fullmatch(said) or words().session.fullmatch(said))


def _one_of(found: list[Lifetime]) -> Lifetime | None:
    """Return the first of equal lifetimes, such as 12 months (365 days); None for others, and for 0 seconds."""
    return found[0] if found[0].seconds and _are_equal(found) else None


def _are_equal(found: list[Lifetime]) -> bool:
    seconds = [lifetime.seconds for lifetime in found]
    return min(seconds) >= (1 - ROUNDED) * max(seconds)


def _spans(text: str) -> list[Lifetime]:
    """Return the lifetimes of a folded text. `1 year 1 month 4 days` is one."""
    spans: list[Lifetime] = []
    end, smallest = 0, 0
    for found in words().spans.finditer(text):
        number, unit = number_of(found), words().units[found["unit"]]
        size = UNITS[unit]
        if size < smallest and _FOLLOWS.fullmatch(text, end, found.start()):
            seconds = spans[-1].seconds + number * size
            spans[-1] = Lifetime(lifetime_text(seconds), seconds)
        else:
            spans.append(Lifetime(f"{number}{unit}", number * size))
        end, smallest = found.end(), size
    return spans


# Days

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january januari jan",
            "february februari feb",
            "march maart mar mrt",
            "april apr",
            "may mei",
            "june juni jun",
            "july juli jul",
            "august augustus aug",
            "september sep sept",
            "october oktober oct okt",
            "november nov",
            "december dec",
        ),
        1,
    )
    for name in names.split()
}
_DATES = (
    re.compile(r"(?P<y>[12][0-9]{3})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})"),
    re.compile(r"(?P<d>[0-9]{1,2})(st|nd|rd|th|e)?\.?[ ](of )?(?P<m>[A-Za-z]{3,9})\.?,?[ ](?P<y>[12][0-9]{3})"),
    re.compile(r"(?P<m>[A-Za-z]{3,9})\.?[ ](?P<d>[0-9]{1,2})(st|nd|rd|th)?,?[ ](?P<y>[12][0-9]{3})"),
    re.compile(r"(?P<d>[0-9]{1,2})[/.-](?P<m>[0-9]{1,2})[/.-](?P<y>[12][0-9]{3})"),
)


def day_in(text: str) -> str:
    """Return the first date in a text, as in 2026-12-31, or ""."""
    for form in _DATES:
        if (found := form.search(text)) and (day := _day(found)):
            return day
    return ""


def _day(found: re.Match[str]) -> str:
    month = int(found["m"]) if found["m"].isdecimal() else _MONTHS.get(found["m"].lower(), 0)
    year, number = int(found["y"]), int(found["d"])
    return f"{year:04}-{month:02}-{number:02}" if 1 <= month <= 12 and 1 <= number <= 31 else ""
