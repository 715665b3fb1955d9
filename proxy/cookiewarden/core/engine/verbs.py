"""Edits of a Set-Cookie by a policy's verbs: attributes, lifetime, and rejection by browsers.

An edit changes only the attribute that browsers use and keeps all other bytes. An attribute that satisfies its rule is
not changed, so edits are idempotent.
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
    """The canonical host, the request path and the scheme of an exchange."""

    host: bytes
    path: bytes
    https: bool


def takes_secure(site: Site) -> bool:
    """Check whether browsers accept Secure cookies at a site."""
    return site.https or is_trustworthy(site.host)


class Draft(SetCookie):
    """A Set-Cookie during editing, with the reasons of all edits."""

    __slots__ = ("changed", "reasons")

    def __init__(self, cookie: SetCookie) -> None:
        # `super().__init__` would search the last of each attribute again.
        self.pair, self.name, self.value = cookie.pair, cookie.name, cookie.value
        self.raws, self.names = cookie.raws.copy(), cookie.names.copy()
        self._at, self._lifetime = cookie._at.copy(), cookie._lifetime
        self.reasons: list[Reason] = []
        self.changed = False

    def note(self, reason: Reason) -> None:
        """Record the reason of an edit."""
        self.changed = True
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add(self, name: bytes, raw: bytes) -> None:
        """Append an attribute, before an empty last one if the header ends with `;`."""
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
        """Append a lifetime attribute after all others, even after an empty last one."""
        self._at[name] = len(self.raws)
        self._lifetime = None
        self.raws.append(raw)
        self.names.append(name)

    def keep(self, places: list[int]) -> None:
        """Remove all attributes except the ones at these positions."""
        raws, names = self.raws, self.names
        self.raws, self.names = [raws[at] for at in places], [names[at] for at in places]
        self._at = dict(zip(self.names, range(len(places)), strict=True))
        self._lifetime = None
        self.changed = True

    def drop(self, unwanted: bytes) -> None:
        """Remove every attribute of this name, except ones that browsers ignore."""
        self.keep([at for at, name in enumerate(self.names) if name != unwanted])

    def put(self, name: bytes, value: bytes) -> None:
        """Set the value of an attribute, in place of the one that browsers use or at the end.

        `name` is in its usual spelling."""
        key = name.lower()
        at = self._at.get(key)
        if at is None:
            self.add(key, b" " + name + b"=" + value)
        else:
            self.raws[at] = with_attribute_value(self.raws[at], value)

    def become(self, pair: bytes, name: bytes, value: bytes) -> None:
        """Set the pair, with its name and value."""
        self.pair, self.name, self.value, self.changed = pair, name, value, True


IDENTITY = frozenset({Reason.RENAMED, Reason.DOMAIN_CHANGED, Reason.PATH_CHANGED, Reason.PARTITIONED_CHANGED})
"""Edits after which browsers keep the cookie in addition to the previous one and send both (RFC 6265bis 5.7, CHIPS)."""


def edit_identity(draft: Draft, rules: Rules) -> None:
    """Edit Domain and Path, which are part of the cookie's identity in browsers."""
    edit_domain(draft, rules.domain)
    edit_path(draft, rules.path)


def edit_path(draft: Draft, wanted: str | None) -> None:
    path = draft.last(b"path")
    if wanted is not None and path != wanted.encode():
        draft.put(b"Path", wanted.encode())
        draft.note(Reason.PATH_CHANGED)


def rename(draft: Draft, name: bytes) -> None:
    """Give the cookie a name with a prefix, and the attributes that the prefix requires."""
    draft.become(with_name(draft.pair, name), name, draft.value)
    draft.note(Reason.RENAMED)
    keep_promise(draft)


def keep_promise(draft: Draft) -> None:
    """Add the attributes that the prefix of the name requires (RFC 6265bis 4.1.3).

    Browsers ignore a line without them, even a deletion."""
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
    """Return the domain of a Domain attribute in lower case without a leading dot (RFC 6265bis 5.6.3), or empty."""
    return (value or b"").lower().removeprefix(b".")


