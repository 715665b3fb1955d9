"""Effects of a policy on a cookie, found by trials: the engine decides on lines that show the effect of each rule.

Policies with different text and the same decisions have the same effect. Trials run in enforce mode for a visitor who
consented; mode and consent are separate facts."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cookiewarden.core.cookies.cookie import SetCookie, max_age, parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.cookies.scope import canonical_host, name_prefix
from cookiewarden.core.engine.decision import Decision, Reason
from cookiewarden.core.engine.engine import MAY_NOT_BE_HELD, Engine
from cookiewarden.core.engine.memo import Scope
from cookiewarden.core.policy.policy import HOST_ONLY, Category, ConsentNeed, Entry, Moves, Policy, Texts, lifetime_text
from cookiewarden.tools.diff.facts import Effect, Fact, Key, Topic, Usual, effect_of

ANY_TIME = 1000 * 365 * 86400
"""Lifetime in seconds that is longer than any declared lifetime."""
MAX_SHOWN = 80
"""Maximum characters shown of a text."""
SITES = ("", "None", "Lax", "Strict")
RANKS = {"": 0, "none": 1, "lax": 2, "strict": 3, "blocked": 4}


@dataclass(frozen=True, slots=True)
class TrialSite:
    """Host and path of a trial."""

    host: str
    path: str = "/"
    told: str = ""
    """Label shown instead of an example host."""

    @property
    def octets(self) -> bytes:
        return canonical_host(self.host.encode())

    def __str__(self) -> str:
        return (self.told or self.host) + (self.path if self.path != "/" else "")


def effect(name: str, site: TrialSite, engine: Engine, entry: Entry | None, now: float) -> Effect:
    """Return the effect of `engine`, in enforce mode, on the cookie `name`, which `entry` declares at the site."""
    trial = _Trial(name.encode(), site, engine, now)
    return effect_of({**trial.facts(), **_stated(entry, engine.policy)})


class Tried(NamedTuple):
    """Result of a trial of an attribute; None means that the attribute is absent."""

    asked: str | None
    """Value that the application sets."""
    got: str | None
    """Value that browsers receive; `Usual.BLOCKED` if the cookie is blocked."""


MISSING = {
    "Secure": Topic.SECURE_MISSING,
    "Path": Topic.PATH_MISSING,
    "HttpOnly": Topic.HTTP_ONLY_MISSING,
}
"""Facts about cookies without an attribute that browsers require."""


class _Trial:
    def __init__(self, name: bytes, site: TrialSite, engine: Engine, now: float) -> None:
        self.name, self.engine, self.now = name, engine, now
        self.scope, self.plain = (engine.scope_of(site.octets, site.path.encode(), https) for https in (True, False))
        labels = site.octets.decode("latin-1").split(".")
        self.domains = ["unrelated.invalid", *(".".join(labels[at:]) for at in range(len(labels)))]
        # Browsers refuse a name with a prefix without its required attributes (RFC 6265bis 4.1.3).
        prefix = name_prefix(name)
        self.needs = {"Secure": "; Secure", "Path": "; Path=/"} if prefix else {}
        if prefix.endswith(b"http-"):
            self.needs["HttpOnly"] = "; HttpOnly"
        if not prefix and self.set("")[1] is None and self.set("; Secure")[1] is not None:
            self.needs["Secure"] = "; Secure"  # the entry adds an attribute that requires Secure

    def facts(self) -> dict[Topic, Fact]:
        decision, kept = self.set(self.needed())
        received, told = self.sent()
        facts = {
            Topic.SET: _let(kept is None, decision, "passes", "blocked"),
            Topic.SENT: _let(not received, told, "reaches the application", "not forwarded to the application"),
        }
        if self.engine.evicts:
            goes = not MAY_NOT_BE_HELD.isdisjoint(told.reasons)
            facts[Topic.HELD] = Fact("expired" if goes else "left alone", (float(goes),))
        if kept is None:  # blocked, except for its deletion
            return facts | {Topic.DELETION: Fact(self.deletion())}
        return facts | {
            Topic.KEPT_FOR: self.lifetime(),
            Topic.SECURE: self.secure(),
            Topic.HTTP_ONLY: self.flag("HttpOnly"),
            Topic.PARTITIONED: self.flag("Partitioned"),
            Topic.SAME_SITE: self.same_site(),
            Topic.NONE_WITHOUT_SECURE: self.without_secure("; SameSite=None"),
            Topic.PARTITIONED_WITHOUT_SECURE: self.without_secure("; Partitioned"),
            **{MISSING[what]: self.without(what) for what in self.needs},
            Topic.PATH: self.exactly("Path", "/tried"),
            Topic.DOMAIN: self.domain(),
            Topic.PRIORITY: Fact(self.exactly("Priority", "Low", "High").text),
            Topic.VALUE: Fact("sealed", (1.0,)) if Reason.SEALED in decision.reasons else Fact(Usual.AS_SET, (0.0,)),
            Topic.KEPT_NAME: Fact(kept.name.decode() if kept.name != self.name else Usual.OWN, _promised(kept.name)),
            Topic.SUPERSEDED: Fact("expired first" if self.supersedes() else Usual.LEFT_ALONE),
        }

    def deletion(self) -> str:
        after = self.engine.on_set_cookie(self.name + b"=; Max-Age=0", self.scope, clock_at(self.now))[0] or b""
        return after.partition(b";")[2].strip().decode("latin-1")

    def needed(self, *but: str) -> str:
        """Return the attributes that browsers require for the cookie, except those in `but`."""
        return "".join(tail for what, tail in self.needs.items() if what not in but)

    def set(self, tail: str, scope: Scope | None = None) -> tuple[Decision, SetCookie | None]:
        line = self.name + b"=x" + tail.encode()
        after, decision = self.engine.on_set_cookie(line, scope or self.scope, clock_at(self.now))
        return decision, parse_set_cookie(after) if after is not None else None

    def sent(self) -> tuple[bool, Decision]:
        after, judged = self.engine.on_cookie(self.name + b"=x", self.scope)
        decision = judged[0].decision
        if decision.entry is not None and Reason.SEAL_INVALID in decision.reasons:
            # The value of a trial is not sealed, so this reason is not an effect of the policy.
            return True, Decision(decision.action, decision.entry)
        return after is not None, decision

    def got(self, attribute: str, tail: str, scope: Scope | None = None) -> str | None:
        """Return the attribute's value after a trial, None if it is absent."""
        kept = self.set(tail, scope)[1]
        if kept is None:
            return Usual.BLOCKED
        found = kept.last(attribute.lower().encode())
        return None if found is None else found.decode("latin-1") or "yes"

    def lifetime(self) -> Fact:
        kept = self.set(f"; Max-Age={ANY_TIME}{self.needed()}")[1]
        found = kept.last(b"max-age") if kept is not None else None
        seconds = max_age(found) if found is not None else 0
        if seconds == ANY_TIME:
            return Fact(Usual.ANY_TIME, (-math.inf,))
        return Fact(lifetime_text(seconds or 0), (-float(seconds or 0),))

    def secure(self) -> Fact:
        # A default of SameSite=None would force Secure, so the trial sets SameSite.
        by_https, by_http = (self.flag("Secure", scope, "; SameSite=Lax") for scope in (self.scope, self.plain))
        return _by_scheme(by_https, by_http)

    def flag(self, attribute: str, scope: Scope | None = None, beside: str = "") -> Fact:
        base = self.needed(attribute) + beside + ("; Secure" if attribute == "Partitioned" else "")
        tried = [
            Tried(asked, self.got(attribute, base + (f"; {attribute}" if asked else ""), scope))
            for asked in (None, "yes")
        ]
        words = {(None, "yes"): Usual.AS_SET, ("yes", "yes"): "always", (None, None): "never"}
        found = tried[0].got, tried[1].got
        ranks = {None: 0.0, "yes": 1.0, Usual.BLOCKED: 2.0}
        return Fact(words.get(found) or _told(tried), tuple(ranks.get(got, 1.0) for got in found))

    def same_site(self) -> Fact:
        secure = "" if "Secure" in self.needs else "; Secure"
        found = [
            self.got("SameSite", self.needed() + secure + (f"; SameSite={value}" if value else "")) or ""
            for value in SITES
        ]
        ranks = tuple(float(RANKS.get(value.lower(), 0)) for value in found)
        return Fact(_same_site_words(found), ranks)

    def without_secure(self, tail: str) -> Fact:
        """Try a line that browsers refuse without Secure. It is blocked or repaired, and neither is stricter."""
        https, http = (
            Usual.BLOCKED if self.set(self.needed("Secure") + tail, scope)[1] is None else "repaired"
            for scope in (self.scope, self.plain)
        )
        return Fact(https if https == http else f"{https} over HTTPS, {http} over HTTP")

    def without(self, what: str) -> Fact:
        """Try the cookie without an attribute that browsers require."""
        kept = self.set(self.needed(what))[1]
        return Fact("repaired" if kept is not None else "blocked")

    def exactly(self, attribute: str, *values: str) -> Fact:
        """Try an attribute that the policy either keeps or sets to one value."""
        base = self.needed(attribute)
        tried = [
            Tried(asked, self.got(attribute, base + (f"; {attribute}={asked}" if asked else "")))
            for asked in (None, *values)
        ]
        text = _told(tried)
        return Fact(text, frozenset({text}))

    def domain(self) -> Fact:
        """Try Domain attributes. A bound with more parent domains is narrower, so it is stricter. With public hosts,
        effects are not comparable: one rule may block a Domain that another rule repairs."""
        tried = [Tried(asked, self.got("Domain", f"{self.needed()}; Domain={asked}")) for asked in self.domains]
        bound = _bound_of(tried)
        if {one.got for one in tried} == {None}:
            text = "only the host"
        else:
            text = f"at most {bound}" if bound is not None else _told(tried)
        if self.engine.policy.public_hosts:
            return Fact(text, frozenset({text}))
        if text is Usual.AS_SET:
            return Fact(text, frozenset())
        return Fact(text, _at_and_above(bound) if bound is not None else frozenset({text}))

    def supersedes(self) -> bool:
        tails = (
            "; Path=/tried",
            f"; Secure; Path=/; Domain={self.domains[-2]}",
            "; Secure; Partitioned; Path=/",
        )
        return any(self.set(tail)[0].supersedes for tail in tails)


