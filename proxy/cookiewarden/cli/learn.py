"""`cookiewarden learn`, which drafts a register from traffic."""

import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from cookiewarden.cli.lists import list_of
from cookiewarden.cli.policies import print_problems, valid_policy
from cookiewarden.cli.running import address_of, enforcing, operator
from cookiewarden.cli.traffic import print_account, progress_of
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write_new
from cookiewarden.core.cookies.scope import canonical_host, host_matches, path_of
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.loaded import Loaded, Unread
from cookiewarden.core.policy.policy import Entry, Policy
from cookiewarden.core.policy.problem import Code, Place, Pos, Problem, counted, printable
from cookiewarden.core.policy.source import parse_source
from cookiewarden.core.report.evidence import Values
from cookiewarden.core.report.inventory import Inventory, Keeper, Side, name_text
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange, bind
from cookiewarden.tools.explain.explain import DEFAULT_URL, exchange_of
from cookiewarden.tools.http import NoAnswer
from cookiewarden.tools.learn.catalog import Catalog, NoCatalog, read_catalog
from cookiewarden.tools.learn.learn import RegisterDraft, draft, merged, new_policy
from cookiewarden.tools.lists.draft import drafted, new_policy_of_list
from cookiewarden.tools.lists.reader import FORMATS
from cookiewarden.tools.recordings.reader import recorded
from cookiewarden.tools.recordings.recorded import Account, NoTraffic, Recorded
from cookiewarden.tools.test.suite import draft_suite


@click.command()
@click.argument("sources", nargs=-1, required=True, type=FILE)
@click.option(
    "--from",
    "form",
    type=click.Choice(list(FORMATS)),
    help="The one source is a list of cookies in this format, not traffic.",
)
@click.option(
    "--into",
    metavar="FILE",
    type=FILE,
    help="Add the missing entries to this policy. Its comments and its order stay.",
)
@click.option("--output", metavar="FILE", type=FILE, help="New file for the policy.  [default: standard output]")
@click.option(
    "--tests",
    "suite",
    metavar="FILE",
    type=FILE,
    help="With --into or --output, also draft policy tests from the traffic. FILE is a new file in the folder of the "
    "policy, such as shop.test.yaml.",
)
@click.option("--name", default="draft", show_default=True, help="Name of a new policy.")
@click.option(
    "--catalog",
    "catalog_file",
    metavar="FILE",
    type=FILE,
    help="CSV in the format of the Open Cookie Database. Its purposes and categories are added as comments.",
)
@click.option(
    "--host",
    metavar="HOST",
    multiple=True,
    help="Read only exchanges with this host, or with hosts below *.HOST. With --from, cookies of other "
    "sites are comments. Can be given several times.",
)
@click.option(
    "--url",
    metavar="URL",
    default=DEFAULT_URL,
    help=(
        "URL of text without one, such as saved headers without a Host. Its scheme counts for heads without a scheme."
        "  [default: https]"
    ),
)
@click.option(
    "--token-file",
    default="",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_ADMIN_TOKEN_FILE",
    show_envvar=True,
    help="File with the token of the admin listener.",
)
def learn(
    sources: tuple[str, ...],
    form: str | None,
    into: str | None,
    output: str | None,
    suite: str | None,
    name: str,
    catalog_file: str | None,
    host: tuple[str, ...],
    url: str,
    token_file: str,
) -> int:
    """Draft a register from SOURCES.

    SOURCES are HAR files, flow files of mitmproxy, and text with header lines (curl -i, curl -v, access logs with
    cookies). The address of a proxy's admin listener stands for its inventory.

    With --from, the source is a list of cookies instead. These are cc.js of Cookiebot, the JSON of a banner of
    OneTrust, JSON of CookieYes for WordPress, and a configuration of Klaro. For wec, it is inspection.json of the
    Website Evidence Collector. Names, purposes, lifetimes and categories are taken from the list.

    Without --into, the draft is a new policy in report mode. Names that differ only in a random part become one entry;
    a comment gives the reason. Purposes and categories are comments, for you to review.

    Exit codes: 0 drafted, 1 the policy of --into has errors or cannot be extended, 2 wrong usage, 3 a source cannot be
    read. The code is also 1 if a cookie cannot be declared, or with --tests, if one may break. With --from, the code
    is 1 if a part of the list was not understood."""
    if into:
        say_nothing("with --into, where the policy has a name", "name")
    _refuse(into, output, suite)
    for one in host:
        if not _HOST.fullmatch(one):
            raise click.UsageError(
                f'--host: "{printable(one)}" is not a valid host (for example shop.example or *.shop.example, and in '
                "its xn--… form if it has non-ASCII letters)"
            )
    host = tuple(one.lower() for one in host)
    if form:
        say_nothing("with --from", "suite", "catalog_file", "url", "token_file")
        return _from_list(form, sources, into, output, name, host)
    catalog = _catalog(catalog_file) if catalog_file else None
    policy = valid_policy(into) if into else Policy("draft", ())
    engine = enforcing(policy)
    inventory = Inventory(time.time())
    urls: dict[str, Exchange] = {}
    read = [_take(source, inventory, engine, host, _at(url), token_file, urls) for source in sources]
    if not inventory.records:  # an empty draft would state that the application sets no cookies
        click.echo("cookiewarden: nothing learned, so the policy is not written", err=True)
        return 3
    made = draft(inventory, judge_all(inventory, engine, time.time()), policy, catalog, time.time())
    _tell_deleted(inventory)
    code = _write(made, into, output, new_policy(name, made))
    unsafe = _told_undeclarable(inventory)
    if suite and not code:
        unsafe += _write_suite(Path(suite), Path(into or output or ""), inventory, urls)
    return code or (int(unsafe > 0) if all(read) else 3)


