"""`cookiewarden explain`: what would happen to a header, why, and which line decided."""

import sys
import time

import click

from cookiewarden.cli.policies import load_policy
from cookiewarden.tools.explain import Explanation, Line, NoHeader, exchange_of, headers_of
from cookiewarden.tools.explain import explain as explain_headers


@click.command()
@click.option(
    "--policy", required=True, metavar="FILE", envvar="COOKIEWARDEN_POLICY", help="The policy file."
)
@click.option(
    "--url", default="https://localhost/", show_default=True, help="Where the browser is: host, path, scheme."
)
@click.argument("header")
def explain(policy: str, url: str, header: str) -> int:
    """Tell what the policy does with HEADER and why: 'Set-Cookie: …', 'Cookie: …', or - for a whole response
    head on standard input, as in: curl -sI https://shop.example/ | cookiewarden explain --policy p.yaml -

    Values of cookies are not printed, only their length.
    """
    _, loaded = load_policy(policy)
    text = sys.stdin.buffer.read() if header == "-" else header.encode("utf-8", "surrogateescape")
    try:
        headers, exchange = headers_of(text), exchange_of(url)
    except NoHeader as error:
        if header == "-":
            click.echo("no Set-Cookie or Cookie header in it: nothing for the policy to decide")
            return 0
        raise click.UsageError(str(error)) from None
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    for explanation in explain_headers(loaded.policy, loaded.sources, headers, exchange, time.time()):
        click.echo(render(explanation))
    return 0


def render(e: Explanation) -> str:
    name = e.name or "a cookie without a name"
    done = e.action if e.enforced or e.action == "pass" else f"{e.action}, but only reported"
    lines = [f"{name}: {done}"]
    if e.declared_at is not None:
        lines.append(f'  declared as "{e.entry}" at {e.declared_at.place}')
    for why in e.whys:
        lines.append(f"  {why.code}: {why.meaning}")
        lines.append(f"    {_told(why.line)}" if why.line else "")
    lines.append(f"  before  {e.header}: {e.before}")
    if e.after == e.before:
        lines.append("  after   the same, byte for byte")
    else:
        lines.append(f"  after   {e.header}: {e.after}" if e.after is not None else "  after   nothing")
    return "\n".join(line for line in lines if line) + "\n"


def _told(line: Line) -> str:
    return f"{line.place}: {line.text}"
