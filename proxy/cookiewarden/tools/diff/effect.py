"""What a policy does to a cookie, found out by trying: the engine is asked about lines that are chosen to show each rule.

Two files that are written otherwise and do the same have the same effect, and the other way round. Everything is tried in enforce mode,
for a visitor who consented: modes and consent are facts beside it.
"""

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cookiewarden.core.cookies.cookie import SetCookie, max_age, parse_set_cookie
from cookiewarden.core.cookies.scope import canonical_host, name_prefix
from cookiewarden.core.engine.decision import Decision, Reason
from cookiewarden.core.engine.engine import MAY_NOT_BE_HELD, Engine
from cookiewarden.core.engine.memo import Scope
from cookiewarden.core.policy.policy import HOST_ONLY, Entry, Policy, Texts, lifetime_text


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that is so for a cookie. `strictness`: by which two facts of one kind are compared: numbers one by one, of sets the one
    that holds the other is the stricter; None for what changes no promise."""

    text: str
    strictness: tuple[float, ...] | frozenset[str] | None = None


Effect = Mapping[str, Fact]
"""By what it speaks of, in the order in which it is told."""

ANY_TIME = 1000 * 365 * 86400
"""Seconds that no policy promises to anybody."""
MAX_SHOWN = 80
"""Characters of a text that are told."""
SITES = ("", "None", "Lax", "Strict")
RANKS = {"": 0, "none": 1, "lax": 2, "strict": 3, "blocked": 4}
AS_SET = "as the application sets it"


@dataclass(frozen=True, slots=True)
class Site:
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


def effect(name: str, site: Site, engine: Engine, entry: Entry | None, now: float) -> Effect:
    """Of `engine`, which enforces, on the cookie `name`; `entry`: the one that declares it there."""
    trial = _Trial(name.encode(), site, engine, now)
    return {**trial.effect(), **_stated(entry, engine.policy)}


BLOCKED = "blocked"

Tried = tuple[str | None, str | None]
"""What the application gives an attribute, and what browsers get; None: it is not there. Or BLOCKED."""


def missing(what: str) -> str:
    """How the fact is called that tells what becomes of a cookie without it."""
    return f"{what} missing, which browsers ask for"


class _Trial:
    def __init__(self, name: bytes, site: Site, engine: Engine, now: float) -> None:
        self.name, self.engine, self.now = name, engine, now
        self.scope, self.plain = (
            engine.scope_of(site.octets, site.path.encode(), https) for https in (True, False)
        )
        labels = site.octets.decode("latin-1").split(".")
        self.domains = ["unrelated.invalid", *(".".join(labels[at:]) for at in range(len(labels)))]
        # Without what its prefix promises, no browser takes it, whatever the policy says.
        prefix = name_prefix(name)
        self.needs = {"Secure": "; Secure", "Path": "; Path=/"} if prefix else {}
        if prefix.endswith(b"http-"):
            self.needs["HttpOnly"] = "; HttpOnly"
        if not prefix and self.set("")[1] is None and self.set("; Secure")[1] is not None:
            self.needs["Secure"] = "; Secure"  # a rule makes it one that browsers take with Secure only

    def effect(self) -> dict[str, Fact]:
        decision, kept = self.set(self.needed())
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
        if kept is None:  # but for its deletion, nothing passes
            return facts | {"its deletion": Fact(self.deletion())}
        return facts | {
            "kept for": self.lifetime(),
            "Secure": self.secure(),
            "HttpOnly": self.flag("HttpOnly"),
            "Partitioned": self.flag("Partitioned"),
            "SameSite": self.same_site(),
            "SameSite=None without Secure": self.without_secure("; SameSite=None"),
            "Partitioned without Secure": self.without_secure("; Partitioned"),
            **{missing(what): self.without(what) for what in self.needs},
            "Path": self.exactly("Path", "/tried"),
            "Domain": self.domain(),
            "Priority": Fact(self.exactly("Priority", "Low", "High").text),
            "value": Fact("sealed", (1.0,))
            if Reason.SEALED in decision.reasons
            else Fact("as the application sets it", (0.0,)),
            "name that browsers keep": Fact(
                kept.name.decode() if kept.name != self.name else "its own", _promised(kept.name)
            ),
            "the one under its old path or domain": Fact(
                "expired first" if self.supersedes() else "left alone"
            ),
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
            return BLOCKED
        found = kept.last(attribute.lower().encode())
        return None if found is None else found.decode("latin-1") or "yes"

    def lifetime(self) -> Fact:
        kept = self.set(f"; Max-Age={ANY_TIME}{self.needed()}")[1]
        found = kept.last(b"max-age") if kept is not None else None
        seconds = max_age(found) if found is not None else 0
        if seconds == ANY_TIME:
            return Fact("any time", (-math.inf,))
        return Fact(lifetime_text(seconds or 0), (-float(seconds or 0),))

    def secure(self) -> Fact:
        # Without SameSite, a default of None would force it.
        by_https, by_http = (
            self.flag("Secure", scope, "; SameSite=Lax") for scope in (self.scope, self.plain)
        )
        return _by_scheme(by_https, by_http)

    def flag(self, attribute: str, scope: Scope | None = None, beside: str = "") -> Fact:
        base = self.needed(attribute) + beside + ("; Secure" if attribute == "Partitioned" else "")
        tried = [
            (asked, self.got(attribute, base + (f"; {attribute}" if asked else ""), scope))
            for asked in (None, "yes")
        ]
        words = {(None, "yes"): AS_SET, ("yes", "yes"): "always", (None, None): "never"}
        found = tried[0][1], tried[1][1]
        ranks = {None: 0.0, "yes": 1.0, BLOCKED: 2.0}
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
        """What becomes of what browsers refuse as it comes: neither is the stricter, for it reaches nobody or comes as promised."""
        https, http = (
            BLOCKED if self.set(self.needed("Secure") + tail, scope)[1] is None else "repaired"
            for scope in (self.scope, self.plain)
        )
        return Fact(https if https == http else f"{https} over HTTPS, {http} over HTTP")

    def without(self, what: str) -> Fact:
        """What becomes of a cookie without something that browsers ask for."""
        kept = self.set(self.needed(what))[1]
        return Fact("repaired" if kept is not None else BLOCKED)

    def exactly(self, attribute: str, *values: str) -> Fact:
        """Of an attribute that takes one value or stays as it comes."""
        base = self.needed(attribute)
        tried = [
            (asked, self.got(attribute, base + (f"; {attribute}={asked}" if asked else "")))
            for asked in (None, *values)
        ]
        text = _told(tried)
        return Fact(text, frozenset({text}))

    def domain(self) -> Fact:
        tried: list[Tried] = [
            (asked, self.got("Domain", f"{self.needed()}; Domain={asked}")) for asked in self.domains
        ]
        changed = {got for asked, got in tried if got != asked}
        if {got for _, got in tried} == {None}:
            text = "the host alone"
        elif len(changed) == 1 and not changed & {None, BLOCKED}:
            text = f"at most {changed.pop()}"
        else:
            text = _told(tried)
        return Fact(text, self._narrowness(text))

    def _narrowness(self, text: str) -> frozenset[str]:
        """The domains in which one is: who is at most in more of them is in a narrower one. Where hosts are public, a Domain may be
        blocked that another rule would have made one that passes: no two are comparable."""
        if self.engine.policy.public_hosts:
            return frozenset({text})
        if text == AS_SET:
            return frozenset()
        labels = text.removeprefix("at most ").split(".")
        is_bound = text.startswith("at most ")
        return (
            frozenset(".".join(labels[at:]) for at in range(len(labels))) if is_bound else frozenset({text})
        )

    def supersedes(self) -> bool:
        tails = (
            "; Path=/tried",
            f"; Secure; Path=/; Domain={self.domains[-2]}",
            "; Secure; Partitioned; Path=/",
        )
        return any(self.set(tail)[0].supersedes for tail in tails)


def _promised(name: bytes) -> tuple[float, ...]:
    """What browsers hold a name to (RFC 6265bis 4.1.3)."""
    prefix = name_prefix(name)
    return float(bool(prefix)), float(prefix.startswith(b"__host-")), float(prefix.endswith(b"http-"))


def _by_scheme(by_https: Fact, by_http: Fact) -> Fact:
    if by_https == by_http:
        return by_https
    ranks = [fact.strictness for fact in (by_https, by_http) if isinstance(fact.strictness, tuple)]
    return Fact(f"{by_https.text} over HTTPS, {by_http.text} over HTTP", sum(ranks, ()))


def _told(tried: Iterable[Tried]) -> str:
    """In words, what becomes of what an application gives."""
    pairs = list(tried)
    if all(asked == got for asked, got in pairs):
        return AS_SET
    outcomes = {got for _, got in pairs}
    if len(outcomes) == 1:
        (only,) = outcomes
        return "never" if only is None else only if only == BLOCKED else f"always {only}"
    return ", ".join(
        f"{asked or 'none'} is blocked" if got == BLOCKED else f"{asked or 'none'} becomes {got or 'none'}"
        for asked, got in pairs
        if asked != got
    )


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


def _same_site_words(found: list[str]) -> str:
    if found == list(SITES):
        return AS_SET
    if len(set(found)) == 1:
        return BLOCKED if found[0] == BLOCKED else f"always {found[0] or 'none'}"
    if BLOCKED in found:
        return _told(zip((value or None for value in SITES), (value or None for value in found), strict=True))
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
        facts["granted by"] = Fact(_words(category.granted_by), category.granted_by)
        facts["Sec-GPC"] = _ordered(category.gpc, "ignore", "default", "deny")
    if entry.seal is not None:
        of_host = entry.rules.domain == HOST_ONLY
        facts["sealed for"] = Fact("its host" if of_host else entry.seal.context or policy.name)
        facts["unsealed values let in until"] = _until(entry.seal.accept_plain_until)
    if entry.rename is not None:
        facts["its own name let in until"] = _until(entry.rename.accept_plain_until)
    if entry.until < math.inf:
        facts["declared until"] = _until(entry.until)
    else:
        facts["declared until"] = Fact("nothing", (-math.inf,))
    texts = {
        "category": entry.category,
        "purpose": _texts(entry.purpose),
        "stated lifetime": entry.lifetime.text if entry.lifetime else "",
        "renewed": _texts(entry.renewed),
        "set by": entry.set_by.value,
        "party": entry.party,
        "lifetime is": entry.lifetime_source,
        "owner": entry.owner,
        "reason": entry.reason,
    }  # fmt: skip
    return facts | {key: Fact(text or "nothing") for key, text in texts.items()}


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
        language: " ¶ ".join(" ".join(part.split()) for part in text.split("\n\n"))
        for language, text in texts.items()
    }
    return " / ".join(f"{language}: {text}" if language else text for language, text in lines.items())


def policy_effect(policy: Policy) -> Effect:
    """What holds for all cookies."""
    consent = policy.consent
    told = f"{consent.format.value} in {consent.cookie}" if consent else "not read"
    unknown = "grants" if consent and consent.gates and consent.unknown_grants else "denies"
    guard = ("refused by the guard", (1.0,)) if policy.inject_guard else ("not looked at in the page", (0.0,))
    return {
        "mode": _ordered(policy.mode, "report", "enforce"),
        "undeclared, set by the application": _ordered(policy.on_response, "pass", "report", "block"),
        "undeclared, sent by browsers": _ordered(policy.on_request, "pass", "report", "strip"),
        "undeclared, held by browsers": _ordered(policy.evict, "off", "host", "domain"),
        "expired at the domains": _incomparable(", ".join(sorted(policy.evict_domains)) or "all"),
        "undeclared, set by scripts": Fact(*guard),
        "where judging fails": _ordered(policy.on_error, "open", "closed"),
        "consent": _incomparable(told) if consent else Fact(told),
        "an answer that is not there or cannot be read": _ordered(unknown, "grants", "denies"),
        "public hosts": Fact(
            ", ".join(sorted(policy.public_hosts)) or "not known", frozenset(policy.public_hosts)
        ),
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
    return Fact(str(value), (float(words.index(value)),))
