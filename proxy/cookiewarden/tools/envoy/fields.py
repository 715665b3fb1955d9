"""The header fields that a policy reads. Envoy sends only these to the processor."""

from collections.abc import Iterable

from cookiewarden.core.policy.policy import Evict, Policy

REQUEST = (":method", ":scheme", ":authority", ":path", "x-forwarded-proto", "cookie")
"""Fields that every policy reads: method, scheme, host, path and cookies."""
CROSSING = ("origin", "sec-fetch-dest", "sec-fetch-site")
"""Fields by which the inventory notes requests of other sites, for `forecast` and `drift`."""
NAVIGATION = ("accept", "sec-fetch-dest", "sec-fetch-mode")
"""Fields by which a navigation is recognized."""
RESPONSE = (":status", "date", "set-cookie")
PAGE = ("cache-control", "cdn-cache-control", "content-type", "etag", "expires", "last-modified", "surrogate-control")
"""Fields by which a page that shared caches do not store is recognized."""

COOKIES = "^(set-)?cookie$"
"""The fields that answers about heads change, as a regular expression."""
WITH_PAGES = "^((set-)?cookie|(x-)?content-[a-z-]+|cache-control|etag|retry-after|vary)$"
"""The same with the fields of the statement and of the script guard. Envoy allows expressions of 100 instructions."""


def changed_fields(policies: Iterable[Policy]) -> str:
    """Return an expression for the fields that answers may change."""
    return WITH_PAGES if any(policy.statement.path or policy.inject_guard for policy in policies) else COOKIES


def request_fields(policy: Policy) -> list[str]:
    """Return the names of the request's fields that decisions and own pages read, in lower case and sorted."""
    found = {*REQUEST, *CROSSING}
    if policy.evict is not Evict.OFF:
        found |= {*NAVIGATION}
    if policy.consent is not None:
        found |= {"sec-gpc"}
    if policy.statement.path:
        found |= {"accept-language", "if-none-match"}
    if policy.inject_guard:
        found |= {"referer"}
    return sorted(found)


def response_fields(policy: Policy) -> list[str]:
    """Return the names of the response's fields that decisions read, in lower case and sorted."""
    return sorted({*RESPONSE, *(PAGE if policy.evict is not Evict.OFF else ())})
