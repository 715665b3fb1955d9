"""`cookiewarden learn`: a draft of a register from traffic."""

import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from cookiewarden.cli.policies import print_problems, valid_policy
from cookiewarden.cli.running import address_of, enforcing, operator
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write_new
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.compose import Loaded, load
from cookiewarden.core.policy.includes import Unread
from cookiewarden.core.policy.policy import Entry, Policy
from cookiewarden.core.policy.problem import Code, Place, Pos, Problem, counted, printable
from cookiewarden.core.policy.source import parse_source
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange
from cookiewarden.tools.explain.explain import DEFAULT_URL, exchange_of
from cookiewarden.tools.http import NoAnswer
from cookiewarden.tools.learn.catalog import Catalog, NoCatalog, read_catalog
from cookiewarden.tools.learn.learn import RegisterDraft, draft, merged, new_policy
from cookiewarden.tools.test.suite import draft_suite
from cookiewarden.tools.traffic import NoTraffic, recorded


@click.command()
@click.argument("sources", nargs=-1, required=True, type=FILE)
@click.option(
    "--into",
    metavar="FILE",
    type=FILE,
    help="Add what is missing to this policy; its comments and its order stay.",
)
@click.option("--output", metavar="FILE", type=FILE, help="Write a new policy to this file, which is not there yet.")
@click.option(
    "--tests",
    "suite",
    metavar="FILE",
    type=FILE,
    help="With --into or --output: draft policy tests of what was seen, in a file beside it that is not there yet, "
    "such as shop.test.yaml.",
)
@click.option("--name", default="draft", show_default=True, help="Of a new policy.")
@click.option(
    "--catalog",
    "catalog_file",
    metavar="FILE",
    type=FILE,
    help="The Open Cookie Database's CSV, or one like it: suggestions of purpose and category, as comments.",
)
@click.option(
    "--host",
    metavar="HOST",
    multiple=True,
    help="Only exchanges with this host, or below *.HOST; can be given several times.",
)
@click.option(
    "--url",
    metavar="URL",
    default=DEFAULT_URL,
    help="Where text is from that does not say it, such as saved headers without a Host.",
)
@click.option(
    "--token-file",
    default="",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
    show_envvar=True,
    help="The admin listener's token.",
)
def learn(
    sources: tuple[str, ...],
    into: str | None,
    output: str | None,
    suite: str | None,
    name: str,
    catalog_file: str | None,
    host: tuple[str, ...],
    url: str,
    token_file: str,
) -> int:
    """Draft a register from SOURCES: HAR files, flow files of mitmproxy, text with header lines (curl -i, curl -v,
    access logs that hold cookies), or the address of a running proxy's admin listener, for its inventory.

    Without --into a new policy in report mode is printed, or written to --output. Names that differ only in what looks
    random become one entry, and it says why. Nothing is enforced that nobody has read: purposes and categories are
    comments.

    Exit: 0 drafted, 1 the policy of --into has errors or cannot be added to, 2 wrong usage, 3 a source could not be
    read."""
    if into:
        say_nothing("with --into: the policy has a name", "name")
    _refuse(into, output, suite)
    for one in host:
        if not _HOST.fullmatch(one):
            raise click.UsageError(f'--host: "{printable(one)}" is no host; expected shop.example or *.shop.example')
    catalog = _catalog(catalog_file) if catalog_file else None
    policy = valid_policy(into) if into else Policy("draft", ())
    engine = enforcing(policy)
    inventory = Inventory(time.time())
    read = [_take(source, inventory, engine, host, _at(url), token_file) for source in sources]
    if not all(read) and not inventory.records:
        return 3  # nothing to draft from: an empty policy would say that there is nothing
    made = draft(inventory, judge_all(inventory, engine, time.time()), policy, catalog, time.time())
    code = _write(made, into, output, name)
    if suite and not code:
        _write_suite(Path(suite), Path(into or output or ""), inventory)
    return code or (0 if all(read) else 3)


def _catalog(path: str) -> Catalog:
    """Raises NoAnswer."""
    try:
        catalog = read_catalog(Path(path))
    except NoCatalog as error:
        raise NoAnswer(str(error)) from None
    if catalog.broken:
        click.echo(f"{path}: {counted(catalog.broken, 'row')} left out that say nothing usable", err=True)
    return catalog


_HOST = re.compile(r"(\*\.)?[^\s/:*]+|\[[0-9A-Fa-f:.]+\]")


def _at(url: str) -> Exchange:
    """Raises UsageError."""
    try:
        return exchange_of(url)
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from None


def _take(
    source: str, inventory: Inventory, engine: Engine, hosts: tuple[str, ...], at: Exchange, token_file: str
) -> bool:
    """Add what a source has to the inventory; whether all of it could be read."""
    try:
        if "://" in source or (":" in source and not Path(source).exists()):
            asked = operator(address_of(source, "SOURCES", "http://127.0.0.1:9180"), token_file)
            inventory.records |= asked.inventory().records | inventory.records
        else:
            _take_file(source, Keeper(inventory), engine, hosts, at)
    except (NoTraffic, NoAnswer) as error:
        click.echo(f"cookiewarden: {printable(str(error))}", err=True)
        return False
    return True


