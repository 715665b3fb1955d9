"""Lifetimes and dates in text."""

import re
from functools import lru_cache
from itertools import islice

from cookiewarden.core.policy.policy import UNITS, Lifetime, lifetime_text
from cookiewarden.tools.statement.words import folded, head_of, is_counted, span_of, words

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
    r"|(until|when)\b.{0,20}\bclos\w+\b.{0,20}\bbrowser|end of (the|your|a|each|this) (\w+ )?session"
    r"|(on|at|upon|until|after) (the |your )?(exit|close|closing|closure|end) of (the |your |a )?(web )?browser"
    r"|(on|at|upon|until|after) (browser (exit|close|closing|closure)|(exiting|closing|leaving) (the |your )?browser)"
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


MAX_CELL = 200
"""Maximum characters of a cell with a lifetime; longer ones are sentences."""
_PLURAL = re.compile(r"(?<=\w)\(\w{1,2}\)")
"""Ending in brackets, as in "12 month(s)"."""
_FOOTNOTE = re.compile("[\u00b9\u00b2\u00b3\u2070-\u2079\u2020\u2021]+")
_MARKS = re.compile(r"""[\s.,;:()\[\]'"*/\u2013\u2014\u2019-]*""")
"""Marks that do not change the words beside them. Signs such as `<`, `+` and `~` do."""


@lru_cache(maxsize=256)  # each text is looked at several times
def lifetime_of(cell: str) -> Lifetime | None:
    """Parse the lifetime in a cell or phrase about lifetimes. Returns None if it has no lifetime that can be enforced,
    several, or a word that is not understood."""
    if len(cell) > MAX_CELL:
        return None
    text = _PLURAL.sub("", folded(_FOOTNOTE.sub("", cell)))
    before, colon, after = text.partition(":")
    if colon and (head := head_of(before)) is not None and head.kind == "lifetime":  # `duration: 2 years`
        text = after
    if words().session.fullmatch(text.strip(" .")):  # it may have a word such as "of", which is "or" in Dutch
        return SESSION
    parts = list(filter(str.strip, _OTHERWISE.split(text)))
    found = [lifetime for part in parts for lifetime in _stated_in(part)]
    if not found or any(lifetime is None for lifetime in found):
        return None
    stated = [lifetime for lifetime in found if lifetime is not None]
    if len({lifetime.is_session for lifetime in stated}) > 1:
        return None
    return stated[0] if stated[0].is_session else _one_of(stated)


def _stated_in(text: str) -> list[Lifetime | None]:
    """Return the lifetimes of a folded phrase, and None for one that is not understood."""
    text = words().renewed.sub(" ", text)
    spans = _spans(text)
    rest = words().spans.sub(" ", text)
    is_session = words().session.search(rest) is not None or _SESSION_SAID.search(rest) is not None
    if not spans and not is_session:
        return []
    lasting = words().lasting.search(rest)
    is_endless = lasting is not None and (is_session or not spans or not _PERSISTENT.match(lasting[0]))
    if is_endless or not _is_harmless(rest) or not all(span.seconds for span in spans):
        return [None]
    return [*spans, *([SESSION] if is_session else [])]


_PERSISTENT = re.compile(
    r"persist|perman|dauerhaft|trval|trajn|stal|trwal|blijvend|vedvarende|bestandig|varaktig|pusiv|alaline|pysyv|alland"
    r"|tartos|nuolat|pastav|постоян|μονιμ|buan"
)
"""Words that may be beside a lifetime, as in "persistent, 2 years"."""


def _is_harmless(text: str) -> bool:
    """Check that all words are of one language and do not change a lifetime. Words for sessions are harmless too."""
    rest = words().lasting.sub(" ", words().session.sub(" ", text))
    if _MARKS.fullmatch(rest):
        return True
    return any(_MARKS.fullmatch(around.sub(" ", rest)) is not None for around in words().around)


@lru_cache(maxsize=256)
def is_like_lifetime(text: str) -> bool:
    """Check whether a whole text is a lifetime, or words such as "persistent" for one without an end."""
    if len(text) > MAX_CELL:
        return False
    said = folded(text)
    if lifetime_of(text) is not None or (len(text) <= 40 and day_in(text)):
        return True
    if not (words().time.search(said) or words().spans.search(said) or words().lasting.search(said)):
        return False
    rest = words().hedges.sub(" ", words().time.sub(" ", words().spans.sub(" ", said)))
    return _is_harmless(rest) or _is_harmless(re.sub(r"[0-9<>~+\u2044]", " ", rest))


_BETWEEN_MARKS = re.compile(r"[,;()]|\.(?:\s|$)|\s[|\u2013\u2014-]\s")


def unread_lifetime_in(text: str) -> str:
    """Return the part of a text that is a lifetime which cannot be used, as in "polls, persistent", or ""."""
    parts = _BETWEEN_MARKS.split(text) if len(text) <= MAX_CELL else []
    return next((part.strip() for part in [text, *parts] if is_like_lifetime(part) and lifetime_of(part) is None), "")


