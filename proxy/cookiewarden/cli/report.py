"""`cookiewarden report`, which writes the enforcement report for privacy officers."""

import re
import time
from pathlib import Path

import click

from cookiewarden.cli.operate import span_of
from cookiewarden.cli.policies import load_policy
from cookiewarden.cli.progress import Progress
from cookiewarden.cli.running import address_of, enforcing, operator
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write
from cookiewarden.core.policy.problem import counted
from cookiewarden.core.report import wire
from cookiewarden.core.report.inventory import Inventory
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.promises import evidence, report_document, report_text
from cookiewarden.core.report.review import period, without_silence
from cookiewarden.core.report.review import review as review_of
from cookiewarden.pages.render import render
from cookiewarden.pages.report import values_of
from cookiewarden.tools.http import NoAnswer
from cookiewarden.tools.prometheus import Prometheus

_ADDRESS = re.compile(r"[\w.\[\]:-]*:[0-9]+|[0-9]+")
MAX_SINCE = 5 * 365 * 86400


@click.command()
@click.option("--prometheus", "url", required=True, metavar="URL", help="Prometheus server that scrapes the proxies.")
@click.option(
    "--since",
    default="30d",
    show_default=True,
    metavar="TIME",
    help="Length of the report, up to now: 30d, 12w, 1y. Steps are weeks, or days or hours for a short report.",
)
@click.option(
    "--policy",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    help="Policy file with the register, for purposes, lifetimes and cookies that were not seen.",
)
@click.option(
    "--inventory",
    "seen",
    metavar="URL|FILE",
    help="Admin listener or snapshot file with the names of undeclared cookies.",
)
@click.option(
    "--where",
    default="",
    metavar="MATCHERS",
    help="Label matchers that select the proxies: 'job=\"shop\"'.",
)
@click.option("--language", default="en", show_default=True, help="Language of the purposes.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "html", "json"]),
    default="markdown",
    show_default=True,
    help="Output format.",
)
@click.option("--output", metavar="FILE", type=FILE, help="Output file.  [default: standard output]")
@click.option(
    "--token-file",
    metavar="FILE",
    type=FILE,
    default="",
    envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
    help="File with the token of the admin listener.",
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
    """Report enforcement over time from Prometheus. The report has the evidence for each promise of the register, the
    decisions on each declared cookie, and the undeclared cookies that were seen. JSON has the evidence, with hashes of
    policy and report.

    Exit codes: 0 written, 1 the policy has errors, 2 wrong usage, 3 Prometheus or the inventory cannot be read."""
    if policy is None:
        say_nothing("without --policy", "language")
    url = address_of(url, "--prometheus", "http://127.0.0.1:9090")
    asked = period(span_of(since, "--since", MAX_SINCE), time.time())
    loaded = load_policy(policy).loaded if policy else None
    inventory = _inventory(seen, token_file) if seen else None
    with Progress("answers of Prometheus") as progress:
        asked, found = without_silence(asked, Prometheus(url, where, progress.add).found(asked))
    register = loaded.policy if loaded else None
    judged = judge_all(inventory, enforcing(register), time.time()) if inventory and register else None
    review = review_of(asked, found, register, inventory, judged, language)
    name = register.name if register else ""
    promises = evidence(review, found.counted["reasons"], register)
    if form == "json":
        text = report_text(report_document(review, promises, register))
    else:
        values = values_of(review, name, time.time(), promises)
        text = render("report.md" if form == "markdown" else "report.html", values)
    if output is None:
        click.echo(text, nl=False)
    else:
        write(Path(output), text)
        click.echo(f"{output}: {counted(len(asked.ends), asked.name)}", err=True)
    return 0


def _inventory(seen: str, token_file: str) -> Inventory:
    """Read the inventory of an admin listener or of a snapshot file. Raises NoAnswer."""
    if "://" in seen or (_ADDRESS.fullmatch(seen) and not Path(seen).exists()):
        return operator(seen, token_file).inventory()
    try:
        return wire.read_inventory(Path(seen).read_bytes())
    except OSError as error:
        raise NoAnswer(f'cannot read the inventory "{seen}": {(error.strerror or "error").lower()}') from None
    except wire.NotThis as bad:
        raise NoAnswer(f'"{seen}" is not an inventory of this version: {bad}') from None
