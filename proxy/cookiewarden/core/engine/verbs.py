"""What a policy's verbs do to one Set-Cookie: each attribute by itself, then the lifetime, then refusals.

An edit touches the attribute that browsers count and leaves every other byte; what already satisfies its rule
is not touched, so that editing twice is editing once.
"""

from dataclasses import dataclass

from cookiewarden.core.cookies.cookie import (
    MAX_PAIR,
    WSP,
    SetCookie,
    value_of,
    with_attribute_value,
    with_name,
)
from cookiewarden.core.cookies.date import imf_fixdate, is_known
from cookiewarden.core.cookies.scope import domain_match, is_trustworthy, name_prefix
from cookiewarden.core.cookies.suffix import is_public_suffix
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.policy import HOST_ONLY, Flag, Lifetime, Rules, SameSiteVerb


@dataclass(frozen=True, slots=True)
class Site:
    """Where the response is going: the canonical host, the request path, and whether the browser used HTTPS."""

    host: bytes
    path: bytes
    https: bool


def takes_secure(site: Site) -> bool:
    """Whether browsers take Secure lines there."""
    return site.https or is_trustworthy(site.host)


class Draft(SetCookie):
    """A Set-Cookie while it is edited, with the reasons of every edit."""

    __slots__ = ("changed", "reasons")

    def __init__(self, cookie: SetCookie) -> None:
        # Not by way of `super`, which would look for the last of each attribute once more.
        self.pair, self.name, self.value = cookie.pair, cookie.name, cookie.value
        self.raws, self.names = cookie.raws.copy(), cookie.names.copy()
        self._at, self._lifetime = cookie._at.copy(), cookie._lifetime
        self.reasons: list[Reason] = []
        self.changed = False

    def note(self, reason: Reason) -> None:
        """Give a reason for an edit."""
        self.changed = True
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add(self, name: bytes, raw: bytes) -> None:
        """Put an attribute at the end; before an empty last one, where the header ends with `;`."""
        raws, names = self.raws, self.names
        self._at[name] = at = len(raws)
        if not names or names[-1] or raws[-1].strip(WSP):
            raws.append(raw)
            names.append(name)
        else:
            self._at[name] = at - 1
            raws.insert(-1, raw)
            names.insert(-1, name)

    def end(self, name: bytes, raw: bytes) -> None:
        """Put an attribute after all others."""
        self._at[name] = len(self.raws)
        self._lifetime = None
        self.raws.append(raw)
        self.names.append(name)

    def keep(self, places: list[int]) -> None:
        """Take every attribute off but those at some places."""
        raws, names = self.raws, self.names
        self.raws, self.names = [raws[at] for at in places], [names[at] for at in places]
        self._at = dict(zip(self.names, range(len(places)), strict=True))
        self._lifetime = None
        self.changed = True

    def drop(self, unwanted: bytes) -> None:
        """Take every attribute of this name off that browsers look at."""
        self.keep([at for at, name in enumerate(self.names) if name != unwanted])

    def put(self, name: bytes, value: bytes) -> None:
        """Give an attribute this value: in place of the one that counts, else at the end. `name` as it is spelled."""
        key = name.lower()
        at = self._at.get(key)
        if at is None:
            self.add(key, b" " + name + b"=" + value)
        else:
            self.raws[at] = with_attribute_value(self.raws[at], value)

    def become(self, pair: bytes, name: bytes, value: bytes) -> None:
        """Change name and value."""
        self.pair, self.name, self.value, self.changed = pair, name, value, True


IDENTITY = frozenset({Reason.RENAMED, Reason.DOMAIN_CHANGED, Reason.PATH_CHANGED, Reason.PARTITIONED_CHANGED})
"""Edits after which browsers keep the cookie beside the one that they had, and send both (RFC 6265bis 5.7, CHIPS)."""


def edit_identity(draft: Draft, rules: Rules) -> None:
    """Domain and Path, which decide under which identity browsers keep the cookie."""
    edit_domain(draft, rules.domain)
    edit_path(draft, rules.path)


def edit_path(draft: Draft, wanted: str | None) -> None:
    path = draft.last(b"path")
    if wanted is not None and path != wanted.encode():
        draft.put(b"Path", wanted.encode())
        draft.note(Reason.PATH_CHANGED)


def rename(draft: Draft, name: bytes) -> None:
    """Give the cookie a name with a prefix, and what the prefix promises."""
    draft.become(with_name(draft.pair, name), name, draft.value)
    draft.note(Reason.RENAMED)
    keep_promise(draft)


def keep_promise(draft: Draft) -> None:
    """Give the cookie the attributes that the prefix of its name promises (RFC 6265bis 4.1.3). Browsers ignore a line
    without them, also one that deletes the cookie."""
    prefix = name_prefix(draft.name)
    if not prefix:
        return
    if prefix.startswith(b"__host-"):
        edit_domain(draft, HOST_ONLY)
        edit_path(draft, "/")
    toggle(draft, SECURE, Flag.ON, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)
    if prefix.endswith(b"http-"):
        toggle(draft, HTTP_ONLY, Flag.ON, Reason.HTTP_ONLY_ADDED, Reason.HTTP_ONLY_REMOVED)


def edit_domain(draft: Draft, widest: str | None) -> None:
    if widest is None or (value := draft.last(b"domain")) is None:
        return
    if widest == HOST_ONLY:
        draft.drop(b"domain")
        draft.note(Reason.DOMAIN_CHANGED)
    elif (domain := domain_of(value)) and not domain_match(domain, widest.encode()):
        draft.put(b"Domain", widest.encode())
        draft.note(Reason.DOMAIN_CHANGED)


def domain_of(value: bytes | None) -> bytes:
    """The domain of a Domain attribute, in lower case, one leading dot ignored (RFC 6265bis 5.6.3); empty where there
    is none."""
    return (value or b"").lower().removeprefix(b".")


