"""The statement's own words, in the languages that ship."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.core.policy.policy import Lifetime, SetBy
from cookiewarden.core.policy.problem import printable
from cookiewarden.core.report.statement import StatedCookie


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases in one language; `{...}` marks a value."""

    name: str
    """Name of the language, in that language."""
    title: str
    edited: str
    role: str
    rights: str
    cookies: str
    refuse: str
    contact: str
    about: str
    other: str
    """Heading for cookies without a category."""
    columns: tuple[str, str, str, str]
    """Headings for name, purpose, lifetime and setter."""
    basis: str
    """For a statement that names its publisher, see `basis_by`."""
    basis_by: str
    consent: str
    opt_out: str
    may_object: str
    """For an opt-out category whose objection the proxy does not enforce for all cookies."""
    signal: str
    enforced: str
    reported: str
    session: str
    unbounded: str
    until: str
    not_renewed: str
    ends_once: str
    """For a sealed cookie, whose end does not depend on its value."""
    at: str
    glob: str
    setters: Mapping[SetBy, str]
    units: Mapping[str, tuple[str, str]]
    months: tuple[str, ...]
    refuse_text: str
    """Default for a policy without its own text."""


ENGLISH = Words(
    name="English",
    title="Cookie statement",
    edited="Last updated: {day}",
    role="Our role in processing your personal data",
    rights="Your rights",
    cookies="Which cookies are used?",
    refuse="How can you refuse or delete cookies?",
    contact="Contact",
    about="About us",
    other="Other cookies",
    columns=("Cookie", "Purpose", "Retention period", "Set by"),
    basis="Your consent is not requested for these cookies. Reason: {basis}",
    basis_by="Your consent is not requested for these cookies. {publisher} gives this reason: {basis}",
    consent="Your consent is required for these cookies.",
    opt_out="These cookies are used unless you object.",
    may_object="You can object to these cookies.",
    signal="If your browser sends the signal Global Privacy Control, this counts as your objection.",
    enforced="This list is enforced. The application can set only the cookies listed here, and your browser keeps the "
    "application's cookies no longer than stated. Each period begins when the application sets the cookie.",
    reported="This list is compared with the cookies that the application sets.",
    session="until you close the browser",
    unbounded="no period stated",
    until="used up to and including {day}",
    not_renewed="not extended by visits with the same value",
    ends_once="not extended by visits",
    at="only on {hosts}",
    glob="An asterisk (*) in a name stands for characters that can vary.",
    setters={
        SetBy.SERVER: "the application",
        SetBy.SCRIPT: "a script on the page",
        SetBy.BOTH: "the application or a script on the page",
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
    refuse_text="You can delete or block cookies in your browser settings. Features that rely on them may then stop "
    "working.",
)

DUTCH = Words(
    name="Nederlands",
    title="Cookieverklaring",
    edited="Laatst gewijzigd: {day}",
    role="Onze rol bij de verwerking van uw persoonsgegevens",
    rights="Uw rechten",
    cookies="Welke cookies worden gebruikt?",
    refuse="Hoe kunt u cookies weigeren of verwijderen?",
    contact="Contact",
    about="Over ons",
    other="Overige cookies",
    columns=("Cookie", "Doel", "Bewaartermijn", "Geplaatst door"),
    basis="Voor deze cookies wordt geen toestemming gevraagd. Reden: {basis}",
    basis_by="Voor deze cookies wordt geen toestemming gevraagd. {publisher} geeft hiervoor als reden: {basis}",
    consent="Voor deze cookies is uw toestemming nodig.",
    opt_out="Deze cookies worden gebruikt, tenzij u bezwaar maakt.",
    may_object="U kunt bezwaar maken tegen deze cookies.",
    signal="Stuurt uw browser het signaal Global Privacy Control mee, dan geldt dat als bezwaar.",
    enforced="Deze lijst wordt technisch afgedwongen. De applicatie kan alleen de cookies plaatsen die hier staan, en "
    "uw browser bewaart de cookies van de applicatie niet langer dan vermeld. Elke termijn begint op het "
    "moment dat de applicatie de cookie plaatst.",
    reported="Deze lijst wordt vergeleken met de cookies die de applicatie plaatst.",
    session="tot u de browser sluit",
    unbounded="geen termijn vermeld",
    until="in gebruik tot en met {day}",
    not_renewed="niet verlengd door bezoeken met dezelfde waarde",
    ends_once="niet verlengd door bezoeken",
    at="alleen op {hosts}",
    glob="Een sterretje (*) in een naam staat voor tekens die kunnen verschillen.",
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
    refuse_text="U kunt cookies verwijderen of blokkeren in de instellingen van uw browser. Functies die deze cookies "
    "nodig hebben, werken dan mogelijk niet meer.",
)

WORDS = {"en": ENGLISH, "nl": DUTCH}


def words_of(language: str) -> Words | None:
    """Return the words of a language tag such as "nl" or "nl-BE", or None if the language does not ship."""
    return WORDS.get(language) or WORDS.get(language.partition("-")[0])


def lifetime_words(lifetime: Lifetime | None, words: Words) -> str:
    """Write a lifetime in words: `2 years`, `until you close the browser`."""
    if lifetime is None:
        return words.unbounded
    if lifetime.is_session:
        return words.session
    digits = lifetime.text.rstrip("abcdefghijklmnopqrstuvwxyz")
    one, several = words.units[lifetime.text[len(digits) :]]
    return f"{int(digits)} {one if int(digits) == 1 else several}"


def day_words(day: str, words: Words) -> str:
    """Write an ISO 8601 date in words: `16 July 2020` for 2020-07-16."""
    year, month, number = day.split("-")
    return f"{int(number)} {words.months[int(month) - 1]} {int(year)}"


def notes(cookie: StatedCookie, words: Words) -> list[str]:
    """Write the hosts and the last day that restrict a cookie."""
    found = [words.at.format(hosts=", ".join(cookie.hosts))] if cookie.hosts else []
    if cookie.until:
        found.append(words.until.format(day=day_words(cookie.until, words)))
    return found


def basis_words(basis: str, publisher: str, words: Words) -> str:
    """Write why no consent is requested, as a claim of the publisher where the policy names one."""
    reason = quoted(basis, words)
    if not publisher:
        return words.basis.format(basis=reason)
    return words.basis_by.format(publisher=printable(publisher), basis=reason)


def has_globs(cookies: Sequence[StatedCookie]) -> bool:
    return any("*" in cookie.name for cookie in cookies)


def quoted(text: str, words: Words) -> str:
    """Put text between the quotation marks of a language."""
    return f"\N{LEFT DOUBLE QUOTATION MARK}{printable(text)}\N{RIGHT DOUBLE QUOTATION MARK}"
