"""The header fields that a policy reads. Envoy sends only these to the processor."""

from collections.abc import Sequence

from cookiewarden.core.policy.policy import Evict, Policy

REQUEST = (":method", ":scheme", ":authority", ":path", "x-forwarded-proto", "cookie")
"""Fields that every policy reads: method, scheme, host, path and cookies."""
TRACED = ("traceparent",)
"""Fields that `tracing` reads, which is a setting of the processor and not in the policy."""
CROSSING = ("origin", "sec-fetch-dest", "sec-fetch-site")
"""Fields by which the inventory notes requests of other sites, for `forecast` and `drift`."""
NAVIGATION = ("accept", "sec-fetch-dest", "sec-fetch-mode")
"""Fields by which a navigation is recognized."""
RESPONSE = (":status", "date", "set-cookie")
PAGE = ("cache-control", "cdn-cache-control", "content-type", "etag", "expires", "last-modified", "surrogate-control")
"""Fields by which a page that shared caches do not store is recognized."""

STATEMENT = ("cache-control", "content-(language|security-policy|type)", "etag", "vary", "x-content-type-options")
GUARD = ("cache-control", "content-type", "x-content-type-options")
"""Fields of the proxy's own pages, as expressions. Envoy applies its mutation_rules to them too."""


def request_fields(policy: Policy) -> list[str]:
    """Return the names of the request's fields that decisions and own pages read, in lower case and sorted."""
    found = {*REQUEST, *CROSSING, *TRACED}
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


def _serves_gpc_json(policy: Policy) -> bool:
    is_objected = any(category.is_objected_by_gpc for category in policy.categories.values())
    return is_objected and policy.gpc_json != "off"


def changed_fields(policies: Sequence[Policy]) -> str:
    """Return the expression (RE2) for the fields that answers set. Envoy allows a program size of 100."""
    names = ["(set-)?cookie"]
    if any(policy.statement.path for policy in policies):
        names += STATEMENT
    elif any(policy.inject_guard or _serves_gpc_json(policy) for policy in policies):
        names += GUARD
    return f"^({'|'.join(names)})$" if names[1:] else "^(set-)?cookie$"
