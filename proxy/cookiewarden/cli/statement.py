"""`cookiewarden statement`, which writes the statement of a policy, compares a published page with a policy, and drafts
a policy from a page."""

import re
import time
from pathlib import Path

import click

from cookiewarden.cli.policies import valid_policy
from cookiewarden.cli.progress import Progress
from cookiewarden.cli.running import as_json
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write, write_new
from cookiewarden.core.policy.policy import Policy, SetBy
from cookiewarden.core.policy.problem import counted, printable, shown_url
from cookiewarden.core.report.statement import statement as statement_of
from cookiewarden.pages.officers import OFFICERS, for_officers
from cookiewarden.pages.statement import BadTemplate, statement_page, with_template
from cookiewarden.pages.words import WORDS, words_of
from cookiewarden.tools.http import NoAnswer, follow
from cookiewarden.tools.statement.charset import charset_of_type
from cookiewarden.tools.statement.claims import Published
from cookiewarden.tools.statement.lines import NoStatement
from cookiewarden.tools.statement.published import read_page
from cookiewarden.tools.statement.stated import StatementFinding, StatementFindingKind, compare, draft

POLICY = click.option(
    "--policy",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    help="Policy file.",
    show_envvar=True,
)


@click.group(invoke_without_command=True)
@POLICY
@click.option(
    "--language",
    metavar="LANGUAGE",
    help="Language tag, for example nl.  [default: the first language of the policy's statement, else en]",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "html", "json", *OFFICERS]),
    default="markdown",
    show_default=True,
    help="Output format; html is one file without dependencies. csv, wat and ropa are for officers' tools.",
)
@click.option("--template", metavar="FILE", type=FILE, help="Render a Jinja template instead of --format.")
@click.option("--output", metavar="FILE", type=FILE, help="Output file.  [default: standard output]")
@click.option("--check", "page", metavar="URL|FILE", help="Compare a published page with the policy.")
@click.pass_context
def statement(
    context: click.Context,
    policy: str | None,
    language: str | None,
    form: str,
    template: str | None,
    output: str | None,
    page: str | None,
) -> int:
    """Write the cookie statement of a policy. It has the texts of the policy's statement, and lists the declared
    cookies by category, with purposes and lifetimes.

    The format wat is a knowledge base for the Website Auditing Tool of the EDPB. The format ropa has rows for a record
    of processing activities (GDPR, Article 30).

    With --check, compare a published page with the policy instead. The page is HTML, Markdown, or text from pdftotext
    -layout. Purposes in other words are listed but do not count as differences. Rows of the page that were not
    understood are listed and count.

    Exit codes: 0 written or no differences, 1 the policy has errors or the page differs, 2 wrong usage, 3 the page
    cannot be read.
    """
    if context.invoked_subcommand is not None:
        say_nothing(
            "before import",
            "policy",
            "language",
            "form",
            "template",
            "output",
            "page",
        )
        return 0
    if policy is None:
        raise click.UsageError("Missing option '--policy'.")
    loaded = valid_policy(policy)
    if page is not None:
        say_nothing("with --check", "language", "form", "template", "output")
        return _check(page, loaded)
    if template is not None:
        say_nothing("with --template", "form")
    text = _written(loaded, language or loaded.statement.languages[0], form, template)
    if output is None:
        click.echo(text, nl=False)
        return 0
    write(Path(output), text)
    click.echo(
        f"{output}: {counted(sum(e.set_by is not SetBy.INFRASTRUCTURE for e in loaded.entries), 'cookie')}", err=True
    )
    return 0


def _written(policy: Policy, language: str, form: str, template: str | None) -> str:
    """Render the statement. Raises UsageError, ClickException."""
    document = statement_of(policy, language, policy.mode, time.time())
    silent = [cookie.name for cookie in document.stated if not cookie.purpose]
    if silent:
        click.echo(
            f"cookies without a purpose: {', '.join(map(printable, silent[:10]))}{' …' if len(silent) > 10 else ''}",
            err=True,
        )
    if template is not None:
        if words_of(language) is None:
            click.echo(
                f'--language: "{printable(language)}" is not a supported language; w in the template is English',
                err=True,
            )
        try:
            return with_template(document, Path(template).read_text(), template)
        except OSError as error:
            raise click.ClickException(
                f'cannot read the template "{template}": {(error.strerror or "error").lower()}'
            ) from None
        except UnicodeDecodeError:
            raise click.UsageError(f'the template "{template}" is not UTF-8; convert the file') from None
        except BadTemplate as bad:
            raise click.UsageError(f"cannot render the template {printable(str(bad))}") from None
    if form == "json":
        return as_json(document) + "\n"
    try:
        return for_officers(document, form) if form in OFFICERS else statement_page(document, form)
    except ValueError:
        raise click.UsageError(
            f'--language: "{printable(language)}" is not a supported language; {" and ".join(WORDS)} ship, use '
            "--template for others"
        ) from None


# Comparison

TOLD = {
    StatementFindingKind.UNDECLARED: "On the page but undeclared",
    StatementFindingKind.UNSTATED: "Declared but not on the page",
    StatementFindingKind.LIFETIME: "Different lifetime",
    StatementFindingKind.NO_LIFETIME: "Lifetime missing on the page",
    StatementFindingKind.EDITED: "Different date of the last edit",
    StatementFindingKind.WORDING: "Purpose in other words (does not count)",
}


