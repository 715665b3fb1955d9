"""`cookiewarden explain`, which shows the decisions on a header, on recorded traffic or on a page, with reasons and
policy lines."""

import dataclasses
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from cookiewarden.cli.policies import load_policy
from cookiewarden.cli.traffic import recorded_in
from cookiewarden.cli.usage import FILE, FORMAT, say_nothing
from cookiewarden.core.engine.decision import Exchange, Header, Reason
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.problem import Place, counted, printable
from cookiewarden.core.report.forecast import Forecast
from cookiewarden.keys import throw_away
from cookiewarden.tools.explain.explain import (
    DEFAULT_URL,
    Explanation,
    NoHeader,
    PolicyLine,
    Table,
    TrafficRow,
    exchange_of,
    explain_traffic,
    headers_of,
    moment_of,
    url_of,
)
from cookiewarden.tools.explain.explain import explain as explain_headers
from cookiewarden.tools.http import follow
from cookiewarden.tools.recordings.recorded import ANYWHERE, Recorded


@click.command()
@click.option(
    "--policy",
    required=True,
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    help="Policy file.",
)
@click.option(
    "--url",
    metavar="URL",
    help=(
        "URL of the request, for input that does not have one. Its scheme counts for heads without a scheme."
        f"  [default: {DEFAULT_URL}]"
    ),
)
@click.option(
    "--cookie",
    metavar="COOKIES",
    help="Cookie header of the request that a Set-Cookie answers; needed if the policy asks for consent.",
)
@click.option(
    "--traffic",
    metavar="FILE",
    type=FILE,
    multiple=True,
    help="Explain recorded traffic instead of HEADER (HAR, flow file of mitmproxy, text with header lines). Can be "
    "given several times.",
)
@click.option(
    "--get",
    "page",
    metavar="URL",
    help="Request this URL and explain the response and its redirects. Use a URL of the application, not of the proxy.",
)
@click.option("--full", is_flag=True, help="With --traffic or --get, explain each row in full.")
@FORMAT
@click.argument("header", nargs=-1, required=False)
def explain(
    policy: str,
    url: str | None,
    cookie: str | None,
    traffic: tuple[str, ...],
    page: str | None,
    full: bool,
    form: str,
    header: tuple[str, ...],
) -> int:
    """Explain the decision of a policy on HEADER.

    HEADER is a Set-Cookie or Cookie line in quotes. With - a request or response head is read from standard input:

    \b
    cookiewarden explain --policy p.yaml 'Cookie: sid=1; foo=2'
    curl -si http://127.0.0.1:3000/ | cookiewarden explain --policy p.yaml -

    With --traffic or --get, a table has a row per cookie and decision. Cookie values are not printed, only their
    length.

    Exit codes: 0 explained, 1 the policy has errors, 2 wrong usage, 3 the input cannot be
    read, or a head has no cookies."""
    if len(header) > 1:  # the message does not quote it: it has a value
        raise click.UsageError("HEADER must be one argument; use quotes, as in 'Set-Cookie: sid=1; Path=/'")
    if header == ("",):
        raise click.UsageError("HEADER is empty; expected a line such as 'Set-Cookie: sid=1; Path=/'")
    if sum((bool(header), bool(traffic), page is not None)) != 1:
        raise click.UsageError("give one of HEADER, --traffic and --get")
    if not header:
        say_nothing("with --traffic and --get, which have the Cookie headers", "cookie")
    if page is not None:
        say_nothing("with --get, which has the URL", "url")
    loaded = load_policy(policy).loaded
    if header:
        say_nothing("with HEADER, which is always explained in full", "full")
        return _header(loaded, header[0], url, cookie, form)
    if form == "json":
        say_nothing("with --format json, which is always complete", "full")
    return _table(loaded, traffic, page, url, full, form)


# A header


def _header(loaded: Loaded, header: str, url: str | None, cookie: str | None, form: str) -> int:
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    text = sys.stdin.buffer.read() if header == "-" else header.encode("utf-8", "surrogateescape")
    where = url or url_of(text) or DEFAULT_URL
    try:
        headers, exchange = _with_cookie(headers_of(text), cookie), exchange_of(where)
    except NoHeader as error:
        if error.is_head:
            if form == "json":
                click.echo("[]")
            click.echo("the input has no Set-Cookie or Cookie header: the policy decides nothing", err=True)
            return 3
        raise click.UsageError(str(error) if text.strip() else "standard input is empty") from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    explanations = explain_headers(
        loaded.policy,
        loaded.sources,
        headers,
        exchange,
        moment_of(text) or time.time(),
        throw_away(loaded.policy),
    )
    if form == "json":
        click.echo(json.dumps([_plain(e) for e in explanations], indent=2))
        if not explanations:
            click.echo("the header has no cookies: the policy decides nothing", err=True)
        return 0
    for explanation in explanations:
        click.echo(render(explanation))
    codes = {why.code for e in explanations for why in e.whys}
    _tell_of_keys(codes)
    if not explanations:
        click.echo("the header has no cookies: the policy decides nothing")
    elif url is None and codes & PLACED:
        click.echo(f"decided for {where}; use --url for another URL", err=True)
    return 0


def _with_cookie(headers: list[Header], cookie: str | None) -> list[Header]:
    """Add the request's Cookie header to the headers of a response. Raises UsageError if they have one."""
    if cookie is None:
        return headers
    if any(name.lower() == b"cookie" for name, _ in headers):
        raise click.UsageError("--cookie: the input already has a Cookie header; remove the option")
    return [(b"Cookie", cookie.encode("utf-8", "surrogateescape")), *headers]


