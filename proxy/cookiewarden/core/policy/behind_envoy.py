"""Rules of a policy that have no effect where Envoy keeps the bodies of pages."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code, Problem

if TYPE_CHECKING:
    from cookiewarden.core.policy.source import Source


def envoy_problems(policy: Policy, sources: "Mapping[str, Source]") -> list[Problem]:
    """Return warnings for rules that the external processor of Envoy cannot apply."""
    place = policy.places.get("inject_guard")
    if place is None or not policy.inject_guard:
        return []
    message = (
        "inject_guard: no effect behind Envoy, which keeps the bodies of pages; add the tag of "
        "/.well-known/cookiewarden/guard.js to the pages, or run cookiewarden as a proxy"
    )
    return [sources[place.path].problem(Code.NO_EFFECT, place.pos, message)]
