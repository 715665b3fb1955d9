"""Edits of a Set-Cookie by a policy's verbs: attributes, lifetime, and rejection by browsers.

An edit changes only the attribute that browsers use and keeps all other bytes. An attribute that satisfies its rule is
not changed, so edits are idempotent.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cookiewarden.core.cookies.cookie import (
    MAX_PAIR,
    TOO_LONG,
    WSP,
    SetCookie,
    value_of,
    with_attribute_value,
    with_name,
)
from cookiewarden.core.cookies.date import ExpiresClock, imf_fixdate
from cookiewarden.core.cookies.scope import domain_match, is_trustworthy, name_prefix
from cookiewarden.core.cookies.suffix import is_public_suffix
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.policy import HOST_ONLY, Flag, Lifetime, Moves, Rules, SameSite, SameSiteVerb


@dataclass(frozen=True, slots=True)
class Site:
    """The canonical host, the request path and the scheme of an exchange."""

    host: bytes
    path: bytes
    https: bool


def takes_secure(site: Site) -> bool:
    """Check whether browsers accept Secure cookies at a site."""
    return site.https or is_trustworthy(site.host)


_UNKNOWN = -2


class Draft(SetCookie):
    """A Set-Cookie during editing, with the reasons of all edits.

    The position of an attribute never changes: removed ones are only marked, and added ones follow all others. `text`
    puts them in order."""

    __slots__ = ("_empty_end", "gone", "is_changed", "reasons")

    def __init__(self, cookie: SetCookie) -> None:
        # `super().__init__` would search the last of each attribute again.
        self.pair, self.name, self.value = cookie.pair, cookie.name, cookie.value
        self.raws, self.names = cookie.raws.copy(), cookie.names
        self.at, self._lifetime = cookie.at.copy(), cookie._lifetime
        self.reasons: list[Reason] = []
        self.is_changed = False
        """True after changes without a reason."""
        self.gone: set[int] = set()
        """The positions of removed attributes."""
        self._empty_end = _UNKNOWN
        """The position of an empty last attribute before which attributes are added, or -1. It is found when needed."""

    def note(self, reason: Reason) -> None:
        """Record the reason of an edit."""
        if reason not in self.reasons:
            self.reasons.append(reason)

    def add(self, name: bytes, raw: bytes, reason: Reason) -> None:
        """Append an attribute, before an empty last one if the header ends with `;`. No other edit has this reason."""
        raws = self.raws
        if self._empty_end == _UNKNOWN:
            self._empty_end = self._find_empty_end()
        self.at[name] = len(raws)
        raws.append(raw)
        self.reasons.append(reason)

    def _find_empty_end(self) -> int:
        names, gone = self.names, self.gone
        at = len(names) - 1
        while at in gone:
            at -= 1
        return at if at >= 0 and not names[at] and not self.raws[at].strip(WSP) else -1

    def remove(self, places: Iterable[int]) -> None:
        """Remove the attributes at these positions."""
        self.gone.update(places)
        self.is_changed = True

    def drop(self, unwanted: bytes, reason: Reason) -> None:
        """Remove every attribute of this name, except ones that browsers ignore. The line had at least one."""
        del self.at[unwanted]
        self.gone.update([at for at, name in enumerate(self.names) if name == unwanted])
        self.note(reason)

    def drop_all(self, unwanted: bytes, reason: Reason) -> None:
        """Remove every attribute of this name, if there are any."""
        if unwanted in self.at:
            self.drop(unwanted, reason)
        self.drop_ignored(unwanted, reason)

    def drop_ignored(self, unwanted: bytes, reason: Reason) -> None:
        """Remove the attributes of this name that are too long. Firefox reads them, other browsers ignore them."""
        if TOO_LONG + unwanted in self.at:
            self.drop(TOO_LONG + unwanted, reason)

    def put(self, name: bytes, spelled: bytes, value: bytes, reason: Reason) -> None:
        """Set the value of an attribute, in place of the one that browsers use or at the end.

        `spelled` is the text of a new attribute up to its value."""
        at = self.at.get(name)
        if at is None:
            self.add(name, spelled + value, reason)
        else:
            self.raws[at] = with_attribute_value(self.raws[at], value)
            self.note(reason)

    def become(self, pair: bytes, name: bytes, value: bytes) -> None:
        """Set the pair, with its name and value."""
        self.pair, self.name, self.value, self.is_changed = pair, name, value, True

    def end(self, name: bytes, raw: bytes) -> None:
        """Append an attribute after all others. No empty last one may be left."""
        self.at[name] = len(self.raws)
        self.raws.append(raw)

    def left(self) -> list[bytes]:
        """Return the texts of all attributes that are not removed, in their order."""
        return self._without_gone(self.raws)

    def _without_gone(self, of_attributes: list[bytes]) -> list[bytes]:
        gone, end = self.gone, self._empty_end
        is_moved = end >= 0 and end not in gone
        if not gone and not is_moved:
            return of_attributes
        left = of_attributes.copy()
        if is_moved:
            left.append(left[end])
            gone = {*gone, end}
        for at in sorted(gone, reverse=True):
            del left[at]
        return left

    def text(self) -> bytes:
        """Return the header value."""
        return b";".join([self.pair, *self.left()])


IDENTITY = frozenset({Reason.RENAMED, Reason.DOMAIN_CHANGED, Reason.PATH_CHANGED, Reason.PARTITIONED_CHANGED})
"""Edits after which browsers keep the cookie in addition to the previous one and send both (RFC 6265bis 5.7, CHIPS)."""


def edit_identity(draft: Draft, rules: Rules) -> None:
    """Edit Domain and Path, which are part of the cookie's identity in browsers."""
    if rules.domain is not None:
        edit_domain(draft, rules.domain)
    elif rules.domain_moves:
        move_domain(draft, rules.domain_moves)
    if rules.path is not None:
        edit_path(draft, rules.path.encode())
    elif rules.path_moves and not name_prefix(draft.name).startswith(b"__host-"):  # its path is always /
        move_path(draft, rules.path_moves)