def edit_sending(draft: Draft, rules: Rules, https: bool, is_deletion: bool = False) -> None:
    """Edit Partitioned, SameSite and Secure. Secure is last, because the other two may require it."""
    toggle(draft, PARTITIONED, rules.partitioned, Reason.PARTITIONED_CHANGED, Reason.PARTITIONED_CHANGED)
    edit_same_site(draft, rules)
    verb = rules.secure
    if verb is Flag.HTTPS or (verb is Flag.ON and is_deletion):
        # A browser on plain HTTP ignores a deletion with Secure, and on HTTPS a deletion works without it.
        verb = Flag.ON if https else Flag.KEEP
    if verb in (Flag.OFF, Flag.REMOVE) and needs_secure(draft):
        verb = Flag.ON
    toggle(draft, SECURE, verb, Reason.SECURE_ADDED, Reason.SECURE_REMOVED)


SECURE, HTTP_ONLY, PARTITIONED = b" Secure", b" HttpOnly", b" Partitioned"


def toggle(draft: Draft, attribute: bytes, verb: Flag, added: Reason, removed: Reason) -> None:
    """Add or remove an attribute without a value."""
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
    """Return `none`, `lax`, `strict`, or empty if the attribute is absent or unknown (RFC 6265bis 5.6.7)."""
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
    """Edit HttpOnly and Priority, which do not affect deletions."""
    toggle(draft, HTTP_ONLY, rules.http_only, Reason.HTTP_ONLY_ADDED, Reason.HTTP_ONLY_REMOVED)
    priority = draft.last(b"priority")
    if rules.priority is not None and (priority is None or priority.lower() != rules.priority.lower().encode()):
        draft.put(b"Priority", rules.priority.encode())
        draft.note(Reason.PRIORITY_CHANGED)


def bound_lifetime(draft: Draft, bound: Lifetime | None, clock: float) -> None:
    """Limit the lifetime: leave at most one Max-Age and one Expires, in the form that all browsers read alike.

    If the bound is the session, remove them. `clock` is the time from which browsers count an Expires
    (`expires_clock`), in seconds since the epoch."""
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
    """Return the reasons for which every browser rejects the cookie, on any host (RFC 6265bis 5.6 and 5.7)."""
    refusals = []
    if needs_secure(cookie) and not cookie.has(b"secure"):
        refusals.append(Reason.NONE_WITHOUT_SECURE)
    if not keeps_prefix(cookie):
        refusals.append(Reason.PREFIX_RULE)
    if len(cookie.name) + len(cookie.value) > MAX_PAIR:
        refusals.append(Reason.TOO_LARGE)
    return refusals


def keeps_prefix(cookie: SetCookie) -> bool:
    """Check whether the cookie has the attributes that its prefix requires (RFC 6265bis 4.1.3, 5.7)."""
    prefix = name_prefix(cookie.name)
    if prefix and not cookie.has(b"secure"):
        return False
    if prefix.endswith(b"http-") and not cookie.has(b"httponly"):
        return False
    if prefix.startswith(b"__host-"):
        path = cookie.last(b"path")
        # RFC 6265bis 5.7 requires a host-only cookie, and a cookie with an empty Domain is host-only.
        is_host_only = not cookie.has(b"domain") or not any(
            value_of(raw) for raw, name in zip(cookie.raws, cookie.names, strict=True) if name == b"domain"
        )
        return is_host_only and path == b"/"
    return True


def is_refused_at(cookie: SetCookie, host: bytes) -> bool:
    """Check whether browsers at `host` reject the cookie because of its Domain (RFC 6265bis 5.7)."""
    domain = domain_of(cookie.last(b"domain"))
    return bool(domain) and domain != host and (not domain_match(host, domain) or is_public_suffix(domain))


def likely_refusals(cookie: SetCookie, site: Site) -> list[Reason]:
    """Return the reasons for which browsers reject the cookie if they use the host and scheme of the request."""
    refusals = []
    domain = domain_of(cookie.last(b"domain"))
    if domain and (not domain_match(site.host, domain) or (b"." not in domain and domain != site.host)):
        refusals.append(Reason.BROWSER_WOULD_REFUSE)
    if cookie.has(b"secure") and not takes_secure(site):
        refusals.append(Reason.SECURE_OVER_HTTP)
    return refusals
