"""`cookiewarden report`: what was enforced over weeks, for the privacy officer."""

import re
import time
from pathlib import Path

import click

from cookiewarden.cli.operate import span_of
from cookiewarden.cli.policies import load_policy
from cookiewarden.cli.running import address_of, enforcing, operator
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write
from cookiewarden.core.report import wire
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.review import period, without_silence
from cookiewarden.core.report.review import review as review_of
from cookiewarden.pages.render import render
from cookiewarden.pages.report import values_of
from cookiewarden.tools.http import NoAnswer
from cookiewarden.tools.prometheus import Prometheus

_ADDRESS = re.compile(r"[\w.\[\]:-]*:[0-9]+|[0-9]+")
MAX_SINCE = 5 * 365 * 86400


@click.command()
@click.option("--prometheus", "url", required=True, metavar="URL", help="The Prometheus that scrapes the proxies.")
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="TIME",
    help="How far back: 30d, 12w, 1y. It is told by weeks, or by days or hours where it is short.",
)
@click.option(
    "--policy",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    help="The register: purposes and promises, and cookies that never came.",
)
@click.option(
    "--inventory",
    "seen",
    metavar="URL|FILE",
    help="An admin listener or a snapshot file: the names of undeclared cookies.",
)
@click.option(
    "--where",
    default="",
    metavar="MATCHERS",
    help="Which proxies, as Prometheus chooses them: 'job=\"shop\"'.",
)
@click.option("--language", default="en", show_default=True, help="Of the purposes, where the policy has several.")
@click.option("--format", "form", type=click.Choice(["markdown", "html"]), default="markdown", show_default=True)
@click.option("--output", metavar="FILE", type=FILE, help="Where it is written.  [default: standard output]")
@click.option(
    "--token-file",
    metavar="FILE",
    type=FILE,
    default="",
    envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
    help="The admin listener's token.",
)
def report(
    url: str,
    since: str,
    policy: str | None,
    seen: str | None,
    where: str,
    language: str,
    form: str,
    output: str | None,
    token_file: str,
) -> int:
    """Tell what was enforced of each declared cookie, and which undeclared ones came, over weeks: from a real
    Prometheus.

    Exit: 0 written, 1 the policy has errors, 2 wrong usage, 3 Prometheus or the inventory could not be asked."""
    if policy is None:
        say_nothing("without --policy", "language")
    url = address_of(url, "--prometheus", "http://127.0.0.1:9090")
    asked = period(span_of(since, "--since", MAX_SINCE), time.time())
    loaded = load_policy(policy).loaded if policy else None
    inventory = _inventory(seen, token_file) if seen else None
    asked, found = without_silence(asked, Prometheus(url, where).found(asked))
    register = loaded.policy if loaded else None
    judged = judge_all(inventory, enforcing(register), time.time()) if inventory and register else None
    review = review_of(asked, found, register, inventory, judged, language)
    name = register.name if register else ""
    text = render("report.md" if form == "markdown" else "report.html", values_of(review, name, time.time()))
    if output is None:
        click.echo(text, nl=False)
    else:
        write(Path(output), text)
        click.echo(f"{output}: {len(asked.ends)} {asked.name}s", err=True)
    return 0


def _inventory(seen: str, token_file: str) -> Inventory:
    """Raises NoAnswer."""
    if "://" in seen or (_ADDRESS.fullmatch(seen) and not Path(seen).exists()):
        return operator(seen, token_file).inventory()
    try:
        return wire.read_inventory(Path(seen).read_bytes())
    except OSError as error:
        raise NoAnswer(f'the inventory "{seen}" cannot be read: {(error.strerror or "error").lower()}') from None
    except wire.NotThis as bad:
        raise NoAnswer(f'"{seen}" is no inventory of this version: {bad}') from None