def _from_list(
    form: str, sources: tuple[str, ...], into: str | None, output: str | None, name: str, hosts: tuple[str, ...]
) -> int:
    """Draft a register from a list of cookies, and return the exit code."""
    if form == "klaro":  # its cookies have no hosts
        say_nothing("with --from klaro", "host")
    if len(sources) > 1:
        raise click.UsageError("with --from, give one source")
    policy = valid_policy(into) if into else Policy("draft", ())
    found = list_of(form, sources[0], hosts)
    if found is None:
        return 3
    if not found.cookies:
        told = "give a list with cookies" if not found.rows else "fix the items above"
        click.echo(f"cookiewarden: nothing learned, so the policy is not written; {told}", err=True)
        return 3
    made = drafted(found, policy, is_new=into is None)
    code = _write(made, into, output, new_policy_of_list(name, found, made))
    foreign = sum(bool(cookie.other_site) for cookie in found.cookies)
    lost = len(made.names) - made.declared - foreign
    return code or int(bool(found.not_understood) or lost > 0)


def _told_undeclarable(inventory: Inventory) -> int:
    """Print the cookies without a name that an entry can have, and return their number."""
    records = [
        record for name, record in sorted(inventory.records.items()) if record.by_server and (not name or "*" in name)
    ]
    for record in records:
        named = f'"{printable(record.name)}"' if record.name else "a cookie without a name"
        where = " at " + "".join(record.places[0]) if record.places else ""
        click.echo(f"{named} was set{where}; a policy cannot declare it, so enforcement blocks it", err=True)
    return len(records)


def _catalog(path: str) -> Catalog:
    """Read a catalog. Raises NoAnswer."""
    try:
        catalog = read_catalog(Path(path))
    except NoCatalog as error:
        raise NoAnswer(str(error)) from None
    if catalog.broken:
        click.echo(f"{path}: {counted(catalog.broken, 'row')} left out, without a valid name", err=True)
    return catalog


