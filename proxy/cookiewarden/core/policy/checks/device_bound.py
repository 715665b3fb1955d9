"""Checks of cookies of device-bound sessions.

Browsers compare the cookie with the registration of its session: name, Domain, Path, Secure, HttpOnly, SameSite and
partition (W3C, Device Bound Session Credentials). If one differs, they refresh the session before each request."""

from collections.abc import Iterator

from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import Entry, Flag, SameSiteVerb
from cookiewarden.core.policy.problem import Code, Problem


def changed_when_bound(declared: Declared) -> Iterator[Problem]:
    """Report the rules that may change an attribute of a device-bound cookie, or that drop its refresh."""
    entry = declared.entry
    if not entry.device_bound:
        return
    for key, attribute in _changed(entry):
        message = f'"{entry.name}" is device-bound, and {key} may change {attribute}, which browsers compare; use keep'
        yield declared.draft.problem(Code.DEVICE_BOUND, message, key)
    if entry.rename is not None:
        message = f'"{entry.name}" is device-bound, and browsers compare its name; remove rename_to'
        yield declared.draft.problem(Code.DEVICE_BOUND, message, "rename_to")
    if not entry.rules.renew:
        message = f'"{entry.name}" is device-bound, and a refresh may set the same value again; set renew to true'
        yield declared.draft.problem(Code.DEVICE_BOUND, message, "renew")


def _changed(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yield each key that may change an attribute, with the attribute."""
    rules = entry.rules
    if rules.domain is not None or rules.domain_moves:
        yield "domain", "Domain"
    if rules.path is not None or rules.path_moves:
        yield "path", "Path"
    changing = (Flag.ON, Flag.HTTPS, Flag.REMOVE)
    for key, verb, attribute in (
        ("secure", rules.secure, "Secure"),
        ("http_only", rules.http_only, "HttpOnly"),
        ("partitioned", rules.partitioned, "Partitioned"),
    ):
        if verb in changing:
            yield key, attribute
    if rules.same_site.verb is not SameSiteVerb.KEEP:
        yield "same_site", "SameSite"
