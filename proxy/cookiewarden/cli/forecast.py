"""`cookiewarden forecast`, which shows the effects of enforcement on the cookies seen so far."""

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
@click.option("--policy", metavar="FILE", type=FILE, help="Use this policy instead of the policy in force.")
@FORMAT
@asks_a_proxy
def forecast(admin_url: str, token_file: str, policy: str | None, form: str) -> int:
    """Show the effect of enforcement on each cookie that a running proxy has seen.

    An edit that can take something away, such as HttpOnly on a cookie that had none, may break the application. State
    the edit in the cookie's entry to confirm it.

    Exit codes: 0 no cookie would break, 1 a cookie would or may break, 2 wrong usage, 3 the proxy does not answer.
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
    Verdict.BREAKS: "BREAKS: set by the application, browsers would not receive or return it",
    Verdict.HIDDEN: "HIDDEN: sent by browsers, the application would not receive it",
    Verdict.MAY_BREAK: "MAY BREAK: passes with an edit that can take something away",
    Verdict.WAITS: "WAITS: passes after the visitor consents, or without Sec-GPC",
    Verdict.CHANGES: "CHANGES: passes with other attributes",
    Verdict.REPORTED: "ONLY REPORTED: its entry is in report stage",
    Verdict.KEPT: "KEPT: not forwarded to the application, as declared",
    Verdict.FINE: "FINE: passes unchanged",
}
BRIEF = frozenset({Verdict.CHANGES, Verdict.KEPT, Verdict.FINE})
"""Verdicts of which only the names are printed."""


def _rendered(document: wire.ForecastDocument) -> str:
    now = time.time()
    lines = [
        f"Forecast for {printable(document.policy)} (sha256 {document.sha256:.12}) in enforce mode. "
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
        lines += ["", "No cookies seen yet."]
    elif not breaks(document.cookies):
        lines += ["", "No cookie seen so far would break."]
    return "\n".join(map(printable, lines))


def _group(cookies: list[Forecast], verdict: Verdict, now: float) -> list[str]:
    """Group cookies by advice."""
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
        f"for example at {where}; last seen {ago(cookie.last, now)}",
        *([f"      against: {printable('; '.join(cookie.against))}"] if cookie.against else []),
        *([f"      for: {printable('; '.join(cookie.in_favour))}"] if cookie.in_favour else []),
    ]