def edit_path(draft: Draft, wanted: bytes) -> None:
    if draft.last(b"path") != wanted:
        draft.put(b"path", b" Path=", wanted, Reason.PATH_CHANGED)


def move_path(draft: Draft, moves: Moves) -> None:
    """Replace the beginning of a Path by whole segments: `/app` covers `/app` and `/app/x`, but not `/apply`."""
    value = draft.last(b"path")
    if value is None:
        return
    whole = value + b"/"
    if whole.startswith(moves.paths):
        at = list(map(whole.startswith, moves.paths)).index(True)  # the longest is first
        before, after = moves.paths[at][:-1], moves[at].after.rstrip("/").encode()
        # `/x/` would not cover `/x`, so the moved path itself has no slash at its end.
        rest = b"" if value.rstrip(b"/") == before else value[len(before) :]
        edit_path(draft, after + rest or b"/")


def move_domain(draft: Draft, moves: Moves) -> None:
    value = draft.last(b"domain")
    domain = domain_of(value) if value is not None else b""
    after = moves.domains.get(domain, domain)
    if after == HOST_ONLY.encode():
        draft.drop(b"domain", Reason.DOMAIN_CHANGED)
    elif after != domain:
        draft.put(b"domain", b" Domain=", after, Reason.DOMAIN_CHANGED)


def rename(draft: Draft, name: bytes) -> None:
    """Give the cookie a name with a prefix, and the attributes that the prefix requires."""
    draft.become(with_name(draft.pair, name), name, draft.value)
    draft.note(Reason.RENAMED)
    keep_promise(draft)


def keep_promise(draft: Draft) -> None:
    """Add the attributes that the prefix of the name requires (RFC 6265bis 4.1.3).

    Browsers ignore a line without them, even a deletion."""
    prefix = name_prefix(draft.name) if draft.name.startswith(b"__") else b""
    if not prefix:
        return
    if prefix.startswith(b"__host-"):
        edit_domain(draft, HOST_ONLY)
        edit_path(draft, b"/")
    require_secure(draft)
    if prefix.endswith(b"http-") and b"httponly" not in draft.at:
        draft.add(b"httponly", b" HttpOnly", Reason.HTTP_ONLY_ADDED)


def require_secure(draft: Draft) -> None:
    if b"secure" not in draft.at:
        draft.add(b"secure", b" Secure", Reason.SECURE_ADDED)


def edit_domain(draft: Draft, widest: str) -> None:
    value = draft.last(b"domain")
    if value is None:
        return
    if widest == HOST_ONLY:
        draft.drop(b"domain", Reason.DOMAIN_CHANGED)
    elif (domain := domain_of(value)) and not domain_match(domain, widest.encode()):
        draft.put(b"domain", b" Domain=", widest.encode(), Reason.DOMAIN_CHANGED)


