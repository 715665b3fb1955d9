"""Recorded traffic, judged by two policies: which decisions are otherwise."""

from collections.abc import Iterable, Iterator

from cookiewarden.core.engine.decision import Judged
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import printable, printable_octets
from cookiewarden.tools.diff.diff import Diff, Replayed, Version
from cookiewarden.tools.redact import differing_attributes
from cookiewarden.tools.traffic import Recorded

MAX_KINDS = 1000
"""Of decisions that changed: traffic may have any number of names."""


def replay(found: Diff, exchanges: Iterable[Recorded], old: Version, new: Version) -> None:
    """Add the decisions on recorded traffic that are otherwise, each policy in its own mode."""
    kinds = {(r.header, r.name, r.old, r.new): r for r in found.replayed or []}
    found.replayed = found.replayed if found.replayed is not None else []
    for one in exchanges:
        found.exchanges += 1
        at = one.at or new.now
        for header, name, before, after in _decided_otherwise(one, old.engine, new.engine, at):
            key = (header, name, before, after)
            if key not in kinds:
                if len(kinds) >= MAX_KINDS:
                    found.left_out += 1
                    continue
                kinds[key] = Replayed(*key, example=printable(one.url))
                found.replayed.append(kinds[key])
            kinds[key].count += 1


def _decided_otherwise(
    one: Recorded, old: Engine, new: Engine, at: float
) -> Iterator[tuple[str, str, str, str]]:
    asked = [engine.on_request(one.asked, one.exchange, at).cookies for engine in (old, new)]
    answered = [engine.on_response(one.answered, one.exchange, at).cookies for engine in (old, new)]
    for header, (before, after) in (("Cookie", asked), ("Set-Cookie", answered)):
        ours = [j for j in before if not j.before], [j for j in after if not j.before]
        yield from _ours_otherwise(header, *ours)
        theirs = zip((j for j in before if j.before), (j for j in after if j.before), strict=True)
        for was, is_now in theirs:
            # What is sealed is another each time.
            told = was.decision.told, is_now.decision.told
            if told[0] != told[1] or (was.after != is_now.after and not _is_sealed(was, is_now)):
                yield header, printable_octets(was.name), *_apart(told, was.after, is_now.after)


def _ours_otherwise(
    header: str, before: list[Judged], after: list[Judged]
) -> Iterator[tuple[str, str, str, str]]:
    was, is_now = {j.name for j in before}, {j.name for j in after}
    for name in sorted(was ^ is_now):
        told = ("expired", "left alone") if name in was else ("left alone", "expired")
        yield header, printable_octets(name), *told


def _is_sealed(*cookies: Judged) -> bool:
    return all(j.decision.entry is not None and j.decision.entry.seal is not None for j in cookies)


def _apart(told: tuple[str, str], before: bytes | None, after: bytes | None) -> tuple[str, str]:
    """Where the decisions have the same words and the lines differ."""
    if told[0] != told[1]:
        return told
    which = " and ".join(differing_attributes(before or b"", after or b""))
    return told[0], f"{told[1]}, with another {which}" if which else f"{told[1]}, to something else"
