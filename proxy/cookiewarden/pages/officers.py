"""The statement for the tools of privacy officers. The forms are CSV, a knowledge base for the Website Auditing Tool of
the EDPB, and rows for a record of processing activities.

Each cookie states if the proxy enforces it. A cell of CSV that a spreadsheet would read as a formula begins with an
apostrophe (OWASP, "CSV Injection")."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence

from cookiewarden.core.policy.policy import ConsentNeed, SetBy
from cookiewarden.core.report.statement import StatedCategory, StatedCookie, StatementDocument
from cookiewarden.pages.record_words import RecordWords, record_words_of
from cookiewarden.pages.words import Words, lifetime_words, words_of

COLUMNS = (
    "policy",
    "sha256",
    "category",
    "category_title",
    "consent",
    "basis",
    "name",
    "purpose",
    "lifetime",
    "lifetime_seconds",
    "lifetime_enforced",
    "renewed",
    "set_by",
    "party",
    "hosts",
    "until",
    "attributes",
    "entry_enforced",
    "list_enforced",
    "extended_by_visits",
)
"""Columns of CSV. They keep their names and order; new columns follow at the end."""
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
"""First characters of formulas, with their fullwidth forms."""
UNKNOWN = "?"
"""The knowledge base's own word for a value that is not known."""


def for_officers(document: StatementDocument, form: str) -> str:
    """Render the statement as one of OFFICERS. Raises ValueError for a language that does not ship."""
    words, record = words_of(document.language), record_words_of(document.language)
    if words is None or record is None:
        raise ValueError(f'"{document.language}" is not a supported language')
    return OFFICERS[form](document, words, record)


def _csv(document: StatementDocument, words: Words, record: RecordWords) -> str:
    rows = [_row(document, category, cookie, words) for category, cookie in _cookies(document)]
    return _table(COLUMNS, ([row[column] for column in COLUMNS] for row in rows))


def _row(
    document: StatementDocument, category: StatedCategory, cookie: StatedCookie, words: Words
) -> Mapping[str, object]:
    lifetime = cookie.lifetime
    return {
        "policy": document.policy,
        "sha256": document.sha256,
        "category": category.name,
        "category_title": category.title,
        "consent": category.consent.value if category.name else "",
        "basis": category.basis if category.consent is ConsentNeed.EXEMPT else "",
        "name": cookie.name,
        "purpose": cookie.purpose,
        "lifetime": lifetime_words(lifetime, words) if lifetime is not None else "",
        "lifetime_seconds": lifetime.seconds if lifetime is not None else "",
        "lifetime_enforced": _extent(cookie) if lifetime is not None else "",
        "renewed": cookie.renewed,
        "set_by": cookie.set_by.value,
        "party": cookie.party,
        "hosts": " ".join(cookie.hosts),
        "until": cookie.until,
        "attributes": "; ".join(cookie.attributes),
        "entry_enforced": _yes(cookie.enforced),
        "list_enforced": _yes(document.enforced),
        "extended_by_visits": "not prevented" if cookie.is_renewed else "no",
    }


def _extent(cookie: StatedCookie) -> str:
    """Return how far lifetime and attributes are enforced: `yes`, `no`, or `partly` if scripts set the cookie too."""
    if not cookie.enforced or cookie.set_by is SetBy.SCRIPT:
        return "no"
    return "partly" if cookie.set_by is SetBy.BOTH else "yes"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# The Website Auditing Tool


def _wat(document: StatementDocument, words: Words, record: RecordWords) -> str:
    """Write a knowledge base, with the keys of the tool's classes KnowledgeBase and CookieKnowledge. A cookie has an
    item for each host, because the tool compares the domain of an item exactly; `*` is any domain."""
    date = "/".join(reversed(document.edited.split("-")))
    knowledges = [
        {
            "domain": host,
            "name": cookie.name,
            "category": category.title or UNKNOWN,
            "source": _source(document, record),
            "controller": cookie.party or UNKNOWN,
            "date": date,
            "policy": "",
            "reference": "",
            "comment": "; ".join(filter(None, (_line(cookie.purpose).rstrip("."), *_kept(cookie, words, record)))),
        }
        for category, cookie in _cookies(document)
        for host in cookie.hosts or ("*",)
    ]
    base = {
        "name": document.title or document.policy,
        "author": document.publisher,
        "category": "cookie",
        "trustLevel": "undefined",
        "used": True,
        "knowledges": knowledges,
    }
    return json.dumps(base, indent=2, ensure_ascii=False) + "\n"


# A record of processing activities


def _ropa(document: StatementDocument, words: Words, record: RecordWords) -> str:
    """Write rows with the content of GDPR Article 30(1). Cells that a policy cannot fill are marked."""
    return _table(record.heads, (_activity(document, *pair, words, record) for pair in _cookies(document)))


def _activity(
    document: StatementDocument, category: StatedCategory, cookie: StatedCookie, words: Words, record: RecordWords
) -> list[object]:
    publisher = [record.publisher.format(publisher=document.publisher)] if document.publisher else []
    contact = [record.contact.format(contact=_line(document.contact))] if document.contact else []
    party = [record.party.format(party=cookie.party)] if cookie.party else []
    return [
        cookie.name,
        category.title,
        "; ".join([record.unknown, *publisher, *contact]),
        cookie.purpose or record.unknown,
        record.unknown,
        record.unknown,
        "; ".join([record.unknown, *party]),
        record.unknown,
        "; ".join(_kept(cookie, words, record)),
        _measures(cookie, record) or record.unknown,
        _source(document, record),
    ]


def _kept(cookie: StatedCookie, words: Words, record: RecordWords) -> Iterable[str]:
    """Write how long browsers keep a cookie, and if this is enforced."""
    lifetime = cookie.lifetime
    if lifetime is None:
        yield record.unbounded
    else:
        said = record.session if lifetime.is_session else lifetime_words(lifetime, words)
        extent = _extent(cookie)
        yield record.kept.format(lifetime=said)
        if extent != "no" and not lifetime.is_session:
            yield record.last_set if cookie.is_renewed else record.first_set
        yield {"yes": record.enforced, "partly": record.partly, "no": record.declared}[extent]
    if cookie.renewed:
        yield record.renewed.format(renewed=_line(cookie.renewed))


def _measures(cookie: StatedCookie, record: RecordWords) -> str:
    if not cookie.attributes:
        return ""
    said = {"yes": record.required, "partly": record.required_partly, "no": record.required_declared}[_extent(cookie)]
    return said.format(attributes=", ".join(record.attributes.get(one, one) for one in cookie.attributes))


def _source(document: StatementDocument, record: RecordWords) -> str:
    return record.source.format(policy=document.policy, sha256=document.sha256[:16])


# CSV


def _cookies(document: StatementDocument) -> Iterable[tuple[StatedCategory, StatedCookie]]:
    return ((category, cookie) for category in document.categories for cookie in category.cookies)


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write CSV as in RFC 4180, with quotes around each cell."""
    file = io.StringIO()
    writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(heads)
    writer.writerows([_cell(cell) for cell in row] for row in rows)
    return file.getvalue()


def _cell(value: object) -> str:
    text = _line(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(text: str) -> str:
    """Return a text on one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


OFFICERS: dict[str, Callable[[StatementDocument, Words, RecordWords], str]] = {"csv": _csv, "wat": _wat, "ropa": _ropa}
"""Writers of formats for officers' tools, by their names."""