def _bound_of(tried: Iterable[Tried]) -> str | None:
    """Return the domain that replaces all others, if there is exactly one."""
    changed = {one.got for one in tried if one.got != one.asked}
    (only,) = changed if len(changed) == 1 else (None,)
    return None if isinstance(only, Usual) else only


def _at_and_above(domain: str) -> frozenset[str]:
    """Return the domain and its parents. A longer chain means a narrower bound."""
    labels = domain.split(".")
    return frozenset(".".join(labels[at:]) for at in range(len(labels)))


def _promised(name: bytes) -> tuple[float, ...]:
    """Return ranks for the requirements of browsers for the prefix of a name (RFC 6265bis 4.1.3)."""
    prefix = name_prefix(name)
    return float(bool(prefix)), float(prefix.startswith(b"__host-")), float(prefix.endswith(b"http-"))


def _by_scheme(by_https: Fact, by_http: Fact) -> Fact:
    if by_https == by_http:
        return by_https
    ranks = [fact.strictness for fact in (by_https, by_http) if isinstance(fact.strictness, tuple)]
    return Fact(f"{by_https.text} over HTTPS, {by_http.text} over HTTP", sum(ranks, ()))


def _told(tried: Iterable[Tried]) -> str | Usual:
    """Describe the results of trials of one attribute."""
    pairs = list(tried)
    if all(one.asked == one.got for one in pairs):
        return Usual.AS_SET
    outcomes = {one.got for one in pairs}
    if len(outcomes) == 1:
        (only,) = outcomes
        return "never" if only is None else only if isinstance(only, Usual) else f"always {only}"
    return ", ".join(
        f"{one.asked or 'none'} is blocked"
        if isinstance(one.got, Usual)
        else f"{one.asked or 'none'} becomes {one.got or 'none'}"
        for one in pairs
        if one.asked != one.got
    )


