"""Lifetimes, dates and table headings in English and Dutch text."""

import re

from cookiewarden.core.policy.policy import UNITS, Lifetime

_WORDS = {
    word: number
    for number, words in enumerate(
        (
            "a an one een \u00e9\u00e9n",
            "two twee",
            "three drie",
            "four vier",
            "five vijf",
            "six zes",
            "seven zeven",
            "eight acht",
            "nine negen",
            "ten tien",
            "eleven elf",
            "twelve twaalf",
        ),
        1,
    )
    for word in words.split()
}
_UNIT = {
    "s": "seconds? sec seconden seconde s",
    "min": "minutes? mins? minuten minuut",
    "h": "hours? hrs? uur uren h",
    "d": "days? dagen dag d",
    "w": "weeks? weken w",
    "mo": "months? mths? maanden maand mo",
    "y": "years? yrs? jaar jaren y",
}
_UNITS_SAID = "|".join(f"(?P<{unit}>{words.replace(' ', '|')})" for unit, words in _UNIT.items())
_SPAN = re.compile(
    rf"(?<![\w.,])(?P<number>[0-9]{{1,9}}|(?:{'|'.join(_WORDS)})(?=[\s\u00a0-]))[\s\u00a0-]*(?:{_UNITS_SAID})\b",
    re.IGNORECASE,
)
_SPEAKS_OF_TIME = re.compile(
    r"valid|expir|life|kept|keep|stor|retention|retain|duration|extend|last|remain|after|maximum|up "
    r"to|geldig|bewaar|verloop|verval|houdbaar|duur|termijn|blijf|opgeslagen|verleng|maximaal|tot ",
    re.IGNORECASE,
)
_SESSION_SAID = re.compile(
    r"session cookie|sessiecookie"
    r"|(until|when|at|after)\b.{0,40}\b(browser|session)\b.{0,30}\b(close[sd]?|ends?|quit|exit)"
    r"|(until|when)\b.{0,20}\bclos\w+\b.{0,20}\bbrowser|end of (the|your|a) (browser )?session"
    r"|(tot|als|wanneer|zodra|na)\b.{0,40}\bbrowser\b.{0,20}\b(sluit|gesloten|afsluit)|einde van (de|uw) sessie",
    re.IGNORECASE,
)
SESSION = Lifetime("session", 0)


def lifetime_of(cell: str) -> Lifetime | None:
    """Parse the lifetime in a cell or phrase about lifetimes; None if it has no lifetime that can be enforced."""
    if found := _SPAN.search(cell):
        return _span(found)
    if _SESSION_SAID.search(cell) or re.search(r"\b(browser )?(session|sessie)\b", cell, re.IGNORECASE):
        return SESSION
    return None


def lifetime_in(text: str) -> Lifetime | None:
    """Find a lifetime in running text, in sentences with a word about time, since a number can mean something else."""
    for sentence in re.split(r"(?<=[.;!?])\s+", text):
        found = _SPAN.search(sentence)
        if found and _SPEAKS_OF_TIME.search(sentence):
            return _span(found)
    return SESSION if _SESSION_SAID.search(text) else None


def _span(found: re.Match[str]) -> Lifetime | None:
    unit = next(unit for unit in _UNIT if found[unit])
    number = int(found["number"]) if found["number"].isdecimal() else _WORDS[found["number"].lower()]
    return Lifetime(f"{number}{unit}", number * UNITS[unit]) if number else None


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


# Heads of tables

_HEADERS = {
    "name": r"(cookie|name|naam|key|sleutel)",
    "lifetime": r"(life ?time|life ?span|kept|duration|retention|expir|valid|storage|period|max"
    r"|bewaar|termijn|duur|geldig|verval|looptijd)",
    "purpose": r"(purpose|description|function|used? "
    r"for|what|why|meaning|doel|omschrijving|functie|beschrijving|waarvoor|gebruik)",
}


MAX_COLUMNS = 20
"""Maximum columns of a table of cookies."""


def columns_of(cells: tuple[str, ...]) -> dict[str, int] | None:
    """Return the columns of name, lifetime and purpose by their headings, or None for other rows."""
    if not 2 <= len(cells) <= MAX_COLUMNS or any(len(cell) > 40 for cell in cells):
        return None
    found: dict[str, int] = {}
    for key, words in _HEADERS.items():
        for at, cell in enumerate(cells):
            if at not in found.values() and re.search(words, cell, re.IGNORECASE) and key not in found:
                found[key] = at
    return found if "name" in found and len(found) > 1 else None
