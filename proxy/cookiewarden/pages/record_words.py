"""Words of rows for officers' tools, in the languages that ship."""

from dataclasses import dataclass

from cookiewarden.core.report.statement import SEALED


@dataclass(frozen=True, slots=True)
class RecordWords:
    """Phrases in one language; `{...}` marks a value."""

    heads: tuple[str, ...]
    """Heads of a record of processing activities, after GDPR Article 30(1)(a) to (g)."""
    unknown: str
    """Text for a cell that a policy cannot fill."""
    publisher: str
    contact: str
    party: str
    session: str
    unbounded: str
    kept: str
    last_set: str
    first_set: str
    """Start of an enforced lifetime."""
    enforced: str
    partly: str
    declared: str
    renewed: str
    required: str
    """Attributes that the proxy enforces."""
    required_partly: str
    required_declared: str
    attributes: dict[str, str]
    """Words for attributes that are not names of the HTTP standard."""
    source: str


ENGLISH_RECORD = RecordWords(
    heads=(
        "Cookie",
        "Category",
        "(a) Controller: name and contact details",
        "(b) Purposes of the processing",
        "(c) Categories of data subjects",
        "(c) Categories of personal data",
        "(d) Categories of recipients",
        "(e) Transfers to third countries or international organisations",
        "(f) Time limits for erasure",
        "(g) Technical and organisational security measures",
        "Source",
    ),
    unknown="to be completed",
    publisher="publisher of the cookie statement: {publisher}",
    contact="contact in the cookie statement: {contact}",
    party="company of the cookie: {party}",
    session="until the browser closes",
    unbounded="no period stated",
    kept="in the browser: {lifetime}",
    last_set="counted from the last time that the application set the cookie",
    first_set="counted from the first time that the application set its value, because visits do not extend it",
    enforced="enforced by the proxy",
    partly="enforced when the application sets the cookie, and not when a script sets it",
    declared="declared, not enforced",
    renewed="renewed: {renewed}",
    required="The proxy enforces: {attributes}",
    required_partly="The proxy enforces when the application sets the cookie: {attributes}",
    required_declared="Declared, not enforced: {attributes}",
    attributes={SEALED: "encrypted value"},
    source="policy {policy}, sha256 {sha256}",
)

DUTCH_RECORD = RecordWords(
    heads=(
        "Cookie",
        "Categorie",
        "(a) Verwerkingsverantwoordelijke: naam en contactgegevens",
        "(b) Verwerkingsdoeleinden",
        "(c) Categorieën van betrokkenen",
        "(c) Categorieën van persoonsgegevens",
        "(d) Categorieën van ontvangers",
        "(e) Doorgiften aan derde landen of internationale organisaties",
        "(f) Termijnen waarbinnen de gegevens worden gewist",
        "(g) Technische en organisatorische beveiligingsmaatregelen",
        "Bron",
    ),
    unknown="nog in te vullen",
    publisher="uitgever van de cookieverklaring: {publisher}",
    contact="contact in de cookieverklaring: {contact}",
    party="bedrijf van de cookie: {party}",
    session="tot de browser wordt gesloten",
    unbounded="geen termijn vermeld",
    kept="in de browser: {lifetime}",
    last_set="gerekend vanaf de laatste keer dat de applicatie de cookie heeft geplaatst",
    first_set="gerekend vanaf de eerste keer dat de applicatie de waarde plaatste, want bezoeken verlengen die niet",
    enforced="afgedwongen door de proxy",
    partly="afgedwongen als de applicatie de cookie plaatst, en niet als een script de cookie plaatst",
    declared="opgegeven, niet afgedwongen",
    renewed="verlengd: {renewed}",
    required="De proxy dwingt af: {attributes}",
    required_partly="De proxy dwingt af als de applicatie de cookie plaatst: {attributes}",
    required_declared="Opgegeven, niet afgedwongen: {attributes}",
    attributes={SEALED: "versleutelde waarde"},
    source="beleid {policy}, sha256 {sha256}",
)

RECORD_WORDS = {"en": ENGLISH_RECORD, "nl": DUTCH_RECORD}


def record_words_of(language: str) -> RecordWords | None:
    """Return the words of a language tag such as "nl" or "nl-BE", or None if the language does not ship."""
    return RECORD_WORDS.get(language) or RECORD_WORDS.get(language.partition("-")[0])
