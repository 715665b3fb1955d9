"""Facts by which two policies are compared: stable keys, and labels for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Topic(StrEnum):
    """Topic of a fact. The values are stable, because they are in the JSON of `cookiewarden diff`."""

    # a cookie, found by trials
    SET = "set"
    SENT = "sent"
    HELD = "held"
    DELETION = "deletion"
    KEPT_FOR = "kept-for"
    SECURE = "secure"
    HTTP_ONLY = "http-only"
    PARTITIONED = "partitioned"
    SAME_SITE = "same-site"
    NONE_WITHOUT_SECURE = "none-without-secure"
    PARTITIONED_WITHOUT_SECURE = "partitioned-without-secure"
    SECURE_MISSING = "secure-missing"
    PATH_MISSING = "path-missing"
    HTTP_ONLY_MISSING = "http-only-missing"
    PATH = "path"
    DOMAIN = "domain"
    PRIORITY = "priority"
    VALUE = "value"
    KEPT_NAME = "kept-name"
    SUPERSEDED = "superseded"
    # a cookie, from its entry
    PATH_MOVED = "path-moved"
    DOMAIN_MOVED = "domain-moved"
    DECLARED = "declared"
    ENFORCED = "enforced"
    CONSENT = "consent"
    WITHOUT_ANSWER = "without-answer"
    GRANTED_BY = "granted-by"
    GPC = "gpc"
    SEALED_FOR = "sealed-for"
    UNSEALED_UNTIL = "unsealed-until"
    SEALED_TOO_LARGE = "sealed-too-large"
    OWN_NAME_UNTIL = "own-name-until"
    DECLARED_UNTIL = "declared-until"
    CATEGORY = "category"
    PURPOSE = "purpose"
    STATED_LIFETIME = "stated-lifetime"
    RENEWAL = "renewal"
    RENEWED = "renewed"
    SET_BY = "set-by"
    PARTY = "party"
    LIFETIME_SOURCE = "lifetime-source"
    OWNER = "owner"
    REASON = "reason"
    AS_WRITTEN = "as-written"
    # all cookies
    MODE = "mode"
    UNDECLARED_SET = "undeclared-set"
    UNDECLARED_SENT = "undeclared-sent"
    UNDECLARED_HELD = "undeclared-held"
    UNDECLARED_BY_SCRIPT = "undeclared-by-script"
    EVICT_DOMAINS = "evict-domains"
    ON_ERROR = "on-error"
    CONSENT_COOKIE = "consent-cookie"
    CONSENT_UNKNOWN = "consent-unknown"
    PUBLIC_HOSTS = "public-hosts"
    # the statement
    STATEMENT_PATH = "statement-path"
    STATEMENT_EDITED = "statement-edited"
    STATEMENT_LANGUAGES = "statement-languages"
    STATEMENT_PUBLISHER = "statement-publisher"
    STATEMENT_TITLE = "statement-title"
    STATEMENT_INTRODUCTION = "statement-introduction"
    STATEMENT_ROLE = "statement-role"
    STATEMENT_RIGHTS = "statement-rights"
    STATEMENT_COOKIES = "statement-cookies"
    STATEMENT_REFUSE = "statement-refuse"
    STATEMENT_CONTACT = "statement-contact"
    STATEMENT_ABOUT = "statement-about"
    CATEGORY_TITLE = "category-title"
    CATEGORY_DESCRIPTION = "category-description"
    CATEGORY_BASIS = "category-basis"


LABELS = {
    Topic.SET: "set by the application",
    Topic.SENT: "sent by browsers",
    Topic.HELD: "held by browsers",
    Topic.DELETION: "its deletion",
    Topic.KEPT_FOR: "kept for",
    Topic.SECURE: "Secure",
    Topic.HTTP_ONLY: "HttpOnly",
    Topic.PARTITIONED: "Partitioned",
    Topic.SAME_SITE: "SameSite",
    Topic.NONE_WITHOUT_SECURE: "SameSite=None without Secure",
    Topic.PARTITIONED_WITHOUT_SECURE: "Partitioned without Secure",
    Topic.SECURE_MISSING: "Secure missing but required by browsers",
    Topic.PATH_MISSING: "Path missing but required by browsers",
    Topic.HTTP_ONLY_MISSING: "HttpOnly missing but required by browsers",
    Topic.PATH: "Path",
    Topic.DOMAIN: "Domain",
    Topic.PRIORITY: "Priority",
    Topic.VALUE: "value",
    Topic.KEPT_NAME: "name in browsers",
    Topic.SUPERSEDED: "cookie at its old path or domain",
    Topic.PATH_MOVED: "paths moved",
    Topic.DOMAIN_MOVED: "domains moved",
    Topic.DECLARED: "declared",
    Topic.ENFORCED: "enforced",
    Topic.CONSENT: "consent",
    Topic.WITHOUT_ANSWER: "without an answer",
    Topic.GRANTED_BY: "granted by",
    Topic.GPC: "Sec-GPC",
    Topic.SEALED_FOR: "sealed for",
    Topic.UNSEALED_UNTIL: "unsealed values accepted until",
    Topic.SEALED_TOO_LARGE: "values too large to be sealed",
    Topic.OWN_NAME_UNTIL: "original name accepted until",
    Topic.DECLARED_UNTIL: "declared until",
    Topic.CATEGORY: "category",
    Topic.PURPOSE: "purpose",
    Topic.STATED_LIFETIME: "stated lifetime",
    Topic.RENEWAL: "a visit",
    Topic.RENEWED: "renewed",
    Topic.SET_BY: "set by",
    Topic.PARTY: "party",
    Topic.LIFETIME_SOURCE: "lifetime is",
    Topic.OWNER: "owner",
    Topic.REASON: "reason",
    Topic.AS_WRITTEN: "{of}, as written",
    Topic.MODE: "mode",
    Topic.UNDECLARED_SET: "undeclared, set by the application",
    Topic.UNDECLARED_SENT: "undeclared, sent by browsers",
    Topic.UNDECLARED_HELD: "undeclared, held by browsers",
    Topic.UNDECLARED_BY_SCRIPT: "undeclared, set by scripts",
    Topic.EVICT_DOMAINS: "evicted at the domains",
    Topic.ON_ERROR: "after an internal error",
    Topic.CONSENT_COOKIE: "consent",
    Topic.CONSENT_UNKNOWN: "missing or unreadable consent",
    Topic.PUBLIC_HOSTS: "public hosts",
    Topic.STATEMENT_PATH: "statement: served at",
    Topic.STATEMENT_EDITED: "statement: edited",
    Topic.STATEMENT_LANGUAGES: "statement: languages",
    Topic.STATEMENT_PUBLISHER: "statement: publisher",
    Topic.STATEMENT_TITLE: "statement: title",
    Topic.STATEMENT_INTRODUCTION: "statement: introduction",
    Topic.STATEMENT_ROLE: "statement: role",
    Topic.STATEMENT_RIGHTS: "statement: rights",
    Topic.STATEMENT_COOKIES: "statement: cookies",
    Topic.STATEMENT_REFUSE: "statement: refuse",
    Topic.STATEMENT_CONTACT: "statement: contact",
    Topic.STATEMENT_ABOUT: "statement: about",
    Topic.CATEGORY_TITLE: "statement: title of {of}",
    Topic.CATEGORY_DESCRIPTION: "statement: description of {of}",
    Topic.CATEGORY_BASIS: "statement: basis of {of}",
}
"""Labels for people, which can change. `{of}` is the rule or the category."""


class Key(NamedTuple):
    """Key of a fact."""

    topic: Topic
    of: str = ""
    """Category, or rule of an entry, if the topic has several facts."""

    @property
    def label(self) -> str:
        return LABELS[self.topic].format(of=self.of)


class Usual(StrEnum):
    """Text of a fact without a rule. It is left out if the other policy has no such fact."""

    AS_SET = "as the application sets it"
    NOTHING = "nothing"
    OWN = "its own"
    LEFT_ALONE = "left alone"
    NOT_ASKED = "not required"
    ENFORCED = "yes"
    GPC_IGNORED = "ignore"
    ANY_TIME = "any time"
    EXTENDS = "extends its life"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Fact:
    """Property of a cookie or a policy. `strictness` compares two facts with the same key. Numbers are compared one by
    one, and a superset is stricter. None means that the fact does not affect enforcement."""

    text: str | Usual
    strictness: tuple[float, ...] | frozenset[str] | None = None

    @property
    def is_usual(self) -> bool:
        return isinstance(self.text, Usual)


Effect = Mapping[Key, Fact]
"""Facts in the order of output."""


def effect_of(facts: Mapping[Topic, Fact]) -> dict[Key, Fact]:
    """Return the effect for topics with one fact each."""
    return {Key(topic): fact for topic, fact in facts.items()}
