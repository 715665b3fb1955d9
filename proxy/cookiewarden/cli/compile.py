"""`cookiewarden compile`, which writes a policy as a program in Lua."""

from pathlib import Path

import click

from cookiewarden.adapters.lua.compile import Target, program
from cookiewarden.adapters.lua.subset import outside
from cookiewarden.cli.policies import PolicyRefused, load_policy
from cookiewarden.cli.usage import FILE, REQUIRED_POLICY
from cookiewarden.cli.writing import write
from cookiewarden.core.policy.loaded import Loaded


@click.command()
@click.option(
    "--to",
    "target",
    type=click.Choice([target.value for target in Target]),
    required=True,
    help="The server that runs the program.",
)
@REQUIRED_POLICY
@click.option("--output", metavar="FILE", type=FILE, help="Output file.  [default: standard output]")
def compile(target: str, policy: str, output: str | None) -> int:
    """Write a policy as a program in Lua for Envoy, nginx or HAProxy.

    The program gives cookies the same attributes and lifetimes as the proxy. It has no metrics, inventory, mode switch
    and reload. A policy with rules that need the proxy is refused.

    Exit codes: 0 written, 1 errors or rules that need the proxy, 2 wrong usage, 3 a file cannot be read or written.
    """
    loaded = load_policy(policy).loaded
    assert loaded.policy is not None  # noqa: S101 (load_policy raises otherwise)
    problems = outside(loaded.policy, loaded.sources)
    if problems:
        raise PolicyRefused(Loaded(None, problems, loaded.sources))
    text = program(loaded.policy, Target(target))
    if output is None:
        click.echo(text, nl=False)
    else:
        write(Path(output), text)
    return 0
