"""What a policy does to a cookie, found out by trying: the engine is asked about lines that are chosen to show each
rule.

Two files that are written otherwise and do the same have the same effect, and the other way round. Everything is tried
in enforce mode, for a visitor who consented: modes and consent are facts beside it."""

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cookiewarden.core.cookies.cookie import SetCookie, max_age, parse_set_cookie
from cookiewarden.core.cookies.scope import canonical_host, name_prefix
from cookiewarden.core.engine.decision import Decision, Reason
from cookiewarden.core.engine.engine import MAY_NOT_BE_HELD, Engine
from cookiewarden.core.engine.memo import Scope
from cookiewarden.core.policy.policy import HOST_ONLY, Entry, Policy, Texts, lifetime_text
from cookiewarden.tools.diff.facts import Effect, Fact, Key, Topic, Usual, effect_of

ANY_TIME = 1000 * 365 * 86400
"""Seconds that no policy promises to anybody."""
MAX_SHOWN = 80
"""Characters of a text that are told."""
SITES = ("", "None", "Lax", "Strict")
RANKS = {"": 0, "none": 1, "lax": 2, "strict": 3, "blocked": 4}


@dataclass(frozen=True, slots=True)
class TrialSite:
    """Where it is tried."""

    host: str
    path: str = "/"
    told: str = ""
    """What stands for the host where it is an example."""

    @property
    def octets(self) -> bytes:
        return canonical_host(self.host.encode())

    def __str__(self) -> str:
        return (self.told or self.host) + (self.path if self.path != "/" else "")


def effect(name: str, site: TrialSite, engine: Engine, entry: Entry | None, now: float) -> Effect:
    """Of `engine`, which enforces, on the cookie `name`; `entry`: the one that declares it there."""
    trial = _Trial(name.encode(), site, engine, now)
    return effect_of({**trial.facts(), **_stated(entry, engine.policy)})


class Tried(NamedTuple):
    """An attribute that was tried; None: it is not there."""

    asked: str | None
    """What the application gives it."""
    got: str | None
    """What browsers get; `Usual.BLOCKED`: no cookie."""


MISSING = {
    "Secure": Topic.SECURE_MISSING,
    "Path": Topic.PATH_MISSING,
    "HttpOnly": Topic.HTTP_ONLY_MISSING,
}
"""What becomes of a cookie without an attribute that browsers ask for."""