def _let(refused: bool, decision: Decision, passes: str, refuses: str) -> Fact:
    reasons = ", ".join(_WHY_NOT[reason] for reason in decision.reasons if reason in _WHY_NOT)
    text = refuses if refused else passes
    if reasons and not refused:
        text += ", reported"
    return Fact(f"{text} ({reasons})" if reasons else text, (float(refused),))


_WHY_NOT = {
    reason: reason.value
    for reason in (
        Reason.UNDECLARED,
        Reason.ENTRY_EXPIRED,
        Reason.NOT_FORWARDED,
        Reason.PREFIX_RULE,
        Reason.NONE_WITHOUT_SECURE,
        Reason.PLAIN_NAME,
        Reason.SET_BY_SERVER,
    )
} | {Reason.OUT_OF_SCOPE: Reason.UNDECLARED.value}
"""Reasons shown in effects. A cookie that is declared only for other places counts as undeclared."""


def _same_site_words(found: list[str]) -> str | Usual:
    if found == list(SITES):
        return Usual.AS_SET
    if len(set(found)) == 1:
        return found[0] if isinstance(found[0], Usual) else f"always {found[0] or 'none'}"
    if any(isinstance(value, Usual) for value in found):
        return _told(Tried(asked or None, got or None) for asked, got in zip(SITES, found, strict=True))
    if found[1:] == list(SITES[1:]):
        return f"{found[0]} if the application sets none"
    lowest = min(found, key=lambda value: RANKS.get(value.lower(), 0))
    if lowest and found == [max(lowest, value, key=lambda v: RANKS[v.lower()]) for value in SITES]:
        return f"at least {lowest}"
    told = (
        f"{before or 'none'} becomes {after or 'none'}"
        for before, after in zip(SITES, found, strict=True)
        if after != before
    )
    return ", ".join(told)


