"""`cookiewarden forecast`: what would break if a policy were enforced now."""

import time

import click

from cookiewarden.cli.running import as_json, asks_a_proxy, observed_by, operator
from cookiewarden.cli.usage import FILE, FORMAT
from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.core.report import wire
from cookiewarden.core.report.forecast import Forecast, Verdict, breaks
from cookiewarden.core.report.forecast import forecast as forecast_of
from cookiewarden.pages.text import ago, observed, shown


@click.command()
@click.option("--policy", metavar="FILE", type=FILE, help="Another policy than the one in force.")
@FORMAT
@asks_a_proxy
def forecast(admin_url: str, token_file: str, policy: str | None, form: str) -> int:
    """Tell what would happen to each cookie that a running proxy has seen, if its policy were enforced now.

    Exit: 0 nothing would break, 1 something would, 2 wrong usage, 3 the proxy could not be asked.
    """
    asked = operator(admin_url, token_file)
    if policy is None:
        document = asked.forecast()
    else:
        other, inventory, judged = observed_by(asked, policy)
        cookies = forecast_of(inventory, judged, is_in_force=False)
        document = wire.ForecastDocument(other.name, other.sha256, inventory.since, cookies)
    click.echo(as_json(document) if form == "json" else _rendered(document))
    return int(breaks(document.cookies))


TOLD = {
    Verdict.BREAKS: "BREAKS: the application sets it, and browsers would not get it",
    Verdict.HIDDEN: "HIDDEN: browsers send it, and the application would not see it",
    Verdict.WAITS: "WAITS for the visitor's consent",
    Verdict.CHANGES: "CHANGES: it would pass with other attributes",
    Verdict.REPORTED: "ONLY REPORTED, as the policy says",
    Verdict.KEPT: "KEPT from the application, as the policy says",
    Verdict.FINE: "FINE",
}
BRIEF = frozenset({Verdict.CHANGES, Verdict.KEPT, Verdict.FINE})
"""Of which names are enough."""


def _rendered(document: wire.ForecastDocument) -> str:
    now = time.time()
    lines = [
        f"If {printable(document.policy)} (sha256 {document.sha256:.12}) were enforced now. "
        f"{observed(document.since, now)}",
    ]
    for verdict in Verdict:
        cookies = [cookie for cookie in document.cookies if cookie.verdict is verdict]
        if cookies:
            lines += [
                "",
                f"{TOLD[verdict]} ({counted(len(cookies), 'cookie')})",
                *_group(cookies, verdict, now),
            ]
    if not document.cookies:
        lines += ["", "No cookie was seen yet."]
    elif not breaks(document.cookies):
        lines += ["", "Nothing of what was seen would break."]
    return "\n".join(map(printable, lines))


def _group(cookies: list[Forecast], verdict: Verdict, now: float) -> list[str]:
    """Cookies of which the same is to be said stand together."""
    lines = []
    for advice in dict.fromkeys(cookie.advice for cookie in cookies):
        same = [cookie for cookie in cookies if cookie.advice == advice]
        if advice:
            lines.append(f"  {printable(advice)}:")
        if verdict in BRIEF:
            lines.append(f"    {', '.join(shown(cookie.name) for cookie in same)}")
        else:
            lines += [line for cookie in same for line in _cookie(cookie, now)]
    return lines


def _cookie(cookie: Forecast, now: float) -> list[str]:
    seen = [
        *([counted(cookie.responses, "response")] if cookie.responses else []),
        *([counted(cookie.requests, "request")] if cookie.requests else []),
    ]
    where = printable(" ".join(cookie.where))
    return [
        f"    {shown(cookie.name)}: {cookie.action} ({', '.join(cookie.reasons)}), {' and '.join(seen) or 'seen'}, "
        f"such as at {where}; "
        f"last {ago(cookie.last, now)}",
    ]