def domain_of(value: bytes) -> bytes:
    """Return the domain of a Domain attribute in lower case without a leading dot (RFC 6265bis 5.6.3), or empty."""
    return value.lower().removeprefix(b".")


def edit_sending(draft: Draft, rules: Rules, https: bool, is_deletion: bool = False) -> None:
    """Edit Partitioned, SameSite and Secure. Secure is last, because the other two may require it."""
    verb = rules.partitioned
    if verb is Flag.ON:
        if b"partitioned" not in draft.at:
            draft.add(b"partitioned", b" Partitioned", Reason.PARTITIONED_CHANGED)
    elif verb is Flag.REMOVE:
        draft.drop_all(b"partitioned", Reason.PARTITIONED_CHANGED)
    if rules.same_site.verb is not SameSiteVerb.KEEP and not (is_deletion and _hinders_deletion(draft, rules)):
        edit_same_site(draft, rules.same_site)
    verb = rules.secure
    if verb is Flag.ON or verb is Flag.HTTPS:
        # A browser on plain HTTP ignores a deletion with Secure, and on HTTPS a deletion works without it.
        if b"secure" not in draft.at and (https or (verb is Flag.ON and not is_deletion)):
            draft.add(b"secure", b" Secure", Reason.SECURE_ADDED)
    elif verb is not Flag.KEEP:
        if needs_secure(draft):
            require_secure(draft)
        elif verb is Flag.REMOVE:
            draft.drop_all(b"secure", Reason.SECURE_REMOVED)


def _hinders_deletion(draft: Draft, rules: Rules) -> bool:
    """Check whether the rules would change a deletion so that browsers ignore it in a frame of another site."""
    return rules.same_site.verb is SameSiteVerb.REMOVE or same_site_of(draft) == b"none"


STRENGTH = {b"": 0, b"none": 1, b"lax": 2, b"strict": 3}


def same_site_of(cookie: SetCookie) -> bytes:
    """Return `none`, `lax`, `strict`, or empty if the attribute is absent or unknown (RFC 6265bis 5.6.7)."""
    at = cookie.at.get(b"samesite")
    if at is None:
        return b""
    value = value_of(cookie.raws[at]).lower()
    return value if value in STRENGTH else b""


def edit_same_site(draft: Draft, rule: SameSite) -> None:
    """Edit SameSite by a verb other than `keep`."""
    verb = rule.verb
    if verb is SameSiteVerb.REMOVE:
        draft.drop_all(b"samesite", Reason.SAME_SITE_CHANGED)
        return
    draft.drop_ignored(b"samesite", Reason.SAME_SITE_CHANGED)
    current, wanted = same_site_of(draft), rule.value.lower().encode()
    if verb is SameSiteVerb.EXACTLY:
        is_satisfied = current == wanted
    elif verb is SameSiteVerb.DEFAULT:
        is_satisfied = bool(current)
    else:
        is_satisfied = STRENGTH[current] >= STRENGTH[wanted]
    if not is_satisfied:
        draft.put(b"samesite", b" SameSite=", rule.value.encode(), Reason.SAME_SITE_CHANGED)


def needs_secure(cookie: SetCookie) -> bool:
    return b"partitioned" in cookie.at or same_site_of(cookie) == b"none"


def edit_reading(draft: Draft, rules: Rules) -> None:
    """Edit HttpOnly and Priority, which do not affect deletions."""
    verb = rules.http_only
    if verb is Flag.ON:
        if b"httponly" not in draft.at:
            draft.add(b"httponly", b" HttpOnly", Reason.HTTP_ONLY_ADDED)
    elif verb is Flag.REMOVE:
        draft.drop_all(b"httponly", Reason.HTTP_ONLY_REMOVED)
    if rules.priority is not None:
        wanted, priority = rules.priority.encode(), draft.last(b"priority")
        if priority is None or priority.lower() != wanted.lower():
            draft.put(b"priority", b" Priority=", wanted, Reason.PRIORITY_CHANGED)