# Texts of the statement


def _stated(entry: Entry | None, policy: Policy) -> dict[Topic, Fact]:
    if entry is None:
        return {Topic.DECLARED: Fact("no")}
    category = policy.categories.get(entry.category)
    facts = {
        Topic.DECLARED: Fact("yes"),
        Topic.ENFORCED: Fact("only reported", (0.0,)) if entry.report_only else Fact(Usual.ENFORCED, (1.0,)),
        Topic.CONSENT: _consent(category),
    }
    if category is not None and category.is_gated:
        if category.unknown is not None or category.consent is ConsentNeed.OPT_OUT:
            facts[Topic.WITHOUT_ANSWER] = _ordered(
                "denies" if category.unknown is False else "grants", "grants", "denies"
            )
        facts[Topic.GRANTED_BY] = Fact(_words(category.granted_by), category.granted_by)
        facts[Topic.GPC] = _ordered(category.gpc, Usual.GPC_IGNORED, "default", "deny")
    if entry.seal is not None:
        of_host = entry.rules.domain == HOST_ONLY
        facts[Topic.SEALED_FOR] = Fact("its host" if of_host else entry.seal.context or policy.name)
        facts[Topic.UNSEALED_UNTIL] = _until(entry.seal.accept_plain_until)
        passes = entry.seal.passes_too_large
        facts[Topic.SEALED_TOO_LARGE] = Fact("pass unsealed", (0.0,)) if passes else Fact(Usual.BLOCKED, (1.0,))
    if entry.rename is not None:
        facts[Topic.OWN_NAME_UNTIL] = _until(entry.rename.accept_plain_until)
    is_dated = entry.until < math.inf
    facts[Topic.DECLARED_UNTIL] = _until(entry.until) if is_dated else Fact(Usual.NOTHING, (-math.inf,))
    facts[Topic.RENEWAL] = (
        Fact(Usual.EXTENDS, (0.0,)) if entry.rules.renew else Fact("does not extend its life", (1.0,))
    )
    facts[Topic.PATH_MOVED] = _moved(entry.rules.path_moves)
    facts[Topic.DOMAIN_MOVED] = _moved(entry.rules.domain_moves)
    texts = {
        Topic.CATEGORY: entry.category,
        Topic.PURPOSE: _texts(entry.purpose),
        Topic.STATED_LIFETIME: entry.lifetime.text if entry.lifetime else "",
        Topic.RENEWED: _texts(entry.renewed),
        Topic.SET_BY: entry.set_by.value,
        Topic.PARTY: entry.party,
        Topic.LIFETIME_SOURCE: entry.lifetime_source,
        Topic.OWNER: entry.owner,
        Topic.REASON: entry.reason,
    }
    return facts | {topic: Fact(text or Usual.NOTHING) for topic, text in texts.items()}


def _moved(moves: Moves) -> Fact:
    return _incomparable(", ".join(map(str, moves)) or Usual.NOTHING)


def _consent(category: Category | None) -> Fact:
    need = category.consent if category is not None else ConsentNeed.EXEMPT
    order = (ConsentNeed.EXEMPT, ConsentNeed.OPT_OUT, ConsentNeed.REQUIRED)
    text = Usual.NOT_ASKED if need is ConsentNeed.EXEMPT else need.value
    return Fact(text, (float(order.index(need)),))


