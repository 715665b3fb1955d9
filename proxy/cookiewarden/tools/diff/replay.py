"""Comparison of the decisions of two policies on recorded traffic."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cookiewarden.core.engine.decision import Action, Decision, Judged
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.problem import printable, printable_octets
from cookiewarden.tools.diff.diff import Diff, Replayed, Version
from cookiewarden.tools.recordings.recorded import Recorded
from cookiewarden.tools.redact import differing_attributes

MAX_KINDS = 1000
"""Maximum kinds of differing decisions, because traffic can have any number of names."""


class Otherwise(NamedTuple):
    """Differing decision in the words of the output; decisions with the same words share a row."""

    header: str
    name: str
    old: str
    new: str


def replay(found: Diff, exchanges: Iterable[Recorded], old: Version, new: Version) -> None:
    """Add the differing decisions on recorded traffic, with each policy in its own mode."""
    rows = {Otherwise(r.header, r.name, r.old, r.new): r for r in found.replayed or []}
    found.replayed = found.replayed if found.replayed is not None else []
    for one in exchanges:
        found.exchanges += 1
        at = one.at or new.now
        for otherwise in _decided_otherwise(one, old.engine, new.engine, at):
            if otherwise not in rows:
                if len(rows) >= MAX_KINDS:
                    found.left_out += 1
                    continue
                rows[otherwise] = Replayed(*otherwise, example=printable(one.url))
                found.replayed.append(rows[otherwise])
            rows[otherwise].count += 1


def _decided_otherwise(one: Recorded, old: Engine, new: Engine, at: float) -> Iterator[Otherwise]:
    asked = [engine.on_request(one.asked, one.exchange, at).cookies for engine in (old, new)]
    answered = [engine.on_response(one.answered, one.exchange, at).cookies for engine in (old, new)]
    for header, (before, after) in (("Cookie", asked), ("Set-Cookie", answered)):
        ours = [j for j in before if not j.before], [j for j in after if not j.before]
        yield from _ours_otherwise(header, *ours)
        theirs = zip((j for j in before if j.before), (j for j in after if j.before), strict=True)
        for was, is_now in theirs:
            name = printable_octets(was.name)
            if _verdict(was.decision) != _verdict(is_now.decision):
                yield Otherwise(header, name, was.decision.told, is_now.decision.told)
            # A sealed value differs each time.
            elif was.after != is_now.after and not _is_sealed(was, is_now):
                yield Otherwise(header, name, was.decision.told, f"{is_now.decision.told}, {_apart(was, is_now)}")


def _verdict(decision: Decision) -> tuple[object, ...]:
    """Return the comparable parts of a decision. Mode does not matter for a cookie that passes."""
    return decision.action, decision.reasons, decision.enforced or decision.action is Action.PASS


def _ours_otherwise(header: str, before: list[Judged], after: list[Judged]) -> Iterator[Otherwise]:
    was, is_now = {j.name for j in before}, {j.name for j in after}
    for name in sorted(was ^ is_now):
        told = ("expired", "left alone") if name in was else ("left alone", "expired")
        yield Otherwise(header, printable_octets(name), *told)


def _is_sealed(*cookies: Judged) -> bool:
    return all(j.decision.entry is not None and j.decision.entry.seal is not None for j in cookies)


def _apart(was: Judged, is_now: Judged) -> str:
    """Describe the difference of two decisions that have the same words."""
    which = " and ".join(differing_attributes(was.after or b"", is_now.after or b""))
    return f"with a different {which}" if which else "with a different result"