class _Trial:
    def __init__(self, name: bytes, site: TrialSite, engine: Engine, now: float) -> None:
        self.name, self.engine, self.now = name, engine, now
        self.scope, self.plain = (engine.scope_of(site.octets, site.path.encode(), https) for https in (True, False))
        labels = site.octets.decode("latin-1").split(".")
        self.domains = ["unrelated.invalid", *(".".join(labels[at:]) for at in range(len(labels)))]
        # Without what its prefix promises, no browser takes it, whatever the policy says.
        prefix = name_prefix(name)
        self.needs = {"Secure": "; Secure", "Path": "; Path=/"} if prefix else {}
        if prefix.endswith(b"http-"):
            self.needs["HttpOnly"] = "; HttpOnly"
        if not prefix and self.set("")[1] is None and self.set("; Secure")[1] is not None:
            self.needs["Secure"] = "; Secure"  # a rule makes it one that browsers take with Secure only

    def facts(self) -> dict[Topic, Fact]:
        decision, kept = self.set(self.needed())
        received, told = self.sent()
        facts = {
            Topic.SET: _let(kept is None, decision, "passes", "blocked"),
            Topic.SENT: _let(not received, told, "reaches the application", "kept from the application"),
        }
        if self.engine.evicts:
            goes = not MAY_NOT_BE_HELD.isdisjoint(told.reasons)
            facts[Topic.HELD] = Fact("expired" if goes else "left alone", (float(goes),))
        if kept is None:  # but for its deletion, nothing passes
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
        after = self.engine.on_set_cookie(self.name + b"=; Max-Age=0", self.scope, self.now)[0] or b""
        return after.partition(b";")[2].strip().decode("latin-1")

    def needed(self, *but: str) -> str:
        """What the name's prefix asks for, but for some of it."""
        return "".join(tail for what, tail in self.needs.items() if what not in but)

    def set(self, tail: str, scope: Scope | None = None) -> tuple[Decision, SetCookie | None]:
        line = self.name + b"=x" + tail.encode()
        after, decision = self.engine.on_set_cookie(line, scope or self.scope, self.now)
        return decision, parse_set_cookie(after) if after is not None else None

    def sent(self) -> tuple[bool, Decision]:
        after, judged = self.engine.on_cookie(self.name + b"=x", self.scope)
        decision = judged[0].decision
        if decision.entry is not None and Reason.SEAL_INVALID in decision.reasons:
            # The value that is tried was never sealed: that it does not open says nothing.
            return True, Decision(decision.action, decision.entry)
        return after is not None, decision

    def got(self, attribute: str, tail: str, scope: Scope | None = None) -> str | None:
        """What the attribute is then; None: it is not there."""
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
        # Without SameSite, a default of None would force it.
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
        """What becomes of what browsers refuse as it comes: neither is the stricter, for it reaches nobody or comes as
        promised."""
        https, http = (
            Usual.BLOCKED if self.set(self.needed("Secure") + tail, scope)[1] is None else "repaired"
            for scope in (self.scope, self.plain)
        )
        return Fact(https if https == http else f"{https} over HTTPS, {http} over HTTP")

    def without(self, what: str) -> Fact:
        """What becomes of a cookie without something that browsers ask for."""
        kept = self.set(self.needed(what))[1]
        return Fact("repaired" if kept is not None else "blocked")

    def exactly(self, attribute: str, *values: str) -> Fact:
        """Of an attribute that takes one value or stays as it comes."""
        base = self.needed(attribute)
        tried = [
            Tried(asked, self.got(attribute, base + (f"; {attribute}={asked}" if asked else "")))
            for asked in (None, *values)
        ]
        text = _told(tried)
        return Fact(text, frozenset({text}))

    def domain(self) -> Fact:
        """The stricter of two is the one that holds the other: who is at most in more domains is in a narrower one.
        Where hosts are public, a Domain may be blocked that another rule would have made one that passes: no two are
        comparable."""
        tried = [Tried(asked, self.got("Domain", f"{self.needed()}; Domain={asked}")) for asked in self.domains]
        bound = _bound_of(tried)
        if {one.got for one in tried} == {None}:
            text = "the host alone"
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
    """The one domain that every other one becomes."""
    changed = {one.got for one in tried if one.got != one.asked}
    (only,) = changed if len(changed) == 1 else (None,)
    return None if isinstance(only, Usual) else only


def _at_and_above(domain: str) -> frozenset[str]:
    """The domains in which one is."""
    labels = domain.split(".")
    return frozenset(".".join(labels[at:]) for at in range(len(labels)))


def _promised(name: bytes) -> tuple[float, ...]:
    """What browsers hold a name to (RFC 6265bis 4.1.3)."""
    prefix = name_prefix(name)
    return float(bool(prefix)), float(prefix.startswith(b"__host-")), float(prefix.endswith(b"http-"))


def _by_scheme(by_https: Fact, by_http: Fact) -> Fact:
    if by_https == by_http:
        return by_https
    ranks = [fact.strictness for fact in (by_https, by_http) if isinstance(fact.strictness, tuple)]
    return Fact(f"{by_https.text} over HTTPS, {by_http.text} over HTTP", sum(ranks, ()))


def _told(tried: Iterable[Tried]) -> str | Usual:
    """In words, what becomes of what an application gives."""
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
        text += ", and is reported"
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
"""What is declared elsewhere only is undeclared here; but that it is held by browsers is another fact."""