def _until(end: float) -> Fact:
    return Fact(_day(end), (-end,))


def _words(words: Iterable[str]) -> str:
    """Join words by commas. A word with a comma or a quotation mark is quoted."""
    return ", ".join(json.dumps(word) if set(word) & set(',"') else word for word in sorted(words))


def _day(end: float) -> str:
    """Write the last day before a time, as in 2026-12-31."""
    if math.isinf(end):
        return "always" if end > 0 else "never"
    return f"{datetime.fromtimestamp(end - 1, UTC):%Y-%m-%d}"


def _texts(texts: Texts) -> str:
    lines = {
        language: " ¶ ".join(" ".join(part.split()) for part in text.split("\n\n")) for language, text in texts.items()
    }
    return " / ".join(f"{language}: {text}" if language else text for language, text in lines.items())


def policy_effect(policy: Policy) -> Effect:
    """Return the facts that hold for all cookies."""
    consent = policy.consent
    told = f"{consent.format.value} in {consent.cookie}" if consent and consent.cookie else "not used"
    unknown = "grants" if consent and consent.gates and consent.unknown_grants else "denies"
    guard = ("blocked by the guard", (1.0,)) if policy.inject_guard else ("not checked", (0.0,))
    facts = {
        Topic.MODE: _ordered(policy.mode, "report", "enforce"),
        Topic.UNDECLARED_SET: _ordered(policy.on_response, "pass", "report", "block"),
        Topic.UNDECLARED_SENT: _ordered(policy.on_request, "pass", "report", "strip"),
        Topic.UNDECLARED_HELD: _ordered(policy.evict, "off", "host", "domain"),
        Topic.EVICT_DOMAINS: _incomparable(", ".join(sorted(policy.evict_domains)) or "all"),
        Topic.UNDECLARED_BY_SCRIPT: Fact(*guard),
        Topic.ON_ERROR: _ordered(policy.on_error, "open", "closed"),
        Topic.CONSENT_COOKIE: _incomparable(told) if consent else Fact(told),
        Topic.CONSENT_UNKNOWN: _ordered(unknown, "grants", "denies"),
        Topic.PUBLIC_HOSTS: Fact(", ".join(sorted(policy.public_hosts)) or "not known", frozenset(policy.public_hosts)),
    }
    return effect_of(facts)


def statement_effect(policy: Policy) -> Effect:
    """Return the facts of the statement, without its cookies."""
    said = policy.statement
    plain = {
        Topic.STATEMENT_PATH: said.path,
        Topic.STATEMENT_EDITED: said.edited,
        Topic.STATEMENT_LANGUAGES: ", ".join(said.languages),
        Topic.STATEMENT_PUBLISHER: said.publisher,
    }
    translated = {
        Key(Topic.STATEMENT_TITLE): said.title,
        Key(Topic.STATEMENT_INTRODUCTION): said.introduction,
        Key(Topic.STATEMENT_ROLE): said.role,
        Key(Topic.STATEMENT_RIGHTS): said.rights,
        Key(Topic.STATEMENT_COOKIES): said.cookies,
        Key(Topic.STATEMENT_REFUSE): said.refuse,
        Key(Topic.STATEMENT_CONTACT): said.contact,
        Key(Topic.STATEMENT_ABOUT): said.about,
    }
    for name, category in policy.categories.items():
        translated[Key(Topic.CATEGORY_TITLE, name)] = category.title
        translated[Key(Topic.CATEGORY_DESCRIPTION, name)] = category.description
        translated[Key(Topic.CATEGORY_BASIS, name)] = category.basis
    texts = {Key(topic): text for topic, text in plain.items()}
    texts |= {key: _short(_texts(text)) for key, text in translated.items()}
    return {key: Fact(text or "nothing") for key, text in texts.items()}


def _incomparable(text: str) -> Fact:
    """Return a fact that is not comparable with others, so that every change may be looser."""
    return Fact(text, frozenset({text}))


def _short(text: str) -> str:
    """Shorten a long text to its beginning, with its length and the start of its sha256."""
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}… ({len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:6]})"


def _ordered(value: str, *words: str) -> Fact:
    """Return a fact whose value is one of `words`, the loosest first."""
    rank = words.index(value)
    return Fact(words[rank], (float(rank),))