def _check(page: str, policy: Policy) -> int:
    published = _published(page)
    findings = compare(published, policy, time.time())
    differ = [finding for finding in findings if finding.kind is not StatementFindingKind.WORDING]
    for kind in StatementFindingKind:
        found = [finding for finding in findings if finding.kind is kind]
        if found:
            click.echo(f"{TOLD[kind]}:")
            for finding in found:
                click.echo(_told(finding, page))
            click.echo("")
    for line in _left_out(published, page):
        click.echo(line)
    named = counted(len(published.claims), "cookie")
    unread = published.not_understood
    click.echo(
        f"{printable(shown_url(page))}: {named} on the page; "
        f"{counted(len(differ), 'difference') if differ else 'no differences'}"
        f"{f'; {len(unread)} not understood' if unread else ''}"
    )
    return int(bool(differ or unread))


MAX_TOLD = 50
"""Maximum lines for rows that were not read."""


def _left_out(published: Published, page: str) -> list[str]:
    """Return lines for the rows and lifetimes that were not read, and for all rows if there are some."""
    left = sorted(published.left_out, key=lambda left: left.is_understood)
    if not left and not published.sections and not published.columns:
        return []
    rows = (
        f"{counted(published.rows, 'row')}: {published.rows_read} read, {published.rows - published.rows_read} left out"
    )
    heads = ", ".join(f'"{printable(head[:60])}"' for head in published.sections[:MAX_TOLD])
    lines = [rows, *([f"Categories in tables: {heads}"] if heads else [])]
    sections = (
        ("Not understood:", [one for one in left if not one.is_understood]),
        ("Not in the list of cookies:", [one for one in left if one.is_understood]),
        ("Columns without names, purposes and lifetimes:", published.columns),
    )
    for title, found in sections:
        told = [f"  {printable(shown_url(page))}:{one.line}: {one.why}" for one in found]
        more = [f"  … {len(told) - MAX_TOLD} more"] if len(told) > MAX_TOLD else []
        lines += [title, *told[:MAX_TOLD], *more] if told else []
    return [*lines, ""]


def _told(finding: StatementFinding, page: str) -> str:
    line = f"  {printable(finding.name)}: {printable(finding.told)}" if finding.name else f"  {finding.told}"
    where = [f"{printable(shown_url(page))}:{finding.line}"] if finding.line else []
    where += [str(finding.entry.place)] if finding.entry is not None else []
    return "\n".join([line, *([f"    {', '.join(where)}"] if where else [])])


def _published(page: str) -> Published:
    """Request or read a page. Raises NoAnswer if that fails or if it is not a statement."""
    try:
        if re.match(r"https?://", page):
            with Progress(f"octets of {printable(shown_url(page))}") as progress:
                answer = follow(page, on_read=progress.add)[-1]
            if answer.status != 200:
                raise NoAnswer(f"{answer.url} returned status {answer.status}")
            types = (value for name, value in answer.headers if name.lower() == b"content-type")
            return read_page(answer.body, charset_of_type(next(types, b"").decode("latin-1")))
        if "://" in page:
            raise NoAnswer(f'"{printable(shown_url(page))}" is not an HTTP URL (example: https://shop.example/cookies)')
        return read_page(Path(page).read_bytes())
    except OSError as error:
        raise NoAnswer(f'cannot read "{printable(shown_url(page))}": {(error.strerror or "error").lower()}') from None
    except NoStatement as bad:
        raise NoAnswer(f'"{printable(shown_url(page))}" is not a statement that can be read: {bad}') from None


@statement.command("import", short_help="Draft a policy from a published statement.")
@click.argument("page", metavar="URL|FILE", type=FILE)
@click.option("--name", default="draft", show_default=True, help="Name of the policy.")
@click.option("--output", metavar="FILE", type=FILE, help="New file for the policy.  [default: standard output]")
def import_(page: str, name: str, output: str | None) -> int:
    """Draft a policy from a published statement. The page is HTML, Markdown, or text from pdftotext -layout.

    Names, purposes and lifetimes are taken from the page. Lifetimes that are missing there are left for you to fill in.
    The policy is in report mode. Compare the draft with the page before you use it.

    Heads of tables are read in all official languages of the EU. Rows that are not cookies, such as local storage, and
    rows that were not understood are listed. So are texts that look like a cookie and were not read.

    Exit codes: 0 drafted, 1 drafted without the rows or lifetimes that were not understood, 2 wrong usage, 3 the page
    cannot be read."""
    published = _published(page)
    text = draft(published, name)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_new(Path(output), text)
    stated = sum(claim.lifetime is not None for claim in published.claims)
    for line in _left_out(published, page):
        click.echo(line, err=True)
    click.echo(
        f"{printable(shown_url(page))}: {counted(len(published.claims), 'cookie')} in "
        f"{counted(len(published.groups), 'category')}, {stated} with a lifetime, from "
        f"{published.rows_read} of {counted(published.rows, 'row')}",
        err=True,
    )
    return int(bool(published.not_understood))
