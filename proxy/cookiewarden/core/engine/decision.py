"""What the engine is asked and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.policy.policy import Entry

Header = tuple[bytes, bytes]

UNDECLARED = "__undeclared__"
"""The label of every cookie that is in no entry: names from the wire are never labels."""


class Action(StrEnum):
    PASS = "pass"
    REWRITE = "rewrite"
    BLOCK = "block"
    STRIP = "strip"
    EVICT = "evict"
    """A line of our own that expires a cookie which the browser holds and may not."""


class Reason(StrEnum):
    """Why a decision is what it is. Stable: metric label, `explain` output and heading in the reference."""

    # about the cookie
    UNDECLARED = "undeclared"
    OUT_OF_SCOPE = "out-of-scope"
    ENTRY_EXPIRED = "entry-expired"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    DELETION = "deletion"
    SET_BY_SERVER = "set-by-server"
    NOT_FORWARDED = "not-forwarded"
    DUPLICATE_NAME = "duplicate-name"
    NO_CONSENT = "no-consent"
    GPC = "gpc"
    EVICTED = "evicted"
    SUPERSEDED = "superseded"
    # edits
    DOMAIN_CHANGED = "domain-changed"
    PATH_CHANGED = "path-changed"
    PARTITIONED_CHANGED = "partitioned-changed"
    SECURE_ADDED = "secure-added"
    SECURE_REMOVED = "secure-removed"
    SAME_SITE_CHANGED = "same-site-changed"
    HTTP_ONLY_ADDED = "http-only-added"
    HTTP_ONLY_REMOVED = "http-only-removed"
    PRIORITY_CHANGED = "priority-changed"
    LIFETIME_CAPPED = "lifetime-capped"
    LIFETIME_UNREADABLE = "lifetime-unreadable"
    LIFETIME_NORMALIZED = "lifetime-normalized"
    RENAMED = "renamed"
    PLAIN_NAME = "plain-name"
    SEALED = "sealed"
    OPENED = "opened"
    SEAL_INVALID = "seal-invalid"
    # what browsers would refuse
    NONE_WITHOUT_SECURE = "none-without-secure"
    PREFIX_RULE = "prefix-rule"
    BROWSER_WOULD_REFUSE = "browser-would-refuse"
    SECURE_OVER_HTTP = "secure-over-http"
    # our own faults
    POLICY_ERROR = "policy-error"


MEANINGS = {
    Reason.UNDECLARED: "the cookie is in no entry of the policy",
    Reason.OUT_OF_SCOPE: "the cookie is declared, but not for this host or path",
    Reason.ENTRY_EXPIRED: "the cookie was declared until a day that has passed",
    Reason.MALFORMED: "browsers would ignore the line (control characters, or neither name nor value), or it has more "
    "than 12 attributes",
    Reason.TOO_LARGE: "browsers would ignore the cookie: name and value are over 4096 bytes",
    Reason.DELETION: "the line deletes the cookie, and deletions always pass",
    Reason.SET_BY_SERVER: "the policy says that a script sets this cookie, and the application did",
    Reason.NOT_FORWARDED: "the policy keeps this cookie from the application",
    Reason.DUPLICATE_NAME: "the name came more than once in one request",
    Reason.NO_CONSENT: "the cookie's category asks for consent, and the visitor has not given it",
    Reason.GPC: "the browser says Sec-GPC: 1, and the policy heeds it for the cookie's category",
    Reason.EVICTED: "the browser sent a cookie that may not be there, and is told to forget it",
    Reason.SUPERSEDED: "the cookie that browsers may still hold as the application asked for it is expired first",
    Reason.DOMAIN_CHANGED: "Domain was wider than the policy allows",
    Reason.PATH_CHANGED: "the policy gives the Path",
    Reason.PARTITIONED_CHANGED: "the policy decides on Partitioned",
    Reason.SECURE_ADDED: "Secure was missing",
    Reason.SECURE_REMOVED: "the policy takes Secure off",
    Reason.SAME_SITE_CHANGED: "the policy gives SameSite",
    Reason.HTTP_ONLY_ADDED: "HttpOnly was missing",
    Reason.HTTP_ONLY_REMOVED: "the policy takes HttpOnly off",
    Reason.PRIORITY_CHANGED: "the policy gives Priority",
    Reason.LIFETIME_CAPPED: "the lifetime was longer than the policy promises",
    Reason.LIFETIME_UNREADABLE: "a Max-Age or Expires is not valid, and browsers differ on it: it is removed, and "
    "without another one the cookie ends with the browser's session",
    Reason.LIFETIME_NORMALIZED: "a Max-Age or Expires was repeated or unusual: one is left, in the form that all "
    "browsers read alike",
    Reason.RENAMED: "browsers keep the cookie under another name than the application's",
    Reason.PLAIN_NAME: "the cookie came under the application's own name, and browsers keep it under another",
    Reason.SEALED: "the value is encrypted before the browser gets it",
    Reason.OPENED: "the value is decrypted before the application gets it",
    Reason.SEAL_INVALID: "the value should be sealed, and was not, or not by these keys for this cookie",
    Reason.NONE_WITHOUT_SECURE: "browsers refuse SameSite=None or Partitioned without Secure",
    Reason.PREFIX_RULE: "browsers refuse a name with this prefix without the attributes that the prefix promises",
    Reason.BROWSER_WOULD_REFUSE: "browsers on this host would refuse the cookie",
    Reason.SECURE_OVER_HTTP: "browsers refuse Secure cookies over plain HTTP, and this seems to be plain HTTP",
    Reason.POLICY_ERROR: "judging the cookie failed; it is not let through unjudged",
}

NOT_VIOLATIONS = frozenset(
    {
        Reason.DELETION,
        Reason.EVICTED,
        Reason.SUPERSEDED,
        Reason.RENAMED,
        Reason.SEALED,
        Reason.OPENED,
        Reason.LIFETIME_NORMALIZED,
    }
)
"""Reasons that are no breach of the register."""

ONLY_REPORTED = frozenset(
    {Reason.DUPLICATE_NAME, Reason.SET_BY_SERVER, Reason.BROWSER_WOULD_REFUSE, Reason.SECURE_OVER_HTTP}
)
"""Reasons that change nothing, whatever the mode, unless they are why a cookie is blocked (`public_hosts`)."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """What the policy says of one cookie. `action` is what it calls for; `enforced` whether that was done."""

    action: Action
    entry: Entry | None = None
    reasons: tuple[Reason, ...] = ()
    enforced: bool = True
    supersedes: bytes = b""
    """A Set-Cookie value that goes before the cookie and expires what it replaces; nothing where nothing is
    replaced."""

    @property
    def told(self) -> str:
        """`block (undeclared)`, `rewrite (secure-added), only reported`."""
        reasons = ", ".join(reason.value for reason in self.reasons)
        text = f"{self.action.value} ({reasons})" if reasons else self.action.value
        return text if self.enforced or self.action is Action.PASS else f"{text}, only reported"

    @property
    def label(self) -> str:
        """The entry's name or `__undeclared__`: a closed set."""
        return self.entry.name if self.entry is not None else UNDECLARED


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """What a decision needs to know of the request: the Host header, the target, how the browser came, and, where the
    policy asks for consent or evicts, its method and its headers as they came. No repr: it holds values."""

    host: bytes = b"localhost"
    target: bytes = b"/"
    https: bool = True
    headers: Sequence[Header] = ()
    method: bytes = b"GET"


@dataclass(frozen=True, slots=True, repr=False)
class Judged:
    """One cookie: its name, the header text before (empty: a line of our own), after (None: gone), and the decision. No
    repr: values."""

    name: bytes
    before: bytes
    after: bytes | None
    decision: Decision


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The headers after the policy, and what was decided, in the order of the headers."""

    headers: list[Header]
    cookies: list[Judged]
