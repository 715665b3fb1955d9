"""Content of the published statement in one language: the cookies with purposes and lifetimes, and the other texts.

Lifetimes are the enforced ones, limited by the ceiling."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cookiewarden.core.policy.policy import (
    Category,
    ConsentNeed,
    Entry,
    Flag,
    Lifetime,
    Mode,
    OnUndeclaredResponse,
    Policy,
    SameSiteVerb,
    SetBy,
    Texts,
)


@dataclass(frozen=True, slots=True)
class StatedCookie:
    """A cookie, with the name under which browsers keep it."""

    name: str
    purpose: str
    lifetime: Lifetime | None
    renewed: str
    set_by: SetBy
    party: str
    hosts: tuple[str, ...]
    until: str
    """Last day of a dated entry, such as 2026-12-31; empty if it does not end."""
    is_renewed: bool
    """False if visits do not extend the lifetime, which the proxy enforces."""
    attributes: tuple[str, ...]
    """Attributes that the entry requires when the application sets the cookie, such as `HttpOnly`, and SEALED."""
    enforced: bool
    """True if the proxy enforces the entry. This does not cover lifetimes and attributes that scripts set."""


@dataclass(frozen=True, slots=True)
class StatedCategory:
    """Cookies of a category. `name` is empty for cookies without a category."""

    name: str
    title: str
    description: str
    basis: str
    """The publisher's reason why no consent is needed."""
    consent: ConsentNeed
    is_answered: bool
    """True if the proxy enforces the visitor's answer for all cookies of the category."""
    by_signal: bool
    """True if the proxy enforces Sec-GPC as an objection for all cookies of the category."""
    cookies: tuple[StatedCookie, ...]


@dataclass(frozen=True, slots=True)
class StatementDocument:
    """A complete statement."""

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
    """True if the proxy blocks undeclared cookies of the application and enforces all listed entries."""
    sha256: str
    """Hash of the policy."""

    @property
    def stated(self) -> tuple[StatedCookie, ...]:
        """The cookies of all categories."""
        return tuple(cookie for category in self.categories for cookie in category.cookies)


def statement(policy: Policy, language: str, mode: Mode, now: float) -> StatementDocument:
    """Return the statement of `policy` in `mode` at `now` (seconds since the epoch).

    It omits entries that have ended and cookies whose `set_by` is infrastructure."""
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
                category.consent,
                is_answered := mode is Mode.ENFORCE and policy.enforces_answer(members),
                is_answered and category.is_objected_by_gpc,
                tuple(_cookie(entry, text(entry.purpose), text(entry.renewed), mode) for entry in members),
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


def _cookie(entry: Entry, purpose: str, renewed: str, mode: Mode) -> StatedCookie:
    name = entry.rename.name if entry.rename is not None else entry.name
    until = "" if math.isinf(entry.until) else f"{datetime.fromtimestamp(entry.until - 1, UTC):%Y-%m-%d}"
    return StatedCookie(
        name=name,
        purpose=purpose,
        lifetime=entry.rules.bound,
        renewed=renewed,
        set_by=entry.set_by,
        party=entry.party,
        hosts=entry.hosts,
        until=until,
        is_renewed=not _ends_once(entry, mode),
        attributes=tuple(_attributes(entry)),
        enforced=mode is Mode.ENFORCE and not entry.report_only,
    )


def _ends_once(entry: Entry, mode: Mode) -> bool:
    """Check whether the proxy enforces that visits do not extend a cookie's life."""
    # Scripts can delete a cookie and set it again, and browsers do not send a Strict cookie after a link.
    rules = entry.rules
    is_watched = entry.set_by is SetBy.SERVER and rules.same_site.value != "Strict" and rules.path in (None, "/")
    bound = entry.rules.bound
    is_stated = not entry.rules.renew and (bound is None or not bound.is_session)
    return is_stated and is_watched and mode is Mode.ENFORCE and not entry.report_only


SEALED = "sealed"
"""The value is encrypted for the browser."""


def _attributes(entry: Entry) -> Iterator[str]:
    """Yield the attributes that every line of the application has in browsers."""
    if entry.set_by is SetBy.SCRIPT:
        return
    rules = entry.rules
    for flag, attribute in (
        (rules.secure, "Secure"),
        (rules.http_only, "HttpOnly"),
        (rules.partitioned, "Partitioned"),
    ):
        if flag is Flag.ON:
            yield attribute
    same_site = rules.same_site
    if same_site.verb is SameSiteVerb.EXACTLY:
        yield f"SameSite={same_site.value}"
    elif same_site.verb is SameSiteVerb.AT_LEAST:
        yield "SameSite=Strict" if same_site.value == "Strict" else "SameSite=Lax or Strict"
    if entry.seal is not None and not entry.seal.passes_too_large:
        yield SEALED


def in_language(texts: Texts, language: str, languages: tuple[str, ...]) -> str:
    """Return the text in a language.

    Otherwise, return it in the language without its region, without a language, in a language of the statement, or in
    any language."""
    wanted = (language, language.partition("-")[0], "", *languages)
    return next((texts[key] for key in wanted if key in texts), next(iter(texts.values()), ""))
