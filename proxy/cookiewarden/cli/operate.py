"""`cookiewarden mode`, `reload` and `health`: a running proxy, told and asked."""

import time

import click
from pydantic_core import PydanticCustomError

from cookiewarden.cli.running import asks_a_proxy, operator
from cookiewarden.cli.usage import say_nothing
from cookiewarden.core.policy.problem import printable
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
    help="After which it goes back by itself: 30min, 8h, 2d.",
)
@asks_a_proxy
def mode(mode: str, duration: str, admin_url: str, token_file: str) -> int:
    """Switch a running proxy to report mode in an emergency, or to enforce; `policy` switches back.

    It goes before the setting and the policy file, and goes back by itself. It needs the admin listener's token.
    """
    if mode == "policy":
        say_nothing("with policy, which is for good", "duration")
    answer = operator(admin_url, token_file).turn_mode(mode, span_of(duration, "--for", MAX_SWITCH))
    click.echo(told(answer))
    return 0


def span_of(text: str, option: str, most: float) -> float:
    """Seconds. Raises UsageError."""
    try:
        seconds = parse_lifetime(text).seconds
    except PydanticCustomError:
        seconds = 0
    if not 0 < seconds <= most:
        raise click.UsageError(
            f'{option} "{printable(text)}": expected a time such as 30min, 8h or 2d, of {most / 86400:g} days at most'
        )
    return float(seconds)


@click.command("reload")
@asks_a_proxy
def reload(admin_url: str, token_file: str) -> int:
    """Have a running proxy load its policy again, and tell what came of it. It needs the admin listener's token.

    Exit: 0 loaded, 1 the policy has errors and the old one stays in force, 3 the proxy could not be asked.
    """
    asked = operator(admin_url, token_file)
    before = asked.policy().sha256
    answer = asked.reload()
    if not answer.reload_successful and answer.reloads:
        for problem in answer.reloads[-1].problems:
            click.echo(printable(problem), err=True)
        click.echo(f"the old policy stays in force: {told(answer)}", err=True)
        return 1
    if answer.shadow is not None and not answer.shadow.reload_successful:
        for problem in answer.shadow.problems:
            click.echo(printable(problem), err=True)
        click.echo(
            f"the shadow policy of before is still tried: {printable(answer.shadow.policy)}, sha256 "
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
    """Ask whether a running proxy is ready: for containers' health checks.

    Exit: 0 ready, 1 not ready, 3 it could not be asked.
    """
    why = operator(admin_url, token_file).readiness()
    click.echo(why or "ready")
    return int(bool(why))


def told(answer: PolicyDocument) -> str:
    until = ""
    if answer.mode_until is not None:
        left = max(0, round(min(answer.mode_until - time.time(), MAX_SWITCH)))
        spelled = f"{left} seconds" if left < 120 else f"{round(left / 60)} minutes"
        until = f" until {date(answer.mode_until)}, {spelled} from now"
    return printable(f"{answer.policy}, sha256 {answer.sha256:.12}, mode {answer.mode} (by {answer.mode_by}{until})")
