"""`cookiewarden drift`, which compares the register with the inventory."""

import time

import click

from cookiewarden.cli.running import as_json, asks_a_proxy, observed_by, operator
from cookiewarden.cli.usage import FILE, FORMAT
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report import wire
from cookiewarden.core.report.drift import SETTLED, Finding, Kind
from cookiewarden.core.report.drift import drift as drift_of
from cookiewarden.core.report.hardening import hardening
from cookiewarden.pages.text import observed, shown


@click.command()
@click.option("--policy", metavar="FILE", type=FILE, help="Use this policy instead of the policy in force.")
@click.option(
    "--only",
    type=click.Choice([kind.value for kind in Kind]),
    multiple=True,
    metavar="KIND",
    help=f"Show only differences of this kind: {', '.join(Kind)}. Can be given several times.",
)
@FORMAT
@asks_a_proxy
def drift(admin_url: str, token_file: str, policy: str | None, only: tuple[str, ...], form: str) -> int:
    """Compare the register with the cookies that a running proxy has seen, and print the missing YAML.

    Exit codes: 0 no differences, 1 differences, 2 wrong usage, 3 the proxy does not answer. Declared cookies that were
    not seen count as differences after one day of observation. Entries that could be stricter (hardening) count only
    with --only hardening.
    """
    asked = operator(admin_url, token_file)
    if policy is None:
        document = asked.drift()
    else:
        other, inventory, judged = observed_by(asked, policy)
        findings = drift_of(inventory, judged, other, time.time()) + hardening(inventory, judged, other)
        document = wire.DriftDocument(other.name, other.sha256, inventory.since, findings)
    if only:
        document.findings[:] = [finding for finding in document.findings if finding.kind.value in only]
    click.echo(as_json(document) if form == "json" else _rendered(document, only))
    settled = time.time() - document.since >= SETTLED
    counting = document.findings if Kind.HARDENING.value in only else _differences(document.findings)
    return int(any(settled or finding.kind is not Kind.NEVER_SEEN for finding in counting))


def _differences(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.kind is not Kind.HARDENING]


TOLD = {
    Kind.UNDECLARED: "Undeclared",
    Kind.OUTLIVES: "Lifetime longer than declared",
    Kind.LIFETIME_UNREADABLE: "Lifetime not valid, browsers read it differently",
    Kind.OTHER_SIDE: "Not set by the declared side",
    Kind.NEVER_SEEN: "Declared but not seen",
    Kind.HARDENING: "Could be stricter: no traffic was seen that needs the absence of these keys",
}


def _rendered(document: wire.DriftDocument, only: tuple[str, ...]) -> str:
    lines = [
        f"Register of {printable(document.policy)} compared with the inventory. "
        f"{observed(document.since, time.time())}",
        "",
    ]
    if not (document.findings if only else _differences(document.findings)):
        lines += [f"No differences{' of kind ' + ' or '.join(only) if only else ''}.", ""]
    for kind in Kind:
        findings = [finding for finding in document.findings if finding.kind is kind]
        if findings:
            lines += [f"{TOLD[kind]} ({counted(len(findings), 'cookie')})"]
            lines += [line for finding in findings for line in _finding(finding)]
            lines.append("")
    pasted = "".join(finding.yaml for finding in _differences(document.findings))
    if pasted:
        lines += ['Paste this below "cookies:" and fill in the comments:', "", pasted.rstrip("\n")]
    # The answer may contain control characters; escape them before they reach the terminal.
    return "\n".join(printable(line) for text in lines for line in text.split("\n")).rstrip("\n")


def _finding(finding: Finding) -> list[str]:
    lines = [f"  {shown(finding.name)}: {printable(finding.told)}"]
    if finding.declared_at:
        lines.append(f'    declared as "{printable(finding.entry)}" at {printable(finding.declared_at)}')
    if finding.kind is Kind.HARDENING:
        lines.append(finding.yaml.rstrip("\n"))
    return lines