def bound_lifetime(draft: Draft, bound: Lifetime, clock: ExpiresClock) -> None:
    """Limit the lifetime: leave at most one Max-Age and one Expires, in the form that all browsers read alike.

    If the bound is the session, remove them. If the application's clock and the proxy's differ by more than the bound,
    some browsers would read the bounded Expires as a deletion. A Max-Age then takes its place."""
    lifetime, gone = draft.lifetime(), []
    skewed: int | None = None
    """Seconds of the lifetime, if an Expires cannot state it."""
    kept = [one[0] for one in (lifetime.age, lifetime.date) if one is not None]
    for at, name, value, seconds in lifetime.all:
        is_date = name == b"expires"
        if seconds is None or (is_date and not clock.is_known):
            draft.note(Reason.LIFETIME_UNREADABLE)
        elif bound.is_session:
            draft.note(Reason.LIFETIME_CAPPED)
        elif at not in kept:
            draft.note(Reason.LIFETIME_NORMALIZED)
        else:
            latest = bound.seconds + int(clock.earliest) if is_date else bound.seconds
            if not is_date or seconds <= max(latest, clock.sent) or latest > clock.latest:
                _limit(draft, at, value, seconds, latest, is_date)
                continue
            skewed = min(bound.seconds, seconds - int(clock.sent))
        gone.append(at)
    if gone:
        draft.remove(gone)
    if skewed is not None and lifetime.age is None:
        draft.at.pop(b"max-age", None)  # one that is not valid
        draft.add(b"max-age", b" Max-Age=%d" % skewed, Reason.LIFETIME_CAPPED)
    elif skewed is not None:
        draft.note(Reason.LIFETIME_CAPPED)


def _limit(draft: Draft, at: int, value: bytes, seconds: int, latest: int, is_date: bool) -> None:
    """Write a lifetime in its canonical form and at most as `latest`. `at`: position of the attribute."""
    least = min(seconds, latest)
    canonical = imf_fixdate(least) if is_date else b"%d" % least
    if canonical != value:
        draft.raws[at] = with_attribute_value(draft.raws[at], canonical)
        draft.note(Reason.LIFETIME_NORMALIZED if least == seconds else Reason.LIFETIME_CAPPED)


def certain_refusals(cookie: SetCookie) -> list[Reason]:
    """Return the reasons for which every browser rejects the cookie, on any host (RFC 6265bis 5.6 and 5.7)."""
    refusals = []
    if b"secure" not in cookie.at and needs_secure(cookie):
        refusals.append(Reason.NONE_WITHOUT_SECURE)
    if cookie.name.startswith(b"__") and not keeps_prefix(cookie):
        refusals.append(Reason.PREFIX_RULE)
    if len(cookie.name) + len(cookie.value) > MAX_PAIR:
        refusals.append(Reason.TOO_LARGE)
    return refusals


def keeps_prefix(cookie: SetCookie) -> bool:
    """Check whether the cookie has the attributes that its prefix requires (RFC 6265bis 4.1.3, 5.7)."""
    prefix = name_prefix(cookie.name)
    if not prefix:
        return True
    if b"secure" not in cookie.at or (prefix.endswith(b"http-") and b"httponly" not in cookie.at):
        return False
    if prefix.startswith(b"__host-"):
        path = cookie.last(b"path")
        # RFC 6265bis 5.7 requires a host-only cookie, and a cookie with an empty Domain is host-only.
        is_host_only = b"domain" not in cookie.at or not any(
            value_of(cookie.raws[at]) for at, name in enumerate(cookie.names) if name == b"domain"
        )
        return is_host_only and path == b"/"
    return True


def is_refused_at(cookie: SetCookie, host: bytes) -> bool:
    """Check whether browsers at `host` reject the cookie because of its Domain (RFC 6265bis 5.7)."""
    domain = domain_of(cookie.last(b"domain") or b"")
    return bool(domain) and domain != host and (not domain_match(host, domain) or is_public_suffix(domain))


def likely_refusals(cookie: SetCookie, site: Site) -> list[Reason]:
    """Return the reasons for which browsers reject the cookie if they use the host and scheme of the request."""
    refusals = []
    if b"domain" in cookie.at:
        domain = domain_of(cookie.last(b"domain") or b"")
        if domain and domain != site.host and (b"." not in domain or not domain_match(site.host, domain)):
            refusals.append(Reason.BROWSER_WOULD_REFUSE)
    if not site.https and b"secure" in cookie.at and not takes_secure(site):
        refusals.append(Reason.SECURE_OVER_HTTP)
    return refusals
