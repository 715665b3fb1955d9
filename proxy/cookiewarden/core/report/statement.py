"""The published statement as the policy has it, in one language: which cookies, for what, for how long, and what else
it says.

What it says of lifetimes is what is enforced: an entry's bound, not only its wish."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from cookiewarden.core.policy.policy import (
    Category,
    Entry,
    Lifetime,
    Mode,
    OnUndeclaredResponse,
    Policy,
    SetBy,
    Texts,
)


@dataclass(frozen=True, slots=True)
class StatedCookie:
    """One cookie, by the name under which browsers keep it."""

    name: str
    purpose: str
    lifetime: Lifetime | None
    renewed: str
    set_by: SetBy
    party: str
    hosts: tuple[str, ...]
    until: str
    """The last day of a dated entry, as in 2026-12-31; empty: it does not end."""


@dataclass(frozen=True, slots=True)
class StatedCategory:
    """Cookies that belong together. `name` is empty for those that are in no category."""

    name: str
    title: str
    description: str
    basis: str
    """Why no consent is asked, in the publisher's words."""
    asks_consent: bool
    cookies: tuple[StatedCookie, ...]


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A whole statement."""

    policy: str
    language: str
    title: str
    publisher: str
    edited: str
    introduction: str
    role: str
    rights: str
    cookies: str
    categories: tuple[StatedCategory, ...]
    refuse: str
    contact: str
    about: str
    enforced: bool
    """Whether the application's other cookies are kept from browsers, and each of these is held to what is said of
    it."""
    sha256: str
    """Of the policy."""

    @property
    def stated(self) -> tuple[StatedCookie, ...]:
        """All cookies, whatever their category."""
        return tuple(cookie for category in self.categories for cookie in category.cookies)


def statement(policy: Policy, language: str, mode: Mode, now: float) -> StatementDocument:
    """The statement of `policy` while its mode is `mode`. Entries that have ended, and cookies of the infrastructure in
    front, are not in it. `now`: seconds since the epoch."""
    said = policy.statement

    def text(texts: Texts) -> str:
        return in_language(texts, language, said.languages)

    entries = [e for e in policy.entries if e.until > now and e.set_by is not SetBy.INFRASTRUCTURE]
    known = policy.categories
    groups = [(known[name], [e for e in entries if e.category == name]) for name in known]
    groups.append((Category(""), [e for e in entries if e.category not in known]))
    return StatementDocument(
        policy=policy.name,
        language=language,
        title=text(said.title),
        publisher=said.publisher,
        edited=said.edited,
        introduction=text(said.introduction),
        role=text(said.role),
        rights=text(said.rights),
        cookies=text(said.cookies),
        categories=tuple(
            StatedCategory(
                category.name,
                text(category.title) or category.name,
                text(category.description),
                text(category.basis),
                category.required,
                tuple(_cookie(entry, text(entry.purpose), text(entry.renewed)) for entry in members),
            )
            for category, members in groups
            if members
        ),
        refuse=text(said.refuse),
        contact=text(said.contact),
        about=text(said.about),
        enforced=mode is Mode.ENFORCE
        and policy.on_response is OnUndeclaredResponse.BLOCK
        and not any(entry.report_only for entry in entries),
        sha256=policy.sha256,
    )


def _cookie(entry: Entry, purpose: str, renewed: str) -> StatedCookie:
    name = entry.rename.name if entry.rename is not None else entry.name
    until = "" if math.isinf(entry.until) else f"{datetime.fromtimestamp(entry.until - 1, UTC):%Y-%m-%d}"
    return StatedCookie(name, purpose, entry.rules.bound, renewed, entry.set_by, entry.party, entry.hosts, until)


def in_language(texts: Texts, language: str, languages: tuple[str, ...]) -> str:
    """The text in a language, else in the language without its region, else in the first of the statement's, else in
    any."""
    wanted = (language, language.partition("-")[0], "", *languages)
    return next((texts[key] for key in wanted if key in texts), next(iter(texts.values()), ""))
