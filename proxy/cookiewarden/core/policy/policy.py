"""Policy as the engine uses it: frozen values, with all defaults resolved and the place of every entry."""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cookiewarden.core.policy.problem import Place

Texts = Mapping[str, str]
"""Texts by language. The empty key has a text without a language."""

DAY = 86400
BROWSER_MAX = 400 * DAY
"""Maximum lifetime in browsers, in seconds (RFC 6265bis 5.5)."""


class Mode(StrEnum):
    ENFORCE = "enforce"
    REPORT = "report"


class OnError(StrEnum):
    """Decision for a cookie if an internal error prevents judging it."""

    CLOSED = "closed"
    OPEN = "open"


class OnUndeclaredResponse(StrEnum):
    BLOCK = "block"
    REPORT = "report"
    PASS = "pass"


class OnUndeclaredRequest(StrEnum):
    STRIP = "strip"
    REPORT = "report"
    PASS = "pass"


class Evict(StrEnum):
    """Places at which undeclared cookies that a browser holds are expired."""

    OFF = "off"
    HOST = "host"
    DOMAIN = "domain"
    """The host and the domains above it."""


class SetBy(StrEnum):
    SERVER = "server"
    SCRIPT = "script"
    BOTH = "both"
    INFRASTRUCTURE = "infrastructure"


class Gpc(StrEnum):
    """Effect of `Sec-GPC: 1` on a category."""

    DENY = "deny"
    """Denies, and overrides a grant."""
    DEFAULT = "default"
    """Denies until the visitor has answered."""
    IGNORE = "ignore"


class ConsentNeed(StrEnum):
    """Part of the visitor's answer in the decision on a category's cookies."""

    EXEMPT = "exempt"
    """None: the cookies pass."""
    REQUIRED = "required"
    """The cookies pass after the visitor has consented."""
    OPT_OUT = "opt-out"
    """The cookies pass until the visitor objects."""


class ConsentFormat(StrEnum):
    LIST = "list"
    JSON = "json"
    KLARO = "klaro"
    COOKIEBOT = "cookiebot"
    ONETRUST = "onetrust"
    TCF = "tcf"
    GPP = "gpp"
    COOKIEYES = "cookieyes"
    DIDOMI = "didomi"
    AXEPTIO = "axeptio"
    COOKIECONSENT = "cookieconsent"
    CONSENT_MODE = "consent_mode"


class Flag(StrEnum):
    """Verbs of `secure`, `http_only` and `partitioned`."""

    ON = "true"
    OFF = "false"
    """Not required; the attribute is neither added nor removed."""
    HTTPS = "https"
    """On if the browser used HTTPS; for `secure` only."""
    REMOVE = "remove"
    KEEP = "keep"


class SameSiteVerb(StrEnum):
    EXACTLY = "exactly"
    DEFAULT = "default"
    AT_LEAST = "at_least"
    REMOVE = "remove"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class SameSite:
    """A verb with its value `None`, `Lax` or `Strict` (empty for `remove` and `keep`)."""

    verb: SameSiteVerb = SameSiteVerb.KEEP
    value: str = ""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """An upper bound in seconds, or `session` (`seconds` is 0), with its text in the policy."""

    text: str
    seconds: int

    @property
    def is_session(self) -> bool:
        return self.seconds == 0

    def __str__(self) -> str:
        return self.text


UNITS = {"s": 1, "min": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 730 * 3600, "y": 365 * DAY}
"""Units of lifetimes, in seconds."""