_HOST = re.compile(r"(\*\.)?[\w.-]+|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def _at(url: str) -> Exchange:
    """Return the exchange of --url. Raises UsageError for a URL that is not valid."""
    try:
        return exchange_of(url)
    except ValueError as error:
        raise click.UsageError(f"--url: {error}") from None


def _take(
    source: str,
    inventory: Inventory,
    engine: Engine,
    hosts: tuple[str, ...],
    at: Exchange,
    token_file: str,
    urls: dict[str, Exchange],
) -> bool:
    """Add the cookies of a source to the inventory. Return False, and print why, if it cannot be read to its end.
    `urls`: gets the first request of each name."""
    try:
        if "://" in source or (":" in source and not Path(source).exists()):
            asked = operator(address_of(source, "SOURCES", "http://127.0.0.1:9180"), token_file)
            inventory.records |= asked.inventory().records | inventory.records
        else:
            return _take_file(source, Keeper(inventory), engine, hosts, at, urls)
    except (NoTraffic, NoAnswer) as error:
        click.echo(f"cookiewarden: {printable(str(error))}", err=True)
        return False
    return True


def _take_file(
    source: str, keeper: Keeper, engine: Engine, hosts: tuple[str, ...], at: Exchange, urls: dict[str, Exchange]
) -> bool:
    """Add the exchanges of a file. Return False if cookies may be missing. Raises NoTraffic; exchanges before the error
    are added."""
    count = left_out = 0
    account = Account()
    values: Values | None = None
    bound: set[bytes] = set()
    try:
        with progress_of(source) as progress:
            for one in recorded(Path(source), at, account, progress.add):
                if not _wanted(one.exchange.host, hosts):
                    left_out += 1
                    continue
                values = values or Values(one_browser=account.is_har)
                add_exchange(keeper, engine, one.exchange, one.asked, one.answered, one.at or time.time(), values)
                _note_urls(one, keeper.inventory, urls)
                bound.update(one.bound)
                count += 1
    finally:
        bind(keeper.inventory, bound)
        left = f" ({left_out} excluded by --host)" if left_out else ""
        click.echo(f"{printable(source)}: {counted(count, 'exchange')}{left}", err=True)
        is_incomplete = print_account(source, account)
    return not is_incomplete


def _tell_deleted(inventory: Inventory) -> None:
    """Print the names that were only deleted. They need no entry, because deletions always pass."""
    found = [one for one in inventory.records.values() if one.deletions and set(one.sides) == {Side.SERVER}]
    names = [one.name for one in found if not one.shapes]
    if names:
        shown = ", ".join(map(printable, names[:MAX_DELETED])) + (" …" if len(names) > MAX_DELETED else "")
        click.echo(f"{counted(len(names), 'cookie')} only deleted, so without an entry: {shown}", err=True)


MAX_DELETED = 8
"""Maximum names of deleted cookies that are printed."""


def _note_urls(one: Recorded, inventory: Inventory, urls: dict[str, Exchange]) -> None:
    """Keep the request of the first Set-Cookie line of each name, or of its first return. Its query is not kept."""
    place = Exchange(one.exchange.host, path_of(one.exchange.target), one.exchange.https)
    lines = [value for name, value in one.answered if name.lower() == b"set-cookie"]
    sent = [value for name, value in one.asked if name.lower() == b"cookie"]
    for pair in [*lines, *(pair for value in sent for pair in value.split(b";"))]:
        name = name_text(pair.partition(b";")[0].partition(b"=")[0].strip())
        if name in inventory.records:
            urls.setdefault(name, place)


def _refuse(into: str | None, output: str | None, suite: str | None) -> None:
    """Raise UsageError for options that exclude each other, and for output files that exist."""
    if into and output:
        raise click.UsageError("give either --into or --output")
    if suite and not (into or output):
        raise click.UsageError("--tests requires --into or --output")
    if suite and Path(suite).resolve().parent != Path(into or output or "").resolve().parent:
        raise click.UsageError("--tests: the test file must be in the folder of the policy")
    if suite and not suite.endswith((".test.yaml", ".test.yml")):
        raise click.UsageError(
            f'--tests: "{printable(suite)}" is not a valid name of a test file (for example shop.test.yaml)'
        )
    for option, path in (("--output", output), ("--tests", suite)):
        if path and Path(path).exists():
            raise click.UsageError(f'{option}: "{printable(path)}" exists; give another file or delete it')


def _write_suite(path: Path, policy: Path, inventory: Inventory, urls: dict[str, Exchange]) -> int:
    """Draft policy tests and write them. Return the number of cookies that may break. Raises ClickException."""
    loaded = valid_policy(str(policy))
    suite = draft_suite(inventory, enforcing(loaded), policy.name, time.time(), urls)
    write_new(path, suite.text)
    unsafe = f"; {counted(suite.unsafe, 'cookie')} may break, see the comments" if suite.unsafe else ""
    click.echo(f"{path}: {counted(suite.cases, 'case')} drafted{unsafe}", err=True)
    return suite.unsafe


def _wanted(host: bytes, hosts: tuple[str, ...]) -> bool:
    bare = canonical_host(host)
    return not hosts or any(host_matches(wanted, bare) for wanted in hosts)


def _write(made: RegisterDraft, into: str | None, output: str | None, whole: str) -> int:
    """Add the entries to `into`, or write `whole`, which is a new policy. Return the exit code."""
    families = f", including {counted(len(made.families), 'family')}" if made.families else ""
    suggested = f", {made.suggested} in the catalog" if made.suggested else ""
    count = made.declared
    left = f"; {counted(len(made.names) - count, 'name')} in comments, to review" if count < len(made.names) else ""
    told = f"{counted(count, 'entry')} drafted{families}{suggested}{left}"
    if into is not None:
        return _write_into(Path(into), made, told)
    if output is None:
        click.echo(whole, nl=False)
    else:
        write_new(Path(output), whole)
    click.echo(f"{output}: {told}" if output else told, err=True)
    return 0


_EXPECTED = (Code.NO_PURPOSE, Code.NO_LIFETIME, Code.LIFETIME_OVER_400D)
"""Warnings about drafted entries that need review; a declared lifetime can exceed the maximum of browsers."""


def _write_into(path: Path, made: RegisterDraft, told: str) -> int:
    into = str(path)
    if not made.declared:
        click.echo(
            f"{into}: no entries added; see the comments" if made.yaml else f"{into}: no entries are missing",
            err=True,
        )
        click.echo(made.yaml, nl=False)
        return 0
    path = path.resolve()  # do not replace a symbolic link by a file
    raw = path.read_bytes().decode()
    text = merged(parse_source(into, raw.encode()), raw, made.yaml)
    if isinstance(text, Problem):
        print_problems([text])
        click.echo(made.yaml, nl=False)
        return 1
    before, after = _loaded(path, raw), _loaded(path, text)
    known = {(p.code, p.message) for p in before.problems}
    problems = [p for p in after.problems if (p.code, p.message) not in known and p.code not in _EXPECTED]
    if problems or not _only_added(before, after, made.declared):
        print_problems(problems)
        why = "the result would have problems" if problems else "entries cannot be added to its YAML safely"
        click.echo(
            f"{into} was not changed, because {why}. Add these lines yourself:",
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
    """Check that all previous entries are unchanged and in order, and that `count` entries were added."""
    if before.policy is None or after.policy is None:
        return False
    was, is_now = (list(map(_plain, loaded.policy.entries)) for loaded in (before, after) if loaded.policy is not None)
    rest = iter(is_now)  # `in` continues after the previous match, so this also checks the order
    return len(is_now) == len(was) + count and all(entry in rest for entry in was)


def _plain(entry: Entry) -> Entry:
    """Return the entry without its places in the file."""
    return replace(entry, place=NOWHERE, places={})


NOWHERE = Place("", Pos())


def _loaded(path: Path, text: str) -> Loaded:
    """Load the policy at `path` with `text` as its main file."""

    def read(name: str) -> bytes | Unread:
        if name == path.name:
            return text.encode()
        found = path.parent / name
        return (
            found.read_bytes() if found.is_file() else Unread(Code.INCLUDE_MISSING, f'the file "{name}" does not exist')
        )

    return load(str(path), read)