def _same_site_words(found: list[str]) -> str | Usual:
    if found == list(SITES):
        return Usual.AS_SET
    if len(set(found)) == 1:
        return found[0] if isinstance(found[0], Usual) else f"always {found[0] or 'none'}"
    if any(isinstance(value, Usual) for value in found):
        return _told(Tried(asked or None, got or None) for asked, got in zip(SITES, found, strict=True))
    if found[1:] == list(SITES[1:]):
        return f"{found[0]} where the application sets none"
    lowest = min(found, key=lambda value: RANKS.get(value.lower(), 0))
    if lowest and found == [max(lowest, value, key=lambda v: RANKS[v.lower()]) for value in SITES]:
        return f"at least {lowest}"
    told = (
        f"{before or 'none'} becomes {after or 'none'}"
        for before, after in zip(SITES, found, strict=True)
        if after != before
    )
    return ", ".join(told)


# What the statement says


def _stated(entry: Entry | None, policy: Policy) -> dict[Topic, Fact]:
    if entry is None:
        return {Topic.DECLARED: Fact("no")}
    category = policy.categories.get(entry.category)
    asks = category is not None and category.required
    facts = {
        Topic.DECLARED: Fact("yes"),
        Topic.ENFORCED: Fact("only reported", (0.0,)) if entry.report_only else Fact(Usual.ENFORCED, (1.0,)),
        Topic.CONSENT: Fact("required", (1.0,)) if asks else Fact(Usual.NOT_ASKED, (0.0,)),
    }
    if category is not None and asks:
        facts[Topic.GRANTED_BY] = Fact(_words(category.granted_by), category.granted_by)
        facts[Topic.GPC] = _ordered(category.gpc, Usual.GPC_IGNORED, "default", "deny")
    if entry.seal is not None:
        of_host = entry.rules.domain == HOST_ONLY
        facts[Topic.SEALED_FOR] = Fact("its host" if of_host else entry.seal.context or policy.name)
        facts[Topic.UNSEALED_UNTIL] = _until(entry.seal.accept_plain_until)
    if entry.rename is not None:
        facts[Topic.OWN_NAME_UNTIL] = _until(entry.rename.accept_plain_until)
    is_dated = entry.until < math.inf
    facts[Topic.DECLARED_UNTIL] = _until(entry.until) if is_dated else Fact(Usual.NOTHING, (-math.inf,))
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


def _until(end: float) -> Fact:
    return Fact(_day(end), (-end,))


def _words(words: Iterable[str]) -> str:
    """With commas between; those that hold one themselves stand in quotes."""
    return ", ".join(json.dumps(word) if set(word) & set(',"') else word for word in sorted(words))


def _day(end: float) -> str:
    """The last day before a moment."""
    if math.isinf(end):
        return "always" if end > 0 else "never"
    return f"{datetime.fromtimestamp(end - 1, UTC):%Y-%m-%d}"


def _texts(texts: Texts) -> str:
    lines = {
        language: " ¶ ".join(" ".join(part.split()) for part in text.split("\n\n")) for language, text in texts.items()
    }
    return " / ".join(f"{language}: {text}" if language else text for language, text in lines.items())


def policy_effect(policy: Policy) -> Effect:
    """What holds for all cookies."""
    consent = policy.consent
    told = f"{consent.format.value} in {consent.cookie}" if consent else "not read"
    unknown = "grants" if consent and consent.gates and consent.unknown_grants else "denies"
    guard = ("refused by the guard", (1.0,)) if policy.inject_guard else ("not looked at in the page", (0.0,))
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
    """What the statement says besides the cookies."""
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
    """With every other one, a change may loosen something."""
    return Fact(text, frozenset({text}))


def _short(text: str) -> str:
    """A text, or its beginning and what tells it from others that begin so."""
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}… ({len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:6]})"


def _ordered(value: str, *words: str) -> Fact:
    """`words`: the loosest first."""
    rank = words.index(value)
    return Fact(words[rank], (float(rank),))