def lifetime_text(seconds: int) -> str:
    """Return a lifetime in the form of a policy (`session`, `1y`, `90d`), in the largest unit without remainder."""
    if seconds <= 0:
        return "session"
    unit, size = next((unit, size) for unit, size in reversed(UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"


@dataclass(frozen=True, slots=True)
class Move:
    """A path, with all paths below it, or a domain of the application, and the one that browsers get instead."""

    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.before} becomes {self.after}"


class Moves(tuple[Move, ...]):
    """Moves of paths or of domains, the longest first, with an index."""

    def __init__(self, moves: Iterable[Move] = ()) -> None:
        self.paths = tuple([move.before.rstrip("/").encode() + b"/" for move in self])
        """The previous beginnings of paths, with a slash at their end."""
        self.domains = {move.before.encode(): move.after.encode() for move in self}


NO_MOVES = Moves()


@dataclass(frozen=True, slots=True)
class Rules:
    """One verb for each attribute. The default keeps the attribute unchanged."""

    secure: Flag = Flag.KEEP
    http_only: Flag = Flag.KEEP
    partitioned: Flag = Flag.KEEP
    same_site: SameSite = field(default_factory=SameSite)
    path: str | None = None
    domain: str | None = None
    """The widest domain allowed; `host-only` removes the attribute."""
    path_moves: Moves = NO_MOVES
    """Moves of paths. If several apply, the longest path counts."""
    domain_moves: Moves = NO_MOVES
    """Moves of domains, to another domain or to `host-only`."""
    priority: str | None = None
    supersede: bool = True
    """If an edit changes the cookie's identity in browsers, the cookie under the old identity is expired."""
    renew: bool = True
    """False if a later visit does not extend the cookie's life."""
    bound: Lifetime | None = None
    """The effective maximum: the lifetime of the entry or of the defaults, limited by the ceiling."""


HOST_ONLY = "host-only"


@dataclass(frozen=True, slots=True)
class Seal:
    """Options for sealing a cookie's value."""

    context: str = ""
    """Text to which a sealed value is bound, in addition to its name, if the cookie is not bound to its host.
    If empty, it is bound to the policy's name."""
    accept_plain_until: float = -math.inf
    """End of the time in which unsealed values are accepted, in seconds since the epoch."""
    passes_too_large: bool = False
    """True if a value whose sealed form does not fit into a cookie passes unsealed; else it is blocked."""


@dataclass(frozen=True, slots=True)
class Rename:
    """The name under which browsers keep a cookie."""

    name: str
    accept_plain_until: float = math.inf
    """End of the time in which the application's own name is accepted in requests without the new name, in seconds
    since the epoch."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A declared cookie, with its data for the statement and its rules."""

    name: str
    place: Place
    rules: Rules
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    category: str = ""
    purpose: Texts = field(default_factory=dict)
    lifetime: Lifetime | None = None
    lifetime_source: str = ""
    renewed: Texts = field(default_factory=dict)
    set_by: SetBy = SetBy.SERVER
    party: str = ""
    owner: str = ""
    reason: str = ""
    forward: bool = True
    report_only: bool = False
    device_bound: bool = False
    """True if browsers compare the cookie's attributes with the registration of a device-bound session."""
    until: float = math.inf
    """End of the entry, in seconds since the epoch."""
    seal: Seal | None = None
    rename: Rename | None = None
    stated: frozenset[str] = field(default=frozenset(), compare=False)
    """The keys that the entry itself has, without the defaults. Two entries with the same rules are equal."""
    places: Mapping[str, Place] = field(default_factory=dict)
    """Places of the keys that affect this entry, including `defaults`; for `explain` and diagnostics."""

    @property
    def is_transported(self) -> bool:
        """True if the policy seals or renames the cookie."""
        return self.seal is not None or self.rename is not None


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the statement. `granted_by` has the words of the consent manager that grant it."""

    name: str
    basis: Texts = field(default_factory=dict)
    consent: ConsentNeed = ConsentNeed.EXEMPT
    granted_by: frozenset[str] = frozenset()
    gpc: Gpc = Gpc.IGNORE
    unknown: bool | None = None
    """True if the cookies pass while the answer is missing or unreadable; None for the usual of its `consent`."""
    title: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)

    @property
    def is_gated(self) -> bool:
        """True if the cookies depend on the visitor's answer."""
        return self.consent is not ConsentNeed.EXEMPT

    @property
    def is_objected_by_gpc(self) -> bool:
        """True if `Sec-GPC: 1` denies the category in every case."""
        return self.is_gated and self.gpc is Gpc.DENY


@dataclass(frozen=True, slots=True)
class Consent:
    """The cookie that contains the visitor's answer, and the categories that depend on it.

    `cookie` is empty if the only answer is Sec-GPC."""

    cookie: str
    format: ConsentFormat
    unknown_grants: bool = False
    """True if categories that require consent pass while the answer is missing or unreadable."""
    gates: tuple[Category, ...] = ()

    def grants_unknown(self, gate: Category) -> bool:
        """Check whether a category's cookies pass while the answer is missing or unreadable."""
        if gate.unknown is not None:
            return gate.unknown
        return gate.consent is ConsentNeed.OPT_OUT or self.unknown_grants


SCRIPT_READ = frozenset({"csrftoken", "XSRF-TOKEN", "_xsrf"})
"""Names that frameworks' scripts read: Django, Angular, Tornado."""
_SCRIPT_READ = re.compile(
    r"(?i).*(?:csrf|xsrf).*|wp-settings-.*|_g(?:a|id|at|cl|ac)(?:[-_.*].*)?|_fb[cp]|_pk_.*|_hj.*|_clck|_clsk|ajs_.*|"
    r"mp_.*_mixpanel|intercom-.*|__hs(?:tc|sc|src)|hubspotutk|optanonconsent|cookieconsent|cookieyes-consent|klaro|"
    r"euconsent-v2|cmplz_.*|i18n_redirected|i18next|next_locale"
)
"""Names that scripts read: tokens against forged requests, WordPress, analytics, consent managers and languages."""


def is_script_read(name: str) -> bool:
    """Check for a name, or a glob, that scripts are known to read."""
    return _SCRIPT_READ.fullmatch(name) is not None


SHIPPED_LANGUAGES = ("en", "nl")
"""Languages in which cookiewarden has its own words for the statement."""
STATEMENT_TEXTS = ("title", "introduction", "role", "rights", "cookies", "refuse", "contact", "about")
"""The fields of a statement that are texts by language."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Texts of the published statement, and its path on the proxy."""

    path: str = ""
    """Path at which the proxy serves the statement; if empty, it is not served."""
    edited: str = ""
    """Day of the last edit, such as 2026-12-31."""
    languages: tuple[str, ...] = ("en",)
    """Languages of the statement. A text without a language is in the first one."""
    publisher: str = ""
    title: Texts = field(default_factory=dict)
    introduction: Texts = field(default_factory=dict)
    role: Texts = field(default_factory=dict)
    rights: Texts = field(default_factory=dict)
    cookies: Texts = field(default_factory=dict)
    refuse: Texts = field(default_factory=dict)
    contact: Texts = field(default_factory=dict)
    about: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """A complete policy, composed of main file, includes and defaults."""

    name: str
    entries: tuple[Entry, ...]
    mode: Mode = Mode.ENFORCE
    on_response: OnUndeclaredResponse = OnUndeclaredResponse.BLOCK
    on_request: OnUndeclaredRequest = OnUndeclaredRequest.STRIP
    evict: Evict = Evict.OFF
    evict_domains: frozenset[str] = frozenset()
    """Domains to which `evict: domain` is limited; if empty, all except public suffixes."""
    inject_guard: bool = False
    """Add a script to pages that stops scripts from setting undeclared cookies and cookies without consent."""
    on_error: OnError = OnError.CLOSED
    public_hosts: tuple[str, ...] = ()
    """Hosts under which browsers know the application, so that a rejected Domain is certain."""
    categories: Mapping[str, Category] = field(default_factory=dict)
    consent: Consent | None = None
    gpc_json: str = ""
    """Day of the last change of /.well-known/gpc.json; empty for the statement's, `off` if it is not served."""
    statement: Statement = field(default_factory=Statement)
    places: Mapping[str, Place] = field(default_factory=dict)
    """Places of `undeclared.response`, `undeclared.request` and `ceiling`, if given, by their last part."""
    sha256: str = ""
    """Hash of the bytes of all files, in the order read, to compare the policies of two pods."""

    @property
    def seals(self) -> bool:
        """True if the policy needs a sealing key."""
        return any(entry.seal is not None for entry in self.entries)

    def enforces_answer(self, entries: Iterable[Entry]) -> bool:
        """Check whether the proxy, in enforce mode, enforces the visitor's answer for all these entries.

        Scripts set cookies past the proxy, unless the guard stops them."""
        return all(not e.report_only and (e.set_by is SetBy.SERVER or self.inject_guard) for e in entries)

    @property
    def transports(self) -> bool:
        """True if the policy seals or renames a cookie, which makes it larger in browsers."""
        return any(entry.is_transported for entry in self.entries)
