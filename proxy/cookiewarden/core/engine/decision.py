"""Input and output types of the engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from cookiewarden.core.policy.policy import Entry

Header = tuple[bytes, bytes]

UNDECLARED = "__undeclared__"
"""Label of all undeclared cookies. Names from the wire are not used as labels."""


class Action(StrEnum):
    PASS = "pass"
    REWRITE = "rewrite"
    BLOCK = "block"
    STRIP = "strip"
    EVICT = "evict"
    """Add a Set-Cookie line that expires a cookie which the browser should not hold."""


class Reason(StrEnum):
    """Reasons for a decision. They are stable, because metric labels, `explain` and the reference use them."""

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
    CONSENT_UNREADABLE = "consent-unreadable"
    OBJECTED = "objected"
    GPC = "gpc"
    NOT_RENEWED = "not-renewed"
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
    SEAL_EXPIRED = "seal-expired"
    SEALED_TOO_LARGE = "sealed-too-large"
    # rejection by browsers
    NONE_WITHOUT_SECURE = "none-without-secure"
    PREFIX_RULE = "prefix-rule"
    BROWSER_WOULD_REFUSE = "browser-would-refuse"
    SECURE_OVER_HTTP = "secure-over-http"
    # internal errors
    POLICY_ERROR = "policy-error"


MEANINGS = {
    Reason.UNDECLARED: "the policy does not declare the cookie",
    Reason.OUT_OF_SCOPE: "the cookie is declared, but not for this host or path",
    Reason.ENTRY_EXPIRED: "the cookie's entry has ended",
    Reason.MALFORMED: "browsers ignore the line, or it has more than 12 known attributes, four equal names, two "
    "Expires or six tabs",
    Reason.TOO_LARGE: "name and value have more than 4096 bytes, so browsers ignore the cookie",
    Reason.DELETION: "the line deletes the cookie, and deletions always pass",
    Reason.SET_BY_SERVER: "the application set the cookie, although its set_by is script",
    Reason.NOT_FORWARDED: "the policy does not forward the cookie to the application",
    Reason.DUPLICATE_NAME: "the request has more than one cookie with this name",
    Reason.NO_CONSENT: "the cookie's category requires consent, which the visitor has not given",
    Reason.CONSENT_UNREADABLE: "the cookie's category requires consent, and the consent cookie cannot be read",
    Reason.OBJECTED: "the visitor has objected to the cookie's category",
    Reason.GPC: "the browser sent Sec-GPC: 1, which denies the cookie's category",
    Reason.NOT_RENEWED: "the browser holds the cookie with this value, and the policy does not extend its life",
    Reason.EVICTED: "the browser sent a cookie that it should not hold, so the cookie is expired",
    Reason.SUPERSEDED: "the policy changes the cookie's identity, so the one that browsers may still hold is expired",
    Reason.DOMAIN_CHANGED: "Domain was wider than the policy allows",
    Reason.PATH_CHANGED: "the policy sets Path",
    Reason.PARTITIONED_CHANGED: "the policy adds or removes Partitioned",
    Reason.SECURE_ADDED: "Secure was missing",
    Reason.SECURE_REMOVED: "the policy removes Secure",
    Reason.SAME_SITE_CHANGED: "the policy sets SameSite",
    Reason.HTTP_ONLY_ADDED: "HttpOnly was missing",
    Reason.HTTP_ONLY_REMOVED: "the policy removes HttpOnly",
    Reason.PRIORITY_CHANGED: "the policy sets Priority",
    Reason.LIFETIME_CAPPED: "the lifetime was longer than the policy allows",
    Reason.LIFETIME_UNREADABLE: "a Max-Age or Expires is not valid and is removed; without a valid one, the cookie "
    "ends with the browser's session",
    Reason.LIFETIME_NORMALIZED: "Max-Age or Expires was repeated or in an unusual form; one remains, in a form that "
    "all browsers read alike",
    Reason.RENAMED: "browsers keep the cookie under a new name",
    Reason.PLAIN_NAME: "the cookie was sent under the application's own name, not under its new name",
    Reason.SEALED: "the value is encrypted for the browser",
    Reason.OPENED: "the value is decrypted for the application",
    Reason.SEAL_INVALID: "the value is not sealed, or not with these keys for this cookie",
    Reason.SEAL_EXPIRED: "the sealed value is older than the policy allows, and its life is not extended",
    Reason.SEALED_TOO_LARGE: "the value fits into a cookie, but its sealed form with the name exceeds 4096 bytes; "
    "too_large of seal decides whether it passes unsealed",
    Reason.NONE_WITHOUT_SECURE: "browsers reject SameSite=None and Partitioned without Secure",
    Reason.PREFIX_RULE: "browsers reject the name without the attributes that its prefix requires",
    Reason.BROWSER_WOULD_REFUSE: "browsers on this host would reject the cookie because of its Domain",
    Reason.SECURE_OVER_HTTP: "browsers reject Secure cookies over plain HTTP, which this request seems to use",
    Reason.POLICY_ERROR: "judging the cookie failed, or its head needed too much work; on_error decides whether it "
    "passes",
}

DENIED_BY_ANSWER = frozenset({Reason.NO_CONSENT, Reason.CONSENT_UNREADABLE, Reason.OBJECTED, Reason.GPC})
"""Reasons for which the visitor's answer denies a category."""

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
"""Reasons that are not violations of the register."""

ONLY_REPORTED = frozenset(
    {Reason.DUPLICATE_NAME, Reason.SET_BY_SERVER, Reason.BROWSER_WOULD_REFUSE, Reason.SECURE_OVER_HTTP}
)
"""Reasons that do not change traffic in any mode, except for a block because of `public_hosts`."""


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """The policy's decision on a cookie. `enforced` is True if `action` is applied, not only reported."""

    action: Action
    entry: Entry | None = None
    reasons: tuple[Reason, ...] = ()
    enforced: bool = True
    supersedes: bytes = b""
    """Set-Cookie value that expires the cookie's previous identity and is sent before the cookie; may be empty."""

    def because(self, reasons: tuple[Reason, ...]) -> "Decision":
        """Return the same decision with these reasons."""
        return Decision(self.action, self.entry, reasons, self.enforced, self.supersedes)

    @property
    def told(self) -> str:
        """Text such as `block (undeclared)` or `rewrite (secure-added), only reported`."""
        reasons = ", ".join(reason.value for reason in self.reasons)
        text = f"{self.action.value} ({reasons})" if reasons else self.action.value
        return text if self.enforced or self.action is Action.PASS else f"{text}, only reported"

    @property
    def label(self) -> str:
        """The entry's name or `__undeclared__`, so that the set of labels is closed."""
        return self.entry.name if self.entry is not None else UNDECLARED


@dataclass(frozen=True, slots=True, repr=False)
class Exchange:
    """The parts of a request that decisions depend on.

    `method` and `headers` matter only if the policy reads consent, evicts or limits renewal. It has no repr, because it
    contains cookie values."""

    host: bytes = b"localhost"
    target: bytes = b"/"
    https: bool = True
    headers: Sequence[Header] = ()
    method: bytes = b"GET"


@dataclass(frozen=True, slots=True, repr=False)
class Judged:
    """A cookie with its decision.

    `before` is the original text (empty for a line added by the proxy) and `after` the resulting text (None if it is
    removed). It has no repr, because it contains cookie values."""

    name: bytes
    before: bytes
    after: bytes | None
    decision: Decision


@dataclass(frozen=True, slots=True, repr=False)
class Outcome:
    """The resulting headers, and the decisions in the order of the headers."""

    headers: list[Header]
    cookies: list[Judged]