def _take_file(source: str, keeper: Keeper, engine: Engine, hosts: tuple[str, ...], at: Exchange) -> None:
    """Raises NoTraffic, after what could be read."""
    count = left_out = 0
    for one in recorded(Path(source), at):
        if not _wanted(one.exchange.host, hosts):
            left_out += 1
            continue
        add_exchange(keeper, engine, one.exchange, one.asked, one.answered, one.at or time.time())
        count += 1
    left = f" ({left_out} left out by --host)" if left_out else ""
    click.echo(f"{printable(source)}: {counted(count, 'exchange')}{left}", err=True)


def _refuse(into: str | None, output: str | None, suite: str | None) -> None:
    """Raises UsageError."""
    if into and output:
        raise click.UsageError("give one of --into and --output")
    if suite and not (into or output):
        raise click.UsageError("--tests: tests are of a policy: give --into or --output")
    if suite and Path(suite).resolve().parent != Path(into or output or "").resolve().parent:
        raise click.UsageError("--tests: the tests of a policy stand beside it, in the same folder")
    if suite and not suite.endswith((".test.yaml", ".test.yml")):
        raise click.UsageError(
            f'--tests: "{printable(suite)}": a file of tests ends in .test.yaml, such as shop.test.yaml'
        )
    for option, path in (("--output", output), ("--tests", suite)):
        if path and Path(path).exists():
            raise click.UsageError(f'{option}: there is a file "{printable(path)}" already')


def _write_suite(path: Path, policy: Path, inventory: Inventory) -> None:
    """Raises ClickException."""
    loaded = valid_policy(str(policy))
    suite = draft_suite(inventory, enforcing(loaded), policy.name, time.time())
    write_new(path, suite.text)
    click.echo(f"{path}: {counted(suite.cases, 'case')} drafted", err=True)


def _wanted(host: bytes, hosts: tuple[str, ...]) -> bool:
    bare = host.decode("utf-8", "backslashreplace").rsplit(":", 1)[0].lower()
    return not hosts or any(
        bare == wanted or (wanted.startswith("*.") and bare.endswith(wanted[1:])) for wanted in hosts
    )


def _write(made: RegisterDraft, into: str | None, output: str | None, name: str) -> int:
    families = f", {counted(len(made.families), 'family')} among them" if made.families else ""
    suggested = f", {made.suggested} known to the catalog" if made.suggested else ""
    count = made.declared
    left = f"; {counted(len(made.names) - count, 'name')} left to you, in comments" if count < len(made.names) else ""
    told = f"{counted(count, 'entry')} drafted{families}{suggested}{left}"
    if into is not None:
        return _write_into(Path(into), made, told)
    whole = new_policy(name, made)
    if output is None:
        click.echo(whole, nl=False)
    else:
        write_new(Path(output), whole)
    click.echo(f"{output}: {told}" if output else told, err=True)
    return 0


def _write_into(path: Path, made: RegisterDraft, told: str) -> int:
    into = str(path)
    if not made.declared:
        click.echo(
            f"{into}: nothing is missing that could be declared" if made.yaml else f"{into}: nothing is missing",
            err=True,
        )
        click.echo(made.yaml, nl=False)
        return 0
    path = path.resolve()  # a link stays one
    raw = path.read_bytes().decode()
    text = merged(parse_source(into, raw.encode()), raw, made.yaml)
    if isinstance(text, Problem):
        print_problems([text])
        click.echo(made.yaml, nl=False)
        return 1
    before, after = _loaded(path, raw), _loaded(path, text)
    known = {(p.code, p.message) for p in before.problems}
    problems = [
        p
        for p in after.problems
        if (p.code, p.message) not in known and p.code not in (Code.NO_PURPOSE, Code.NO_LIFETIME)
    ]
    if problems or not _only_added(before, after, made.declared):
        print_problems(problems)
        click.echo(
            f"{into} is not changed: it is written in a way that cannot be added to; what would have been added:",
            err=True,
        )
        click.echo(made.yaml, nl=False)
        return 1
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        file.write(text)
    new = Path(file.name)
    new.chmod(path.stat().st_mode & 0o777)
    new.replace(path)
    click.echo(f"{into}: {told}: {', '.join(map(printable, made.names))}", err=True)
    return 0


def _only_added(before: Loaded, after: Loaded, count: int) -> bool:
    """Whether the entries of before are all there as they were, and so many more."""
    if before.policy is None or after.policy is None:
        return False
    was, is_now = (list(map(_plain, loaded.policy.entries)) for loaded in (before, after) if loaded.policy is not None)
    rest = iter(is_now)  # each is looked for behind the one before: entries keep their order
    return len(is_now) == len(was) + count and all(entry in rest for entry in was)


def _plain(entry: Entry) -> Entry:
    """But for where it stands."""
    return replace(entry, place=NOWHERE, places={})


NOWHERE = Place("", Pos())


def _loaded(path: Path, text: str) -> Loaded:
    """The policy, with this text as its main file."""

    def read(name: str) -> bytes | Unread:
        if name == path.name:
            return text.encode()
        found = path.parent / name
        return found.read_bytes() if found.is_file() else Unread(Code.INCLUDE_MISSING, f'there is no file "{name}"')

    return load(str(path), read)