_NUMBERED = re.compile(r"[0-9]\s*(?:[-\u2013\u2014/+~]|\w{1,4})?\s*$")
"""Number before another one, as in `2 - 3 years` and `1 bis 2 Jahre`."""
_HALF = re.compile(
    r"\s*(?:[+\u2044]|[0-9]\u2044|[-\u2013\u2014]\s?[0-9]|\w{1,3} (?:a |de )?(?:half|halb|demi|medi[oa]|mezzo)\b)"
)
"""Words behind a lifetime that change it, as in `1 year and a half`."""


_SEVERAL = re.compile(
    r"\b(?:respec?t|beziehungsweise|bzw\b|rispettivamente|odpowiednio|odpovidaj|vastaavasti|illetve|atitinkamai)"
)
"""Words between lifetimes of several names, as in "2 years and 24 hours respectively"."""


def speaks_of_several(text: str) -> bool:
    """Check for a word such as "respectively", which gives each of several names a lifetime."""
    return _SEVERAL.search(folded(text)) is not None


def lifetime_in(text: str) -> Lifetime | None:
    """Find a lifetime in running text, in sentences with a word about time, since a number can mean something else."""
    if speaks_of_several(text):
        return None
    for sentence in re.split(r"(?<=[.;!?])\s+", text):
        said = folded(sentence)
        if (found := _spans(said)) and (_SPEAKS_OF_TIME.search(said) or _END.search(said)):
            return _one_of(found[:1]) if _is_exact(said) else None
    said = folded(text)
    return SESSION if _SESSION_SAID.search(said) or words().closing.search(said) else None


def _is_exact(said: str) -> bool:
    """Check that the words beside the first lifetime of a sentence do not change it, as in "10 requests a minute"."""
    spans = list(islice(words().spans.finditer(said), 8))
    first = spans[0]
    before = said[max(0, first.start() - 24) : first.start()]
    hedges = list(words().hedges.finditer(before))
    is_hedged = bool(hedges) and len(before) - hedges[-1].end() <= 4
    is_rate = not is_counted(first) and re.search(r"[0-9]", before) is not None
    if is_rate or is_hedged or _NUMBERED.search(before) or _HALF.match(said, first.end()):
        return False
    following = said[first.end() : spans[1].start()] if len(spans) > 1 else ""
    return len(spans) < 2 or len(following) > 6 or _FOLLOWS.fullmatch(following) is not None or following == " ("


def has_number_of_time(text: str) -> bool:
    """Check whether a text has a number with a unit of time, which is perhaps a lifetime."""
    said = folded(text)
    return any(map(is_counted, words().spans.finditer(said)))


_END = re.compile(
    r"\b(?:deleted|erased|expires?|expired|removed (?:when|after|as|at|once|if)"
    r"|cleared (?:when|after|as|at|once|if)|lasts?"
    r"|(?:kept|stored|valid|stays|remains) (?:until|till|for|as long|while|only))\b"
    r"|\b(?:until|when|once|after) (?:you|the user|the visitor|a user)\b.{0,20}\b(?:log|sign|close|leave)"
    r"|\b(?:verwijderd|gewist|verloopt|vervalt|geloscht|lauft ab|erlischt|supprimee?s?|efface|expire|eliminad[oa]s?"
    r"|eliminat[oiae]|cancellat[oiae]|borrad[oa]s?|caduca|scade|scadenza|apagad[oa]s?|usuwan\w*|wygas\w*"
    r"|loschung|verfallt|endet|raderas|forsvinner|tas bort|upphor|under (?:ditt )?besok\w*|slettes|udlober|forsvinder"
    r"|poistuu|poistetaan|vanhenee|paattyy|vyprsi|smaza\w*|odstran\w*|torlod\w*|torlesre|megszun\w*|lejar"
    r"|sters[ae]?|expira|istjece|brise|potece|izbrise\w*|istrin\w*|baigiasi|dzes\w*|beidzas|kustutat\w*|aegub"
    r"|\u03b4\u03b9\u03b1\u03b3\u03c1\u03b1\u03c6\w*|\u03bb\u03b7\u03b3\u03b5\u03b9"
    r"|\u0438\u0437\u0442\u0440\u0438\u0432\w*|\u0438\u0437\u0442\u0438\u0447\u0430)\b"
)
"""Words about the end of a cookie."""


def speaks_of_an_end(text: str) -> bool:
    """Check for words about the end of a cookie, which perhaps state its lifetime: "deleted when you sign out"."""
    return _END.search(folded(text)) is not None


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
        number, unit = span_of(found)
        size = UNITS[unit]
        if size < smallest and _FOLLOWS.fullmatch(text, end, found.start()):
            spans[-1] = _sum_of(spans[-1].seconds + number * size)
        else:
            spans.append(Lifetime(f"{number}{unit}", number * size))
        end, smallest = found.end(), size
    return spans


def _sum_of(seconds: int) -> Lifetime:
    """Return a lifetime of several units. Months make it uneven, so hours are rounded up to days: 1 year, 1 month and
    4 days are 400 days."""
    text, day = lifetime_text(seconds), UNITS["d"]
    if not text.endswith("h") or seconds < 2 * day:
        return Lifetime(text, seconds)
    days = -(-seconds // day)
    return Lifetime(f"{days}d", days * day)


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
