"""`cookiewarden check`, which validates policy files."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import click

from cookiewarden.cli.policies import exit_code, print_problems, summary
from cookiewarden.cli.usage import FILE, refuse_empty
from cookiewarden.core.policy.behind_envoy import envoy_problems
from cookiewarden.core.policy.expiry import expiry_problems
from cookiewarden.core.policy.problem import Problem, counted, in_order
from cookiewarden.files import PolicyFiles
from cookiewarden.tools.annotations.annotation import PROBLEMS, Annotation, of_problem
from cookiewarden.tools.annotations.github import github
from cookiewarden.tools.annotations.gitlab import gitlab
from cookiewarden.tools.annotations.sarif import sarif
from cookiewarden.tools.envoy.names import Host

FORMATS: dict[str, Callable[[list[Annotation]], str]] = {
    "github": github,
    "gitlab": gitlab,
    "sarif": lambda found: sarif(found, PROBLEMS, "check"),
}


@click.command()
@click.argument("paths", nargs=-1, required=True, type=FILE)
@click.option(
    "--host",
    type=click.Choice([host.value for host in Host]),
    help="Also warn of rules that have no effect behind Envoy or a program that runs it.",
)
@click.option("--strict", is_flag=True, help="Exit 1 also for warnings.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", *FORMATS]),
    default="text",
    show_default=True,
    help="Output format. github annotates a pull request, gitlab is a Code Quality report, and sarif is a log for code "
    "scanning.",
)
def check(paths: tuple[str, ...], host: str | None, strict: bool, form: str) -> int:
    """Validate policy files and print every problem. For a folder, validate the .yaml and .yml files in it.

    Exit codes: 0 valid, 1 errors (with --strict also warnings), 2 wrong usage, 3 a file cannot be read.
    """
    refuse_empty(paths)
    files = [file for path in paths for file in policy_files(Path(path))]
    if not files:
        raise click.UsageError(f"no policy files in {', '.join(paths)}")
    problems: list[Problem] = []
    clean: list[str] = []
    for file in files:
        loaded = PolicyFiles(str(file)).load()
        problems += loaded.problems
        if loaded.policy is not None:
            problems += expiry_problems(loaded.policy, loaded.sources, time.time())
            if host is not None:
                problems += envoy_problems(loaded.policy, loaded.sources)
            entries = counted(len(loaded.policy.entries), "entry")
            clean.append(f"{file}: {entries}, sha256 {loaded.policy.sha256:.12}")
    problems = in_order(problems)
    if form == "json":
        click.echo(json.dumps([problem.as_json() for problem in problems], indent=2, ensure_ascii=False))
    elif form in FORMATS:
        click.echo(FORMATS[form](list(map(of_problem, problems))), nl=False)
    else:
        print_problems(problems)
        if exit_code(problems, strict) == 0:
            click.echo("\n".join(clean))
            click.echo(f"ok ({summary(problems)})" if problems else "ok")
    return exit_code(problems, strict)


def policy_files(path: Path) -> list[Path]:
    """List the policy files of a path. Policy tests (`*.test.yaml`) and hidden files are left out."""
    if not os.path.isdir(path):
        return [path]
    found = [p for pattern in ("*.yaml", "*.yml") for p in path.rglob(pattern) if p.is_file()]
    return sorted(
        p
        for p in found
        if not p.stem.endswith(".test") and not any(part.startswith(".") for part in p.relative_to(path).parts)
    )
