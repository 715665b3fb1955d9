"""The statement's own words, in the languages that ship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.core.policy.policy import Lifetime, SetBy
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.statement import StatedCookie


@dataclass(frozen=True, slots=True)
class Words:
    """Of one language."""

    name: str
    """Of the language, in itself."""
    title: str
    edited: str
    role: str
    rights: str
    cookies: str
    refuse: str
    contact: str
    about: str
    other: str
    """The category of those that are in none."""
    columns: tuple[str, str, str, str]
    """Cookie, purpose, lifetime, who sets it."""
    basis: str
    consent: str
    enforced: str
    reported: str
    session: str
    unbounded: str
    until: str
    at: str
    glob: str
    setters: Mapping[SetBy, str]
    units: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    refuse_text: str
    """Said where the policy says nothing of it."""


ENGLISH = Words(
    name="English",
    title="Cookie statement",
    edited="Last edit: {day}",
    role="Our role in processing your data",
    rights="Your rights",
    cookies="Which cookies are used?",
    refuse="How can you refuse or delete cookies?",
    contact="Contact",
    about="Who we are",
    other="Other cookies",
    columns=("Cookie", "Purpose", "Kept for", "Set by"),
    basis="No consent is asked for these cookies. In the publisher's words: {basis}",
    consent="These cookies are used only with your consent.",
    enforced="This list is enforced: a cookie that is not on it does not get from the application to your browser, "
    "and none from the application is kept for longer than it says.",
    reported="This list is compared with the cookies that the application sets.",
    session="until you close the browser",
    unbounded="no limit is stated",
    until="used until {day}",
    at="on {hosts} only",
    glob="In a name, * stands for letters and digits that differ from visitor to visitor.",
    setters={
        SetBy.SERVER: "the application",
        SetBy.SCRIPT: "a script on the page",
        SetBy.BOTH: "the application, or a script on the page",
    },
    units={
        "s": ("second", "seconds"),
        "min": ("minute", "minutes"),
        "h": ("hour", "hours"),
        "d": ("day", "days"),
        "w": ("week", "weeks"),
        "mo": ("month", "months"),
        "y": ("year", "years"),
    },
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    refuse_text="You can delete cookies in your browser's settings, and have it refuse them. What depends on a cookie "
    "may not work then.",
)

DUTCH = Words(
    name="Nederlands",
    title="Cookieverklaring",
    edited="Laatst gewijzigd: {day}",
    role="Onze rol bij de verwerking van uw gegevens",
    rights="Uw rechten",
    cookies="Welke cookies worden gebruikt?",
    refuse="Hoe kunt u cookies weigeren of verwijderen?",
    contact="Contact",
    about="Wie wij zijn",
    other="Overige cookies",
    columns=("Cookie", "Doel", "Bewaartermijn", "Geplaatst door"),
    basis="Voor deze cookies wordt geen toestemming gevraagd. In de woorden van de aanbieder: {basis}",
    consent="Deze cookies worden alleen met uw toestemming gebruikt.",
    enforced="Deze lijst wordt afgedwongen: een cookie die er niet op staat, komt niet van de applicatie in uw "
    "browser, en geen cookie van de applicatie wordt langer bewaard dan er staat.",
    reported="Deze lijst wordt vergeleken met de cookies die de applicatie plaatst.",
    session="tot u de browser sluit",
    unbounded="geen termijn genoemd",
    until="in gebruik tot en met {day}",
    at="alleen op {hosts}",
    glob="In een naam staat * voor letters en cijfers die per bezoeker verschillen.",
    setters={
        SetBy.SERVER: "de applicatie",
        SetBy.SCRIPT: "een script op de pagina",
        SetBy.BOTH: "de applicatie of een script op de pagina",
    },
    units={
        "s": ("seconde", "seconden"),
        "min": ("minuut", "minuten"),
        "h": ("uur", "uur"),
        "d": ("dag", "dagen"),
        "w": ("week", "weken"),
        "mo": ("maand", "maanden"),
        "y": ("jaar", "jaar"),
    },
    months=(
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ),
    refuse_text="U kunt cookies verwijderen in de instellingen van uw browser, en ze laten weigeren. Wat van een "
    "cookie afhangt, werkt dan mogelijk niet.",
)

WORDS = {"en": ENGLISH, "nl": DUTCH}


def words_of(language: str) -> Words | None:
    """For a language, with its region or without; None where it does not ship."""
    return WORDS.get(language) or WORDS.get(language.partition("-")[0])


def lifetime_words(lifetime: Lifetime | None, words: Words) -> str:
    """`2 years`, `until you close the browser`."""
    if lifetime is None:
        return words.unbounded
    if lifetime.is_session:
        return words.session
    digits = lifetime.text.rstrip("abcdefghijklmnopqrstuvwxyz")
    one, several = words.units[lifetime.text[len(digits) :]]
    return f"{int(digits)} {one if int(digits) == 1 else several}"


def day_words(day: str, words: Words) -> str:
    """`16 July 2020` for 2020-07-16."""
    year, month, number = day.split("-")
    return f"{int(number)} {words.months[int(month) - 1]} {int(year)}"


def notes(cookie: StatedCookie, words: Words) -> list[str]:
    """What restricts it: hosts, and a day."""
    found = [words.at.format(hosts=", ".join(cookie.hosts))] if cookie.hosts else []
    if cookie.until:
        found.append(words.until.format(day=day_words(cookie.until, words)))
    return found


def has_globs(cookies: Sequence[StatedCookie]) -> bool:
    return any("*" in cookie.name for cookie in cookies)


def quoted(text: str, words: Words) -> str:
    """Text between the quotation marks of a language."""
    return f"\N{LEFT DOUBLE QUOTATION MARK}{printable(text)}\N{RIGHT DOUBLE QUOTATION MARK}"
