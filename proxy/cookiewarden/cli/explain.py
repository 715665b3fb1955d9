"""`cookiewarden explain`: what would happen to a header, why, and which line decided."""

import sys
import time

import click

from cookiewarden.cli.policies import load_policy
from cookiewarden.core.decision import Reason
from cookiewarden.keys import throw_away
from cookiewarden.tools.explain import (
    DEFAULT_URL,
    Explanation,
    Line,
    NoHeader,
    exchange_of,
    headers_of,
    url_of,
)
from cookiewarden.tools.explain import explain as explain_headers


@click.command(short_help="What would happen to a header, and why.")
@click.option(
    "--policy", required=True, metavar="FILE", envvar="COOKIEWARDEN_POLICY", help="The policy file."
)
@click.option(
    "--url",
    metavar="URL",
    help=f"Where the browser is: host, path, scheme.  [default: what a request head says, else {DEFAULT_URL}]",
)
@click.option(
    "--cookie",
    metavar="COOKIES",
    help="For a Set-Cookie: the Cookie header of the request, where the policy asks for consent.",
)
@click.argument("header")
def explain(policy: str, url: str | None, cookie: str | None, header: str) -> int:
    """Tell what the policy does with HEADER and why: 'Set-Cookie: …', 'Cookie: …', or - for a whole response
    head on standard input, as in: curl -si http://127.0.0.1:3000/ | cookiewarden explain --policy p.yaml -

    Values of cookies are not printed, only their length.
    """
    _, loaded = load_policy(policy)
    text = sys.stdin.buffer.read() if header == "-" else header.encode("utf-8", "surrogateescape")
    where = url or url_of(text) or DEFAULT_URL
    try:
        headers, exchange = headers_of(text), exchange_of(where)
        if cookie is not None:
            if any(name.lower() == b"cookie" for name, _ in headers):
                raise click.UsageError("--cookie is for a response: there is a Cookie header in it already")
            headers.insert(0, (b"Cookie", cookie.encode("utf-8", "surrogateescape")))
    except NoHeader as error:
        if error.is_head:
            click.echo("no Set-Cookie or Cookie header in it: nothing for the policy to decide")
            return 0
        raise click.UsageError(str(error) if text.strip() else "nothing came on standard input") from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    explanations = explain_headers(
        loaded.policy, loaded.sources, headers, exchange, time.time(), throw_away(loaded.policy)
    )
    for explanation in explanations:
        click.echo(render(explanation))
    if any(why.code in SEALING for e in explanations for why in e.whys):
        click.echo(
            "judged with a key that was made for this and is gone: no browser's value opens with it", err=True
        )
    if not explanations:
        click.echo("no cookies in it: nothing for the policy to decide")
    elif url is None and any(why.code in PLACED for e in explanations for why in e.whys):
        click.echo(f"judged for {where}; give another with --url", err=True)
    return 0


SEALING = frozenset({Reason.SEALED.value, Reason.SEAL_INVALID.value})
PLACED = frozenset({Reason.OUT_OF_SCOPE.value, Reason.BROWSER_WOULD_REFUSE.value})
"""Reasons that depend on the host and the path."""


def render(e: Explanation) -> str:
    name = e.name or "a cookie without a name"
    done = e.action if e.enforced or e.action == "pass" else f"{e.action}, but only reported"
    lines = [f"{name}: {done}"]
    if e.declared_at is not None:
        lines.append(f'  declared as "{e.entry}" at {e.declared_at.place}')
    for why in e.whys:
        lines.append(f"  {why.code}: {why.meaning}")
        lines.append(f"    {_told(why.line)}" if why.line else "")
    lines.append(f"  before  {e.header}: {e.before}" if e.before else "  before  nothing")
    if e.first:
        lines.append(f"  first   {e.header}: {e.first}")
    if e.after == e.before:
        lines.append("  after   the same, byte for byte")
    else:
        lines.append(f"  after   {e.header}: {e.after}" if e.after is not None else "  after   nothing")
    return "\n".join(line for line in lines if line) + "\n"


def _told(line: Line) -> str:
    return f"{line.place}: {line.text}"