def edit_sending(draft: Draft, rules: Rules, https: bool, is_deletion: bool = False) -> None:
    """Partitioned, SameSite and Secure: when browsers send the cookie. Secure last: the others may need it."""
    toggle(draft, PARTITIONED, rules.partitioned, Reason.PARTITIONED_CHANGED, Reason.PARTITIONED_CHANGED)
    edit_same_site(draft, rules)
    verb = rules.secure
    if verb is Flag.HTTPS or (verb is Flag.ON and is_deletion):
        # A browser on plain HTTP ignores a deletion with Secure, and one on HTTPS needs none.
        verb = Flag.ON if https else Flag.KEEP
    if verb in (Flag.OFF, Flag.REMOVE) and needs_secure(draft):
        verb = Flag.ON
    toggle(draft, SECURE, verb, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


SECURE, HTTP_ONLY, PARTITIONED = b" Secure", b" HttpOnly", b" Partitioned"


def toggle(draft: Draft, attribute: bytes, verb: Flag, added: Reason, removed: Reason) -> None:
    """Put a valueless attribute on or take it off."""
    if verb is Flag.KEEP:
        return
    name = attribute[1:].lower()
    if verb is Flag.ON and not draft.has(name):
        draft.add(name, attribute)
        draft.note(added)
    elif verb is Flag.REMOVE and draft.has(name):
        draft.drop(name)
        draft.note(removed)


STRENGTH = {b"": 0, b"none": 1, b"lax": 2, b"strict": 3}


def same_site_of(cookie: SetCookie) -> bytes:
    """`none`, `lax`, `strict`, or empty where the attribute is absent or unknown (RFC 6265bis 5.6.7)."""
    value = (cookie.last(b"samesite") or b"").lower()
    return value if value in STRENGTH else b""


def edit_same_site(draft: Draft, rules: Rules) -> None:
    verb = rules.same_site.verb
    if verb is SameSiteVerb.KEEP:
        return
    current, wanted = same_site_of(draft), rules.same_site.value.lower().encode()
    if verb is SameSiteVerb.EXACTLY:
        is_satisfied = current == wanted
    elif verb is SameSiteVerb.DEFAULT:
        is_satisfied = bool(current)
    else:
        is_satisfied = STRENGTH[current] >= STRENGTH[wanted]
    if not is_satisfied:
        draft.put(b"SameSite", rules.same_site.value.encode())
        draft.note(Reason.SAME_SITE_CHANGED)


def needs_secure(cookie: SetCookie) -> bool:
    return same_site_of(cookie) == b"none" or cookie.has(b"partitioned")


def edit_reading(draft: Draft, rules: Rules) -> None:
    """HttpOnly and Priority: they matter for a live cookie only."""
    toggle(draft, HTTP_ONLY, rules.http_only, Reason.HTTP_ONLY_ADDED, Reason.HTTP_ONLY_REMOVED)
    priority = draft.last(b"priority")
    if rules.priority is not None and (priority is None or priority.lower() != rules.priority.lower().encode()):
        draft.put(b"Priority", rules.priority.encode())
        draft.note(Reason.PRIORITY_CHANGED)


def bound_lifetime(draft: Draft, bound: Lifetime | None, clock: float) -> None:
    """Leave at most one Max-Age and one Expires, each within the bound and in the one form that every browser reads
    alike; none of them where the bound is the session. `clock`: the moment from which browsers count Expires
    (`expires_clock`), in seconds."""
    if bound is None:
        return
    gone: set[int] = set()
    reasons: list[Reason] = []
    counted: set[bytes] = set()
    is_session, longest = bound.is_session, bound.seconds
    for at, name, value, seconds in reversed(draft.lifetime()):
        latest = longest
        if name == b"expires":
            latest += int(clock)
            seconds = seconds if is_known(clock) else None
        if seconds is not None and not is_session and name not in counted:
            counted.add(name)
            least = min(seconds, latest)
            canonical = imf_fixdate(least) if name == b"expires" else str(least).encode()
            if canonical == value:
                continue
            draft.raws[at] = with_attribute_value(draft.raws[at], canonical)
        else:
            gone.add(at)
        if seconds is None:
            reasons.append(Reason.LIFETIME_UNREADABLE)
        elif is_session or (at not in gone and seconds > latest):
            reasons.append(Reason.LIFETIME_CAPPED)
        else:
            reasons.append(Reason.LIFETIME_NORMALIZED)
    for reason in dict.fromkeys(reversed(reasons)):
        draft.note(reason)
    if gone:
        draft.keep([at for at in range(len(draft.raws)) if at not in gone])


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
        is_host_only = not cookie.has(b"domain") or not any(
            value_of(raw) for raw, name in zip(cookie.raws, cookie.names, strict=True) if name == b"domain"
        )
        return is_host_only and path == b"/"
    return True


def is_refused_at(cookie: SetCookie, host: bytes) -> bool:
    """Whether browsers that are at `host` refuse the cookie for its Domain (RFC 6265bis 5.7)."""
    domain = domain_of(cookie.last(b"domain"))
    return bool(domain) and domain != host and (not domain_match(host, domain) or is_public_suffix(domain))


def likely_refusals(cookie: SetCookie, site: Site) -> list[Reason]:
    """What browsers refuse if they are where the request says they are."""
    refusals = []
    domain = domain_of(cookie.last(b"domain"))
    if domain and (not domain_match(site.host, domain) or (b"." not in domain and domain != site.host)):
        refusals.append(Reason.BROWSER_WOULD_REFUSE)
    if cookie.has(b"secure") and not takes_secure(site):
        refusals.append(Reason.SECURE_OVER_HTTP)
    return refusals
