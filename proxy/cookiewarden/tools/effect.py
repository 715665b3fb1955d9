"""What a policy does to a cookie, found out by trying: the engine is asked about lines that are chosen to show each rule.

Two files that are written otherwise and do the same have the same effect, and the other way round. Everything is tried in enforce mode,
for a visitor who consented: modes and consent are facts beside it.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cookiewarden.core.cookie import SetCookie, max_age, parse_set_cookie
from cookiewarden.core.decision import Decision, Reason
from cookiewarden.core.engine import MAY_NOT_BE_HELD, Engine
from cookiewarden.core.plan import Scope
from cookiewarden.core.policy import HOST_ONLY, Entry, Policy, Texts
from cookiewarden.core.scope import canonical_host, name_prefix


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so for a cookie. `strictness`: by which two facts of one kind are compared, number by number; None where neither
    can be called stricter."""

    text: str
    strictness: tuple[float, ...] | None = None


Effect = Mapping[str, Fact]
"""By what it speaks of, in the order in which it is told."""

ANY_TIME = 1000 * 365 * 86400
"""Seconds that no policy promises to anybody."""
MAX_SHOWN = 80
"""Characters of a text that are told."""
SITES = ("", "None", "Lax", "Strict")
RANKS = {"": 0, "none": 1, "lax": 2, "strict": 3}
AS_SET = "as the application sets it"


@dataclass(frozen=True, slots=True)
class Site:
    """Where it is tried. Empty: anywhere that no entry names."""

    host: str = ""
    path: str = "/"

    @property
    def octets(self) -> bytes:
        return canonical_host((self.host or "elsewhere.example").encode())

    def __str__(self) -> str:
        return (self.host or "elsewhere") + (self.path if self.path != "/" else "")


def effect(name: str, site: Site, engine: Engine, entry: Entry | None, now: float) -> Effect:
    """Of `engine`, which enforces, on the cookie `name`; `entry`: the one that declares it there."""
    trial = _Trial(name.encode(), site, engine, now)
    return {**trial.effect(), **_stated(entry, engine.policy)}


