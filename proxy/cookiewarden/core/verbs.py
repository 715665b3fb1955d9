"""What a policy's verbs do to one Set-Cookie: each attribute by itself, then the lifetime, then refusals.

An edit touches the attribute that browsers count and leaves every other byte; what already satisfies its rule
is not touched, so that editing twice is editing once.
"""

from dataclasses import dataclass, field

from cookiewarden.core.cookie import (
    LIFETIME,
    MAX_PAIR,
    Attribute,
    SetCookie,
    expires,
    is_unreadable,
    max_age,
    set_value,
)
from cookiewarden.core.date import imf_fixdate
from cookiewarden.core.decision import Reason
from cookiewarden.core.policy import HOST_ONLY, Flag, Lifetime, Rules, SameSiteVerb
from cookiewarden.core.scope import domain_match, is_trustworthy, name_prefix
from cookiewarden.core.suffix import is_public_suffix


@dataclass(frozen=True, slots=True)
class Site:
    """Where the response is going: the canonical host, the request path, and whether the browser used HTTPS."""

    host: bytes
    path: bytes
    https: bool


@dataclass(slots=True, repr=False)
class Draft:
    """A Set-Cookie while it is edited, with the reasons of every edit. No repr: it holds a value."""

    cookie: SetCookie
    reasons: list[Reason] = field(default_factory=list)

    def edit(self, reason: Reason, cookie: SetCookie) -> None:
        self.cookie = cookie
        self.note(reason)

    def note(self, reason: Reason) -> None:
        if reason not in self.reasons:
            self.reasons.append(reason)

    def is_noted(self, reasons: frozenset[Reason]) -> bool:
        """Whether one of them is the reason of an edit."""
        return not reasons.isdisjoint(self.reasons)

    def set(self, reason: Reason, name: str, value: str) -> None:
        """Give an attribute this value: in place of the one that counts, else at the end."""
        old = self.cookie.last(name.lower().encode())
        if old is None:
            self.edit(reason, self.cookie.with_attribute(f" {name}={value}".encode()))
        else:
            self.edit(reason, self.cookie.with_value(old, value.encode()))


IDENTITY = frozenset({Reason.RENAMED, Reason.DOMAIN_CHANGED, Reason.PATH_CHANGED, Reason.PARTITIONED_CHANGED})
"""Edits after which browsers keep the cookie beside the one that they had, and send both (RFC 6265bis 5.7, CHIPS)."""


def edit_identity(draft: Draft, rules: Rules) -> None:
    """Domain and Path, which decide under which identity browsers keep the cookie."""
    edit_domain(draft, rules.domain)
    edit_path(draft, rules.path)


def edit_path(draft: Draft, wanted: str | None) -> None:
    path = draft.cookie.last(b"path")
    if wanted is not None and (path is None or path.value != wanted.encode()):
        draft.set(Reason.PATH_CHANGED, "Path", wanted)


def rename(draft: Draft, name: bytes) -> None:
    """Give the cookie a name with a prefix, and what the prefix promises."""
    draft.edit(Reason.RENAMED, draft.cookie.with_name(name))
    keep_promise(draft)


def keep_promise(draft: Draft) -> None:
    """Give the cookie the attributes that the prefix of its name promises (RFC 6265bis 4.1.3). Browsers ignore a line without them,
    also one that deletes the cookie."""
    prefix = name_prefix(draft.cookie.name)
    if not prefix:
        return
    if prefix.startswith(b"__host-"):
        edit_domain(draft, HOST_ONLY)
        edit_path(draft, "/")
    toggle(draft, "Secure", Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)
    if prefix.endswith(b"http-"):
        toggle(draft, "HttpOnly", Flag.ON, Reason.HTTP_ONLY_ADDED, Reason.HTTP_ONLY_REMOVED)


