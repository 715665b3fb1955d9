"""`cookiewarden drift`: where the register and what was seen differ."""

import time

import click

from cookiewarden.cli.running import as_json, asks_a_proxy, observed_by, operator
from cookiewarden.cli.usage import FILE, FORMAT
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report import wire
from cookiewarden.core.report.drift import SETTLED, Finding, Kind
from cookiewarden.core.report.drift import drift as drift_of
from cookiewarden.pages.text import observed, shown


@click.command()
@click.option("--policy", metavar="FILE", type=FILE, help="Another policy than the one in force.")
@click.option(
    "--only",
    type=click.Choice([kind.value for kind in Kind]),
    multiple=True,
    help="Only differences of this kind; can be given several times.",
)
@FORMAT
@asks_a_proxy
def drift(admin_url: str, token_file: str, policy: str | None, only: tuple[str, ...], form: str) -> int:
    """Tell where the register and the cookies that a running proxy has seen differ, with the YAML that would mend it.

    Exit: 0 no difference, 1 some (what was not seen counts after a day only), 2 wrong usage, 3 the proxy could not be
    asked."""
    asked = operator(admin_url, token_file)
    if policy is None:
        document = asked.drift()
    else:
        other, inventory, judged = observed_by(asked, policy)
        findings = drift_of(inventory, judged, other, time.time())
        document = wire.DriftDocument(other.name, other.sha256, inventory.since, findings)
    if only:
        document.findings[:] = [finding for finding in document.findings if finding.kind.value in only]
    click.echo(as_json(document) if form == "json" else _rendered(document, only))
    settled = time.time() - document.since >= SETTLED
    return int(any(settled or finding.kind is not Kind.NEVER_SEEN for finding in document.findings))


TOLD = {
    Kind.UNDECLARED: "Seen, and in no entry",
    Kind.OUTLIVES: "Longer-lived than declared",
    Kind.LIFETIME_UNREADABLE: "With a lifetime that browsers read differently",
    Kind.OTHER_SIDE: "Set by the other side than declared",
    Kind.NEVER_SEEN: "Declared, and not seen",
}


def _rendered(document: wire.DriftDocument, only: tuple[str, ...]) -> str:
    lines = [
        f"The register of {printable(document.policy)} against what was seen. {observed(document.since, time.time())}",
        "",
    ]
    if not document.findings:
        return "\n".join([*lines, f"No difference{' of the kind ' + ' or '.join(only) if only else ''}."])
    for kind in Kind:
        findings = [finding for finding in document.findings if finding.kind is kind]
        if findings:
            lines += [f"{TOLD[kind]} ({counted(len(findings), 'cookie')})"]
            lines += [line for finding in findings for line in _finding(finding)]
            lines.append("")
    pasted = "".join(finding.yaml for finding in document.findings)
    if pasted:
        lines += ["To paste below cookies:, with what is missing filled in:", "", pasted.rstrip("\n")]
    # Line by line, whoever it was that answered: what a terminal acts on is shown and not done.
    return "\n".join(printable(line) for text in lines for line in text.split("\n")).rstrip("\n")


def _finding(finding: Finding) -> list[str]:
    lines = [f"  {shown(finding.name)}: {printable(finding.told)}"]
    if finding.declared_at:
        lines.append(f'    declared as "{printable(finding.entry)}" at {printable(finding.declared_at)}')
    return lines
