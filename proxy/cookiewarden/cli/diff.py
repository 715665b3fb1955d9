"""`cookiewarden diff`, which compares the effects of two policies."""

import dataclasses
import json
import time

import click

from cookiewarden.cli.policies import PolicyRefused, valid_policy
from cookiewarden.cli.traffic import recorded_in
from cookiewarden.cli.usage import FILE
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.keys import throw_away
from cookiewarden.pages.render import render
from cookiewarden.tools.diff.changes import Change, Direction
from cookiewarden.tools.diff.diff import ChangeKind, CookieDifference, Diff, Version
from cookiewarden.tools.diff.diff import diff as compare
from cookiewarden.tools.diff.replay import replay

FAILS = {"any": set(Direction), "looser": {Direction.LOOSER, Direction.EITHER}, "never": set()}


@click.command()
@click.argument("old", type=FILE)
@click.argument("new", type=FILE)
@click.option(
    "--replay",
    "traffic",
    metavar="FILE",
    type=FILE,
    multiple=True,
    help="Also compare the decisions on recorded traffic (HAR, flow file of mitmproxy, text with header lines). Can be "
    "given several times.",
)
@click.option(
    "--fail-on",
    type=click.Choice(list(FAILS)),
    default="any",
    show_default=True,
    help="Exit 1 for any change, for changes that are or may be looser, or never.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="Output format.",
)
def diff(old: str, new: str, traffic: tuple[str, ...], fail_on: str, form: str) -> int:
    """Show how the policies OLD and NEW differ in effect: cookies gained and lost, attributes, lifetimes, and the
    statement.

    The engine evaluates both policies as if they were enforced, for a visitor who consents. With --replay it evaluates
    each policy in its own mode.

    Exit codes: 0 same effect, 1 different effect (see --fail-on), 2 wrong usage, 3 a policy has errors or a file
    cannot be read."""
    now = time.time()
    versions = [_version(path, now) for path in (old, new)]
    found = compare(*versions)
    failed: list[str] = []
    if traffic:
        replay(found, recorded_in(traffic, failed), *versions)
    click.echo({"text": _text, "markdown": _markdown, "json": _json}[form](found), nl=False)
    fails = bool(found.directions & FAILS[fail_on]) or (fail_on == "any" and bool(found))
    return 3 if failed else int(fails)


def _version(path: str, now: float) -> Version:
    """Load a policy and make its engines. Raises PolicyRefused with exit code 3."""
    try:
        policy = valid_policy(path)
    except PolicyRefused as refused:
        refused.code = 3
        raise
    keys = throw_away(policy)
    return Version(policy, Engine(policy, Mode.ENFORCE, now, keys), Engine(policy, None, now, keys), now)


def summary(found: Diff) -> str:
    """Summarize a comparison: `1 cookie gained, 2 cookies changed; changes: 3 looser`."""
    kinds = [(sum(d.kind is kind for d in found.cookies), kind) for kind in ChangeKind]
    told = [f"{counted(count, 'cookie')} {kind.value}" for count, kind in kinds if count]
    if found.policy:
        told.insert(0, f"{counted(len(found.policy), 'setting')} for all cookies")
    if found.replayed:
        told.append(f"{counted(len(found.replayed), 'kind')} of decision on recorded traffic")
    changes = [*found.policy, *(c for d in found.cookies for c in d.changes)]
    ranked = [
        (sum(c.direction is d for c in changes), d) for d in (Direction.LOOSER, Direction.STRICTER, Direction.EITHER)
    ]
    ways = ", ".join(f"{count} {way.value}" for count, way in ranked if count)
    return f"{', '.join(told)}{f'; changes: {ways}' if ways else ''}"


SIGNS = {ChangeKind.GAINED: "+", ChangeKind.LOST: "-", ChangeKind.CHANGED: "~"}


def _text(found: Diff) -> str:
    if not found:
        return f"The same effect{_on_traffic(found)}.\n"
    lines = []
    if found.policy:
        lines += ["for all cookies", *map(_change, found.policy), ""]
    for difference in found.cookies:
        lines += [_headline(difference), *map(_change, difference.changes), ""]
    if found.replayed:
        lines.append(f"on {counted(found.exchanges, 'exchange')} of recorded traffic")
        lines += [
            f"    {r.header} {r.name or '(without a name)'}: {r.old} → {r.new}; {counted(r.count, 'time')}, first at "
            f"{r.example}"
            for r in found.replayed
        ]
        lines += [f"    … and {found.left_out} more"] if found.left_out else []
        lines.append("")
    elif found.replayed is not None:
        lines += [f"no changes on {counted(found.exchanges, 'exchange')} of recorded traffic", ""]
    return "\n".join([*lines, f"{summary(found)}\n"])


def _on_traffic(found: Diff) -> str:
    if found.replayed is None:
        return ""
    if not found.exchanges:
        return "; no exchanges were read"
    return f", also on {counted(found.exchanges, 'exchange')} of recorded traffic"


def _headline(difference: CookieDifference) -> str:
    entry = difference.new or difference.old
    where = f" at {places(difference)}" if difference.sites else ""
    declared = f"  ({entry.place})" if entry is not None else ""
    return printable(f"{SIGNS[difference.kind]} {difference.name}{where}{declared}")


MAX_PLACES = 5
"""Maximum number of places shown for a difference; JSON has all."""


def places(difference: CookieDifference) -> str:
    """List the hosts and paths of a difference, at most MAX_PLACES."""
    more = len(difference.sites) - MAX_PLACES
    told = ", ".join(difference.sites[:MAX_PLACES])
    return f"{told} and {counted(more, 'place')} more" if more > 0 else told


def _change(change: Change) -> str:
    became = f"{change.old} → {change.new}" if change.old and change.new else change.new or f"was {change.old}"
    direction = f"  [{change.direction.value}]" if change.direction.value else ""
    return printable(f"    {change.what}: {became}") + direction


def _markdown(found: Diff) -> str:
    marks = {direction: direction.value for direction in Direction}
    return render("diff.md", {"diff": found, "summary": summary(found), "mark": marks, "places": places})


def _change_json(change: Change) -> dict[str, str]:
    return {
        "fact": change.key.topic.value,
        "of": change.key.of,
        "what": change.what,
        "old": change.old,
        "new": change.new,
        "direction": change.direction.value,
    }


def _json(found: Diff) -> str:
    told = {
        "same": not found,
        "policy": list(map(_change_json, found.policy)),
        "cookies": [
            {
                "name": d.name,
                "kind": d.kind.value,
                "sites": list(d.sites),
                "declared_at": [str(entry.place) if entry else None for entry in (d.old, d.new)],
                "changes": list(map(_change_json, d.changes)),
            }
            for d in found.cookies
        ],
        "replayed": None if found.replayed is None else [dataclasses.asdict(r) for r in found.replayed],
        "exchanges": found.exchanges,
        "left_out": found.left_out,
    }
    return json.dumps(told, indent=2) + "\n"