def edit_domain(draft: Draft, widest: str | None) -> None:
    if widest is None or (attribute := draft.cookie.last(b"domain")) is None:
        return
    if widest == HOST_ONLY:
        draft.edit(Reason.DOMAIN_CHANGED, draft.cookie.without(b"domain"))
    elif (domain := domain_of(attribute)) and not domain_match(domain, widest.encode()):
        draft.edit(Reason.DOMAIN_CHANGED, draft.cookie.with_value(attribute, widest.encode()))


def domain_of(attribute: Attribute) -> bytes:
    """The domain of a Domain attribute, in lower case, one leading dot ignored (RFC 6265bis 5.6.3)."""
    return attribute.value.lower().removeprefix(b".")


def edit_sending(draft: Draft, rules: Rules, https: bool) -> None:
    """Partitioned, SameSite and Secure: when browsers send the cookie. Secure last: the others may need it."""
    toggle(draft, "Partitioned", rules.partitioned, Reason.PARTITIONED_CHANGED, Reason.PARTITIONED_CHANGED)
    edit_same_site(draft, rules)
    verb = rules.secure
    if verb is Flag.HTTPS:
        verb = Flag.ON if https else Flag.KEEP
    if verb in (Flag.OFF, Flag.REMOVE) and needs_secure(draft.cookie):
        verb = Flag.ON
    toggle(draft, "Secure", verb, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


def toggle(draft: Draft, name: str, verb: Flag, added: Reason, removed: Reason) -> None:
    """Put a valueless attribute on or take it off."""
    key = name.lower().encode()
    if verb is Flag.ON and not draft.cookie.has(key):
        draft.edit(added, draft.cookie.with_attribute(b" " + name.encode()))
    elif verb is Flag.REMOVE and draft.cookie.has(key):
        draft.edit(removed, draft.cookie.without(key))


STRENGTH = {b"": 0, b"none": 1, b"lax": 2, b"strict": 3}


def same_site_of(cookie: SetCookie) -> bytes:
    """`none`, `lax`, `strict`, or empty where the attribute is absent or unknown (RFC 6265bis 5.6.7)."""
    attribute = cookie.last(b"samesite")
    value = attribute.value.lower() if attribute else b""
    return value if value in STRENGTH else b""


def edit_same_site(draft: Draft, rules: Rules) -> None:
    current, wanted = same_site_of(draft.cookie), rules.same_site.value.lower().encode()
    satisfied = {
        SameSiteVerb.KEEP: True,
        SameSiteVerb.EXACTLY: current == wanted,
        SameSiteVerb.DEFAULT: bool(current),
        SameSiteVerb.AT_LEAST: STRENGTH[current] >= STRENGTH[wanted],
    }
    if not satisfied[rules.same_site.verb]:
        draft.set(Reason.SAME_SITE_CHANGED, "SameSite", rules.same_site.value)


def needs_secure(cookie: SetCookie) -> bool:
    return same_site_of(cookie) == b"none" or cookie.has(b"partitioned")


def edit_reading(draft: Draft, rules: Rules) -> None:
    """HttpOnly and Priority: they matter for a live cookie only."""
    toggle(draft, "HttpOnly", rules.http_only, Reason.HTTP_ONLY_ADDED, Reason.HTTP_ONLY_REMOVED)
    priority = draft.cookie.last(b"priority")
    if rules.priority is not None and (
        priority is None or priority.value.lower() != rules.priority.lower().encode()
    ):
        draft.set(Reason.PRIORITY_CHANGED, "Priority", rules.priority)


def bound_lifetime(draft: Draft, bound: Lifetime | None, clock: float) -> None:
    """Leave at most one Max-Age and one Expires, each within the bound and in the one form that every browser reads alike; none of
    them where the bound is the session. `clock`: the moment from which browsers count Expires (`expires_clock`), in seconds.
    """
    lifetime = draft.cookie.lifetime
    if bound is None or not lifetime:
        return
    counts = [
        next((a for a in reversed(lifetime) if read(a) is not None), None) for read in (max_age, expires)
    ]
    kept = []
    for attribute in draft.cookie.attributes:
        if attribute.name in LIFETIME:
            reason, value = _bounded(attribute, bound, clock, attribute in counts)
            if reason is not None:
                draft.note(reason)
            if value is None:
                continue
            if reason is not None:
                attribute = set_value(attribute, value)
        kept.append(attribute)
    if draft.is_noted(_LIFETIME):
        draft.cookie = draft.cookie.with_attributes(tuple(kept))


_LIFETIME = frozenset({Reason.LIFETIME_CAPPED, Reason.LIFETIME_NORMALIZED, Reason.LIFETIME_UNREADABLE})


def _bounded(
    attribute: Attribute, bound: Lifetime, clock: float, counts: bool
) -> tuple[Reason | None, bytes | None]:
    """Why a Max-Age or an Expires changes, and the value that it gets (None: it goes). `counts`: it is the last valid one."""
    value = _within(attribute, bound.seconds, clock)
    if value is None:
        return Reason.LIFETIME_UNREADABLE, None
    if bound.is_session:
        return Reason.LIFETIME_CAPPED, None
    if not counts:
        return Reason.LIFETIME_NORMALIZED, None
    if value == attribute.value:
        return None, value
    capped = _exceeds(attribute, bound.seconds, clock)
    return Reason.LIFETIME_CAPPED if capped else Reason.LIFETIME_NORMALIZED, value


def _within(attribute: Attribute, seconds: int, clock: float) -> bytes | None:
    """The value of a Max-Age or an Expires, cut to a bound; None where it cannot be read."""
    if is_unreadable(attribute, clock):
        return None
    age = max_age(attribute)
    if age is not None:
        return str(min(age, seconds)).encode()
    return imf_fixdate(min(expires(attribute) or 0, int(clock) + seconds))


def _exceeds(attribute: Attribute, seconds: int, clock: float) -> bool:
    age, at = max_age(attribute), expires(attribute)
    return (age is not None and age > seconds) or (at is not None and at > int(clock) + seconds)


def certain_refusals(cookie: SetCookie) -> list[Reason]:
    """What every browser refuses, wherever it is (RFC 6265bis 5.6 and 5.7)."""
    refusals = []
    if needs_secure(cookie) and not cookie.has(b"secure"):
        refusals.append(Reason.NONE_WITHOUT_SECURE)
    if not keeps_prefix(cookie):
        refusals.append(Reason.PREFIX_RULE)
    if len(cookie.name) + len(cookie.value) > MAX_PAIR:
        refusals.append(Reason.TOO_LARGE)
    return refusals


def keeps_prefix(cookie: SetCookie) -> bool:
    """Whether the attributes are what the name's prefix promises (RFC 6265bis 4.1.3, 5.7)."""
    prefix = name_prefix(cookie.name)
    if prefix and not cookie.has(b"secure"):
        return False
    if prefix.endswith(b"http-") and not cookie.has(b"httponly"):
        return False
    if prefix.startswith(b"__host-"):
        path = cookie.last(b"path")
        # RFC 6265bis 5.7 asks for a host-only cookie, and one with an empty Domain is.
        is_host_only = not any(a.value for a in cookie.attributes if a.name == b"domain" and a.counts)
        return is_host_only and path is not None and path.value == b"/"
    return True


def is_refused_at(cookie: SetCookie, host: bytes) -> bool:
    """Whether browsers that are at `host` refuse the cookie for its Domain (RFC 6265bis 5.7)."""
    attribute = cookie.last(b"domain")
    domain = domain_of(attribute) if attribute else b""
    return bool(domain) and domain != host and (not domain_match(host, domain) or is_public_suffix(domain))


def likely_refusals(cookie: SetCookie, site: Site) -> list[Reason]:
    """What browsers refuse if they are where the request says they are."""
    refusals = []
    attribute = cookie.last(b"domain")
    domain = domain_of(attribute) if attribute else b""
    if domain and (not domain_match(site.host, domain) or (b"." not in domain and domain != site.host)):
        refusals.append(Reason.BROWSER_WOULD_REFUSE)
    if cookie.has(b"secure") and not site.https and not is_trustworthy(site.host):
        refusals.append(Reason.SECURE_OVER_HTTP)
    return refusals