SEALING = frozenset({Reason.SEALED.value, Reason.SEAL_INVALID.value})
PLACED = frozenset({Reason.OUT_OF_SCOPE.value, Reason.BROWSER_WOULD_REFUSE.value})
"""Reasons that depend on the host or the path."""


def _tell_of_keys(codes: set[str]) -> None:
    if codes & SEALING:
        click.echo("decided with a temporary key, which cannot decrypt values that browsers hold", err=True)


def _plain(told: Any) -> Any:
    """Convert dataclasses to JSON values, and places to text."""
    if isinstance(told, Place):
        return str(told)
    if dataclasses.is_dataclass(told):
        return {f.name: _plain(getattr(told, f.name)) for f in dataclasses.fields(told)}
    return [_plain(one) for one in told] if isinstance(told, tuple) else told


def render(e: Explanation) -> str:
    """Format an explanation as lines: action, entry, reasons, header before and after."""
    name = e.name or "a cookie without a name"
    lines = [f"{name}: {_done(e.action, e.enforced)}"]
    if e.declared_at is not None:
        lines.append(f'  declared as "{e.entry}" at {e.declared_at.place}')
    for why in e.whys:
        lines.append(f"  {why.code}: {why.meaning}")
        lines.append(f"    {_told(why.line)}" if why.line else "")
    lines.append(f"  before  {e.header}: {e.before}" if e.before else "  before  (none)")
    if e.first:
        lines.append(f"  first   {e.header}: {e.first}")
    if e.after == e.before:
        lines.append("  after   unchanged, byte for byte")
    else:
        lines.append(f"  after   {e.header}: {e.after}" if e.after is not None else "  after   (removed)")
    return "\n".join(line for line in lines if line) + "\n"


def _done(action: str, enforced: bool) -> str:
    return action if enforced or action == "pass" else f"{action}, only reported"


def _told(line: PolicyLine) -> str:
    return f"{line.place}: {line.text}"


# Traffic and pages


def _table(loaded: Loaded, files: tuple[str, ...], page: str | None, url: str | None, full: bool, form: str) -> int:
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    failed: list[str] = []
    found = _fetched(page) if page is not None else recorded_in(files, failed, _at(url))
    table = explain_traffic(loaded.policy, loaded.sources, found, time.time(), throw_away(loaded.policy))
    if form == "json":
        click.echo(
            json.dumps(
                {
                    "exchanges": table.exchanges,
                    "left_out": table.left_out,
                    "rows": [_plain(row) for row in table.rows],
                    "unsafe": [_plain(one) for one in table.unsafe],
                },
                indent=2,
            )
        )
        return 3 if failed else 0
    if full:
        for row in table.rows:
            click.echo(f"{counted(row.count, 'time')}, first at {row.example}\n{render(row.explanation)}")
    elif table.rows:
        click.echo(rendered(table))
    for one in table.unsafe:
        click.echo("\n".join(_unsafe(one)))
    _tell_of_keys({code for row in table.rows for code in row.reasons})
    if failed and not table.exchanges:
        return 3
    told = f"{counted(table.exchanges, 'exchange')}, {counted(len(table.rows), 'row')}"
    left = f"; the table is full, {counted(table.left_out, 'cookie')} left out" if table.left_out else ""
    click.echo(f"{told}{left}" if table.rows else f"{told}: no cookies, the policy decides nothing", err=True)
    if page is not None:
        click.echo(
            "cookies set by scripts are not included; to see them, record a HAR file and use --traffic", err=True
        )
    return 3 if failed else 0


def _unsafe(one: Forecast) -> Iterator[str]:
    """Format a cookie that passes with an edit that can break the application."""
    yield f"{printable(one.name)} {one.verdict.value.replace('-', ' ')}: {printable(one.advice)}"
    if one.against:
        yield f"  against: {printable('; '.join(one.against))}"
    if one.in_favour:
        yield f"  for: {printable('; '.join(one.in_favour))}"


def _at(url: str | None) -> Exchange:
    """Return the exchange of --url. Raises UsageError for a URL that is not valid."""
    try:
        return exchange_of(url) if url is not None else ANYWHERE
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _fetched(url: str) -> Iterator[Recorded]:
    """Request a URL and yield the response and its redirects. Raises UsageError, NoAnswer."""
    try:
        exchange_of(url)
        for answer in follow(url):
            if answer.status >= 400:
                click.echo(f"{printable(answer.url)} returned status {answer.status}", err=True)
            yield Recorded(exchange_of(answer.url), [], answer.headers)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


HEADINGS = ("cookie", "header", "count", "declared as", "first at", "action")


def rendered(table: Table) -> str:
    """Format a table in aligned columns. The last column, the action, can have any width."""
    lines = [HEADINGS, *map(_cells, table.rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEADINGS) - 1)]
    return "\n".join(
        "  ".join([*(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)), line[-1]])
        for line in lines
    )


def _cells(row: TrafficRow) -> tuple[str, ...]:
    why = f" ({', '.join(row.reasons)})" if row.reasons else ""
    entry = f"{printable(row.entry)} {row.declared_at.place}" if row.declared_at is not None else "-"
    return (
        row.name or "(without a name)",
        row.header,
        str(row.count),
        entry,
        row.example,
        _done(row.action, row.enforced) + why,
    )
