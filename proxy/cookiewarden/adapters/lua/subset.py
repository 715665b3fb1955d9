"""The policies that can be compiled: rules that need neither keys, nor own pages, nor a date, nor counters."""

from collections.abc import Iterator, Mapping

from cookiewarden.core.policy.policy import ConsentFormat, Entry, Evict, Mode, Policy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Path, Source

INSTEAD = "run cookiewarden as a proxy or as the processor of Envoy"


def outside(policy: Policy, sources: Mapping[str, Source]) -> list[Problem]:
    """Return an error for each rule that Lua cannot apply. `sources`: the files of the policy by path."""
    return [*_of_the_policy(policy, sources), *(problem for e in policy.entries for problem in _of_entry(e, sources))]


def _of_the_policy(policy: Policy, sources: Mapping[str, Source]) -> Iterator[Problem]:
    found: list[tuple[Path, str]] = []
    if policy.mode is not Mode.ENFORCE:
        found.append((("mode",), "mode report counts decisions, and Lua has no counters"))
    if policy.evict is not Evict.OFF:
        found.append((("undeclared", "evict"), "evict is not compiled"))
    if policy.consent is not None and policy.consent.format is not ConsentFormat.LIST:
        found.append((("consent", "format"), f"the consent format {policy.consent.format} is not compiled"))
    if policy.inject_guard:
        found.append((("inject_guard",), "inject_guard is not compiled"))
    if policy.statement.path:
        found.append((("statement", "path"), "the statement is not served by Lua"))
    if policy.public_hosts:
        found.append((("public_hosts",), "public_hosts is not compiled"))
    for path, message in found:
        source = next((s for s in sources.values() if s.has(path)), next(iter(sources.values())))
        yield source.problem_at_key(Code.NOT_STATIC, path, f"{message}; remove it, or {INSTEAD}")


def _of_entry(entry: Entry, sources: Mapping[str, Source]) -> Iterator[Problem]:
    found = {
        "seal": entry.seal is not None,
        "rename_to": entry.rename is not None,
        "stage": entry.report_only,
        "until": "until" in entry.places,
        "renew": not entry.rules.renew,
    }
    for key in (key for key, is_used in found.items() if is_used):
        place = entry.places.get(key, entry.place)
        message = f'"{entry.name}": {key} is not compiled; remove it, or {INSTEAD}'
        yield sources[place.path].problem(Code.NOT_STATIC, place.pos, message)