class _Trial:
    def __init__(self, name: bytes, site: Site, engine: Engine, now: float) -> None:
        self.name, self.engine, self.now = name, engine, now
        self.scope, self.plain = (
            engine.scope_of(site.octets, site.path.encode(), https) for https in (True, False)
        )
        labels = site.octets.split(b".")
        self.parent = b".".join(labels[1:] if len(labels) > 2 else labels)
        # Without what its prefix promises, no browser takes it, whatever the policy says.
        self.needs = b"; Secure; Path=/" if name_prefix(name) else b""

    def effect(self) -> dict[str, Fact]:
        decision, kept = self.set(b"")
        received, told = self.sent()
        facts = {
            "set by the application": _let(kept is None, decision, "passes", "blocked"),
            "sent by browsers": _let(
                not received, told, "reaches the application", "kept from the application"
            ),
        }
        if self.engine.evicts:
            goes = not MAY_NOT_BE_HELD.isdisjoint(told.reasons)
            facts["held by browsers"] = Fact("expired" if goes else "left alone", (float(goes),))
        if kept is None:
            return facts
        return facts | {
            "kept for": self.lifetime(),
            "Secure": self.secure(),
            "HttpOnly": self.flag(b"httponly", b"; HttpOnly"),
            "Partitioned": _unranked(self.flag(b"partitioned", b"; Secure; Partitioned")),
            "SameSite": self.same_site(),
            "Path": self.exactly(b"path", [b"", b"; Path=/tried"]),
            "Domain": self.domain(),
            "Priority": self.exactly(b"priority", [b"", b"; Priority=Low", b"; Priority=High"]),
            "value": Fact("sealed", (1.0,))
            if Reason.SEALED in decision.reasons
            else Fact("as the application sets it", (0.0,)),
            "name that browsers keep": Fact(kept.name.decode() if kept.name != self.name else "its own"),
            "the one under its old path or domain": Fact(
                "expired first" if self.supersedes() else "left alone"
            ),
        }

    def set(self, tail: bytes, scope: Scope | None = None) -> tuple[Decision, SetCookie | None]:
        line = self.name + b"=x" + (tail or self.needs)
        after, decision = self.engine.on_set_cookie(line, scope or self.scope, self.now)
        return decision, parse_set_cookie(after) if after is not None else None

    def sent(self) -> tuple[bool, Decision]:
        after, judged = self.engine.on_cookie(self.name + b"=x", self.scope)
        decision = judged[0].decision
        if decision.entry is not None and Reason.SEAL_INVALID in decision.reasons:
            # The value that is tried was never sealed: that it does not open says nothing.
            return True, Decision(decision.action, decision.entry)
        return after is not None, decision

    def got(self, attribute: bytes, tail: bytes, scope: Scope | None = None) -> str | None:
        """What the attribute is then; None: it is not there, or the cookie is not."""
        kept = self.set(tail, scope)[1]
        found = kept.last(attribute) if kept is not None else None
        return None if found is None else found.value.decode("latin-1") or "yes"

    def lifetime(self) -> Fact:
        kept = self.set(b"; Max-Age=%d" % ANY_TIME + self.needs)[1]
        found = kept.last(b"max-age") if kept is not None else None
        seconds = max_age(found) if found is not None else 0
        if seconds == ANY_TIME:
            return Fact("any time", (-math.inf,))
        return Fact(span(seconds or 0), (-float(seconds or 0),))

    def secure(self) -> Fact:
        by_https = self.flag(b"secure", b"; Secure")
        by_http = self.flag(b"secure", b"; Secure", self.plain)
        if by_https == by_http:
            return by_https
        ranks = (by_https.strictness or ()) + (by_http.strictness or ())
        return Fact(f"{by_https.text} over HTTPS, {by_http.text} over HTTP", ranks)

    def flag(self, attribute: bytes, with_it: bytes, scope: Scope | None = None) -> Fact:
        without, given = (
            self.got(attribute, tail + b"; Path=/", scope) is not None for tail in (b"", with_it)
        )
        words = {(False, True): AS_SET, (True, True): "always", (False, False): "never", (True, False): "turned round"}  # fmt: skip
        return Fact(words[without, given], (float(without), float(given)))

    def same_site(self) -> Fact:
        found = [
            self.got(b"samesite", (b"; SameSite=" + value.encode() if value else b"") + b"; Secure; Path=/")
            or ""
            for value in SITES
        ]
        ranks = tuple(float(RANKS.get(value.lower(), 0)) for value in found)
        return Fact(_same_site_words(found), ranks)

    def exactly(self, attribute: bytes, tails: Iterable[bytes]) -> Fact:
        found = {self.got(attribute, tail + b"; Secure") for tail in tails}
        if len(found) == 1:
            return Fact(f"always {found.pop()}")
        return Fact(AS_SET)

    def domain(self) -> Fact:
        asked = self.parent.decode("latin-1")
        found = self.got(b"domain", b"; Domain=" + self.parent + b"; Path=/; Secure")
        if found == asked:
            return Fact(AS_SET, (0.0,))
        return Fact("the host alone", (2.0,)) if found is None else Fact(f"at most {found}", (1.0,))

    def supersedes(self) -> bool:
        tails = (
            b"; Path=/tried",
            b"; Secure; Path=/; Domain=" + self.parent,
            b"; Secure; Partitioned; Path=/",
        )
        return any(self.set(tail)[0].supersedes for tail in tails)


def _let(refused: bool, decision: Decision, passes: str, refuses: str) -> Fact:
    reasons = ", ".join(_WHY_NOT[reason] for reason in decision.reasons if reason in _WHY_NOT)
    text = refuses if refused else passes
    if reasons and not refused:
        text += ", and is reported"
    return Fact(f"{text} ({reasons})" if reasons else text, (float(refused),))


_WHY_NOT = {reason: reason.value for reason in (
    Reason.UNDECLARED, Reason.ENTRY_EXPIRED, Reason.NOT_FORWARDED, Reason.PREFIX_RULE, Reason.NONE_WITHOUT_SECURE, Reason.PLAIN_NAME,
    Reason.SET_BY_SERVER,
)} | {Reason.OUT_OF_SCOPE: Reason.UNDECLARED.value}  # fmt: skip
"""What is declared elsewhere only is undeclared here; but that it is held by browsers is another fact."""


def _unranked(fact: Fact) -> Fact:
    return Fact(fact.text)


def _same_site_words(found: list[str]) -> str:
    if found == list(SITES):
        return AS_SET
    if len(set(found)) == 1:
        return f"always {found[0] or 'none'}"
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


_UNITS = (("y", 365 * 86400), ("mo", 730 * 3600), ("w", 7 * 86400), ("d", 86400), ("h", 3600), ("min", 60))


