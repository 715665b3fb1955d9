"""`cookiewarden mode`, `reload` and `health`, which control and check a running proxy."""

import time

import click
from pydantic_core import PydanticCustomError

from cookiewarden.cli.running import asks_a_proxy, operator
from cookiewarden.cli.usage import say_nothing
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.policy.scalars import parse_lifetime
from cookiewarden.core.report.wire import MAX_SWITCH, PolicyDocument
from cookiewarden.pages.text import date


@click.command()
@click.argument("mode", type=click.Choice(["report", "enforce", "policy"]))
@click.option(
    "--for",
    "duration",
    default="1h",
    show_default=True,
    help="Time after which the mode reverts automatically: 30min, 8h, 2d.",
)
@asks_a_proxy
def mode(mode: str, duration: str, admin_url: str, token_file: str) -> int:
    """Switch the mode of a running proxy to report or enforce, or back with policy.

    The switch overrides the setting --mode and the policy file, and reverts automatically after --for. The command
    needs the token of the admin listener.
    """
    if mode == "policy":
        say_nothing("with policy, which does not expire", "duration")
    answer = operator(admin_url, token_file).turn_mode(mode, span_of(duration, "--for", MAX_SWITCH))
    click.echo(told(answer))
    return 0


def span_of(text: str, option: str, most: float) -> float:
    """Parse a time such as 30min and return seconds. Raises UsageError if it is longer than `most` seconds."""
    try:
        seconds = parse_lifetime(text).seconds
    except PydanticCustomError:
        seconds = 0
    if not 0 < seconds <= most:
        raise click.UsageError(
            f'{option}: "{printable(text)}" is not a valid time (for example 30min, 8h or 2d, at most '
            f"{most / 86400:g} days)"
        )
    return float(seconds)


@click.command("reload")
@asks_a_proxy
def reload(admin_url: str, token_file: str) -> int:
    """Reload the policy of a running proxy, and print the result. The command needs the token of the admin listener.

    Exit codes: 0 loaded, 1 the policy has errors and the previous one stays in force, 2 wrong usage, 3 the proxy does
    not answer.
    """
    asked = operator(admin_url, token_file)
    before = asked.policy().sha256
    answer = asked.reload()
    if not answer.reload_successful and answer.reloads:
        for problem in answer.reloads[-1].problems:
            click.echo(printable(problem), err=True)
        click.echo(f"the previous policy stays in force: {told(answer)}", err=True)
        return 1
    if answer.shadow is not None and not answer.shadow.reload_successful:
        for problem in answer.shadow.problems:
            click.echo(printable(problem), err=True)
        click.echo(
            f"the previous shadow policy is still evaluated: {printable(answer.shadow.policy)}, sha256 "
            f"{answer.shadow.sha256:.12}",
            err=True,
        )
        return 1
    if answer.sha256 != before and answer.reloads:
        for problem in answer.reloads[-1].problems:
            click.echo(printable(problem), err=True)
    click.echo(f"{'unchanged' if answer.sha256 == before else 'loaded'}: {told(answer)}")
    return 0


@click.command()
@asks_a_proxy
def health(admin_url: str, token_file: str) -> int:
    """Check whether a running proxy is ready, for health checks of containers.

    Exit codes: 0 ready, 1 not ready, 2 wrong usage, 3 the proxy does not answer.
    """
    why = operator(admin_url, token_file).readiness()
    click.echo(why or "ready")
    return int(bool(why))


def told(answer: PolicyDocument) -> str:
    """Format the policy and the mode in force as one line."""
    until = ""
    if answer.mode_until is not None:
        left = max(0, round(min(answer.mode_until - time.time(), MAX_SWITCH)))
        spelled = counted(left, "second") if left < 120 else f"{round(left / 60)} minutes"
        until = f" until {date(answer.mode_until)}, {spelled} from now"
    return printable(f"{answer.policy}, sha256 {answer.sha256:.12}, mode {answer.mode} (by {answer.mode_by}{until})")
