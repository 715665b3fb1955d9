"""What does a policy say to the engine? Frozen values, every default resolved, every entry with its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from cookiewarden.core.policy.problem import Place

Texts = Mapping[str, str]
"""A text by language; the empty key holds one given without a language."""

DAY = 86400
BROWSER_MAX = 400 * DAY
"""Seconds after which browsers cut every lifetime (RFC 6265bis 5.5)."""


class Mode(StrEnum):
    ENFORCE = "enforce"
    REPORT = "report"


class OnError(StrEnum):
    """What happens to a cookie that could not be judged because of a fault of our own."""

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
    """Where cookies that a browser holds and may not are expired."""

    OFF = "off"
    HOST = "host"
    DOMAIN = "domain"
    """At the domains above as well."""


class SetBy(StrEnum):
    SERVER = "server"
    SCRIPT = "script"
    BOTH = "both"
    INFRASTRUCTURE = "infrastructure"


class Gpc(StrEnum):
    """What `Sec-GPC: 1` means for a category."""

    DENY = "deny"
    """It denies, also over a grant."""
    DEFAULT = "default"
    """It denies while the visitor has not answered."""
    IGNORE = "ignore"


class ConsentFormat(StrEnum):
    LIST = "list"
    JSON = "json"
    KLARO = "klaro"
    COOKIEBOT = "cookiebot"
    ONETRUST = "onetrust"
    TCF = "tcf"


class Flag(StrEnum):
    """The verbs of `secure`, `http_only` and `partitioned`."""

    ON = "true"
    OFF = "false"
    """Not required: nothing is added and nothing is removed."""
    HTTPS = "https"
    """`secure` only: on where the browser came over HTTPS."""
    REMOVE = "remove"
    KEEP = "keep"


class SameSiteVerb(StrEnum):
    EXACTLY = "exactly"
    DEFAULT = "default"
    AT_LEAST = "at_least"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class SameSite:
    """A verb and the value that it speaks of: `None`, `Lax` or `Strict` (empty for `keep`)."""

    verb: SameSiteVerb = SameSiteVerb.KEEP
    value: str = ""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """An upper bound in seconds, or `session` (`seconds` is 0), with the text that the policy gave."""

    text: str
    seconds: int

    @property
    def is_session(self) -> bool:
        return self.seconds == 0

    def __str__(self) -> str:
        return self.text


UNITS = {"s": 1, "min": 60, "h": 3600, "d": DAY, "w": 7 * DAY, "mo": 730 * 3600, "y": 365 * DAY}
"""Of a lifetime, in seconds."""


def lifetime_text(seconds: int) -> str:
    """As a policy says it: `session`, `1y`, `90d`; the largest unit that fits."""
    if seconds <= 0:
        return "session"
    unit, size = next((unit, size) for unit, size in reversed(UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"


@dataclass(frozen=True, slots=True)
class Rules:
    """One verb for each attribute; the default of every attribute is to keep it as it comes."""

    secure: Flag = Flag.KEEP
    http_only: Flag = Flag.KEEP
    partitioned: Flag = Flag.KEEP
    same_site: SameSite = field(default_factory=SameSite)
    path: str | None = None
    domain: str | None = None
    """The widest domain allowed; `host-only` takes the attribute off."""
    priority: str | None = None
    supersede: bool = True
    """Where an edit changes under which identity browsers keep a cookie, the application's is expired."""
    bound: Lifetime | None = None
    """The effective upper bound: the entry's lifetime or the default's, cut to the ceiling."""


HOST_ONLY = "host-only"


@dataclass(frozen=True, slots=True)
class Seal:
    """How a cookie's value is sealed."""

    context: str = ""
    """What a sealed value is bound to besides its name, where the cookie is not bound to its host.
    Empty: the policy's name."""
    accept_plain_until: float = -math.inf
    """Until when values that were never sealed are let in, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Under which name browsers keep a cookie."""

    name: str
    accept_plain_until: float = math.inf
    """Until when the application's own name is let in where the other does not come.
    In seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A declared cookie: what the statement says of it and the rules that make it true."""

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
    until: float = math.inf
    """When it ends, in seconds since the epoch."""
    seal: Seal | None = None
    rename: Rename | None = None
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where each key that speaks of this entry stands, `defaults` included: for `explain` and diagnostics."""

    @property
    def is_transported(self) -> bool:
        """Whether browsers keep it otherwise than the application does."""
        return self.seal is not None or self.rename is not None


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the statement; `granted_by`: the consent manager's words that grant it."""

    name: str
    basis: Texts = field(default_factory=dict)
    required: bool = False
    granted_by: frozenset[str] = frozenset()
    gpc: Gpc = Gpc.IGNORE
    title: Texts = field(default_factory=dict)
    description: Texts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Consent:
    """Where the visitor's answer is, and the categories that ask for it."""

    cookie: str
    format: ConsentFormat
    unknown_grants: bool = False
    gates: tuple[Category, ...] = ()


SCRIPT_READ = frozenset({"csrftoken", "XSRF-TOKEN", "_xsrf"})
"""Names that frameworks' scripts read: Django, Angular, Tornado."""
SHIPPED_LANGUAGES = ("en", "nl")
"""In which the statement has words of its own."""
STATEMENT_TEXTS = ("title", "introduction", "role", "rights", "cookies", "refuse", "contact", "about")
"""The fields of a statement that are texts by language."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What the published statement says besides the cookies, and where the proxy serves it."""

    path: str = ""
    """Empty: nowhere."""
    edited: str = ""
    """The day of its last edit, as in 2026-12-31."""
    languages: tuple[str, ...] = ("en",)
    """In which it is published. A text that is given without a language is in the first."""
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
    """A whole register: main file, includes and defaults composed."""

    name: str
    entries: tuple[Entry, ...]
    mode: Mode = Mode.ENFORCE
    on_response: OnUndeclaredResponse = OnUndeclaredResponse.BLOCK
    on_request: OnUndeclaredRequest = OnUndeclaredRequest.STRIP
    evict: Evict = Evict.OFF
    evict_domains: frozenset[str] = frozenset()
    """The domains that `evict: domain` is limited to; empty: all that are no public suffix."""
    inject_guard: bool = False
    """Whether pages get a script that refuses what scripts may not set."""
    on_error: OnError = OnError.CLOSED
    public_hosts: tuple[str, ...] = ()
    """Hosts under which browsers know the application: what they refuse there is certain."""
    categories: Mapping[str, Category] = field(default_factory=dict)
    consent: Consent | None = None
    statement: Statement = field(default_factory=Statement)
    places: Mapping[str, Place] = field(default_factory=dict)
    """Where `undeclared.response`, `undeclared.request` and `ceiling` stand, if given, by their last word."""
    sha256: str = ""
    """Over the bytes of all files, one after the other, so that two pods can be compared."""

    @property
    def seals(self) -> bool:
        """Whether it takes a key."""
        return any(entry.seal is not None for entry in self.entries)