def span(seconds: int) -> str:
    """As a policy writes it."""
    if seconds <= 0:
        return "session"
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds % size == 0), ("s", 1))
    return f"{seconds // size}{unit}"


# What the statement says


def _stated(entry: Entry | None, policy: Policy) -> dict[str, Fact]:
    if entry is None:
        return {"declared": Fact("no")}
    category = policy.categories.get(entry.category)
    asks = category is not None and category.required
    facts = {
        "declared": Fact("yes"),
        "enforced": Fact(*(("only reported", (0.0,)) if entry.report_only else ("yes", (1.0,)))),
        "consent": Fact(*(("required", (1.0,)) if asks else ("not asked", (0.0,)))),
    }
    if category is not None and asks:
        facts["granted by"] = Fact(", ".join(sorted(category.granted_by)))
        facts["Sec-GPC"] = Fact(category.gpc.value)
    if entry.seal is not None:
        of_host = entry.rules.domain == HOST_ONLY
        facts["sealed for"] = Fact("its host" if of_host else entry.seal.context or policy.name)
        facts["unsealed values let in until"] = Fact(_day(entry.seal.accept_plain_until))
    if entry.rename is not None:
        facts["its own name let in until"] = Fact(_day(entry.rename.accept_plain_until))
    texts = {
        "category": entry.category,
        "purpose": _texts(entry.purpose),
        "stated lifetime": entry.lifetime.text if entry.lifetime else "",
        "renewed": _texts(entry.renewed),
        "set by": entry.set_by.value,
        "party": entry.party,
        "declared until": "" if entry.until == math.inf else _day(entry.until),
        "owner": entry.owner,
    }  # fmt: skip
    return facts | {key: Fact(text or "nothing") for key, text in texts.items()}


def _day(end: float) -> str:
    """The last day before a moment."""
    if math.isinf(end):
        return "always" if end > 0 else "never"
    return f"{datetime.fromtimestamp(end - 1, UTC):%Y-%m-%d}"


def _texts(texts: Texts) -> str:
    return " / ".join(f"{language}: {text}" if language else text for language, text in texts.items())


def policy_effect(policy: Policy) -> Effect:
    """What holds for all cookies."""
    consent = policy.consent
    told = (
        f"{consent.format.value} in {consent.cookie}; unknown {'grants' if consent.unknown_grants else 'denies'}"
        if consent
        else "not read"
    )
    guard = ("refused by the guard", (1.0,)) if policy.inject_guard else ("not looked at in the page", (0.0,))
    return {
        "mode": _ordered(policy.mode, "report", "enforce"),
        "undeclared, set by the application": _ordered(policy.on_response, "pass", "report", "block"),
        "undeclared, sent by browsers": _ordered(policy.on_request, "pass", "report", "strip"),
        "undeclared, held by browsers": _ordered(policy.evict, "off", "host", "domain"),
        "expired at the domains": Fact(", ".join(sorted(policy.evict_domains)) or "all"),
        "undeclared, set by scripts": Fact(*guard),
        "where judging fails": _ordered(policy.on_error, "open", "closed"),
        "consent": Fact(told),
        "public hosts": Fact(", ".join(policy.public_hosts) or "not known"),
    }


def statement_effect(policy: Policy) -> Effect:
    """What the statement says besides the cookies."""
    said = policy.statement
    texts: dict[str, Texts] = {
        key: getattr(said, key) for key in ("title", "introduction", "role", "rights", "cookies", "refuse", "contact", "about")
    }  # fmt: skip
    for name, category in policy.categories.items():
        texts |= {f"{key} of {name}": getattr(category, key) for key in ("title", "description", "basis")}
    facts = {"served at": said.path, "edited": said.edited, "languages": ", ".join(said.languages), "publisher": said.publisher}  # fmt: skip
    facts |= {key: _short(_texts(text)) for key, text in texts.items()}
    return {f"statement: {key}": Fact(text or "nothing") for key, text in facts.items()}


def _short(text: str) -> str:
    """A text, or its beginning and what tells it from others that begin so."""
    if len(text) <= MAX_SHOWN:
        return text
    return f"{text[:MAX_SHOWN]}… ({len(text)} characters, {hashlib.sha256(text.encode()).hexdigest()[:6]})"


def _ordered(value: str, *words: str) -> Fact:
    """`words`: the loosest first."""
    return Fact(str(value), (float(words.index(value)),))
