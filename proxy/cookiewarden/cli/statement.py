"""`cookiewarden statement`: the published page, made of the policy; a published page against the policy; a policy from
a page."""

import re
import time
from pathlib import Path

import click

from cookiewarden.cli.policies import valid_policy
from cookiewarden.cli.running import as_json
from cookiewarden.cli.usage import FILE, say_nothing
from cookiewarden.cli.writing import write, write_new
from cookiewarden.core.policy.policy import Policy, SetBy
from cookiewarden.core.policy.problem import counted, printable, shown_url
from cookiewarden.core.report.statement import statement as statement_of
from cookiewarden.pages.statement import BadTemplate, statement_page, with_template
from cookiewarden.pages.words import WORDS, words_of
from cookiewarden.tools.http import NoAnswer, follow
from cookiewarden.tools.statement.pagetext import NoStatement
from cookiewarden.tools.statement.published import Published, read_page
from cookiewarden.tools.statement.stated import StatementFinding, StatementFindingKind, compare, draft

POLICY = click.option(
    "--policy",
    metavar="FILE",
    type=FILE,
    envvar="COOKIEWARDEN_POLICY",
    help="The policy file.",
    show_envvar=True,
)


@click.group(invoke_without_command=True)
@POLICY
@click.option(
    "--language",
    metavar="LANGUAGE",
    help="en, nl, …  [default: the first of the policy's statement, else en]",
)
@click.option(
    "--format", "form", type=click.Choice(["markdown", "html", "json"]), default="markdown", show_default=True
)
@click.option("--template", metavar="FILE", type=FILE, help="A Jinja template of your own instead of --format.")
@click.option("--output", metavar="FILE", type=FILE, help="Where it is written.  [default: standard output]")
@click.option("--check", "page", metavar="URL|FILE", help="Compare a page that is published with the policy instead.")
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
    """Write the cookie statement that the policy makes true: cookies by category, with purposes and lifetimes, and what
    the policy's statement: says besides. HTML needs no other file, and prints well.

    --check tells where a published page (HTML, Markdown, or text such as pdftotext -layout writes) and the policy
    differ. Purposes that are worded otherwise are told and do not count.

    Exit: 0 written, or no difference; 1 the policy has errors, or page and policy differ; 2 wrong usage; 3 the page
    could not be read.
    """
    if context.invoked_subcommand is not None:
        say_nothing(
            "to import, which has options of its own",
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
    """Raises UsageError, ClickException."""
    document = statement_of(policy, language, policy.mode, time.time())
    silent = [cookie.name for cookie in document.stated if not cookie.purpose]
    if silent:
        click.echo(
            f"without a purpose: {', '.join(map(printable, silent[:10]))}{' …' if len(silent) > 10 else ''}", err=True
        )
    if template is not None:
        if words_of(language) is None:
            click.echo(f'no words in "{printable(language)}" ship: w has the English ones', err=True)
        try:
            return with_template(document, Path(template).read_text(), template)
        except OSError as error:
            raise click.ClickException(
                f'the template "{template}" cannot be read: {(error.strerror or "error").lower()}'
            ) from None
        except UnicodeDecodeError:
            raise click.UsageError(f'the template "{template}" cannot be used: it is not UTF-8') from None
        except BadTemplate as bad:
            raise click.UsageError(f"the template cannot be used: {printable(str(bad))}") from None
    if form == "json":
        return as_json(document) + "\n"
    try:
        return statement_page(document, form)
    except ValueError:
        raise click.UsageError(
            f'--language: there are no words in "{printable(language)}"; {" and ".join(WORDS)} ship, and --template '
            "can bring others"
        ) from None


# Comparing

TOLD = {
    StatementFindingKind.UNDECLARED: "On the page, and in no entry",
    StatementFindingKind.UNSTATED: "Declared, and not on the page",
    StatementFindingKind.LIFETIME: "Another lifetime",
    StatementFindingKind.NO_LIFETIME: "A lifetime that the page does not give",
    StatementFindingKind.EDITED: "The day of the last edit",
    StatementFindingKind.WORDING: "Worded otherwise (does not count)",
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
    named = counted(len(published.claims), "cookie")
    click.echo(
        f"{printable(shown_url(page))}: {named} named; "
        f"{counted(len(differ), 'difference') if differ else 'no difference'}"
    )
    return int(bool(differ))


def _told(finding: StatementFinding, page: str) -> str:
    line = f"  {printable(finding.name)}: {printable(finding.told)}" if finding.name else f"  {finding.told}"
    where = [f"{printable(shown_url(page))}:{finding.line}"] if finding.line else []
    where += [str(finding.entry.place)] if finding.entry is not None else []
    return "\n".join([line, *([f"    {', '.join(where)}"] if where else [])])


def _published(page: str) -> Published:
    """Raises NoAnswer where it cannot be had or read."""
    try:
        if re.match(r"https?://", page):
            answer = follow(page)[-1]
            if answer.status != 200:
                raise NoAnswer(f"{answer.url} answers {answer.status}")
            return read_page(answer.body)
        if "://" in page:
            raise NoAnswer(
                f'"{printable(shown_url(page))}" is not asked for by HTTP; expected such as '
                "https://shop.example/cookies"
            )
        return read_page(Path(page).read_bytes())
    except OSError as error:
        raise NoAnswer(
            f'"{printable(shown_url(page))}" cannot be read: {(error.strerror or "error").lower()}'
        ) from None
    except NoStatement as bad:
        raise NoAnswer(f'"{printable(shown_url(page))}" cannot be read as a statement: {bad}') from None


@statement.command("import", short_help="A draft of a policy from a published statement.")
@click.argument("page", metavar="URL|FILE", type=FILE)
@click.option("--name", default="draft", show_default=True, help="Of the policy.")
@click.option("--output", metavar="FILE", type=FILE, help="Write it to this file, which is not there yet.")
def import_(page: str, name: str, output: str | None) -> int:
    """Draft a policy from a published statement: HTML, Markdown, or text such as pdftotext -layout writes.

    Names, purposes and lifetimes are the page's own; a lifetime that it does not give is left for you to choose. The
    policy is printed, or written to --output, in report mode. Read it beside the page: what a page means is not always
    what it says.

    Exit: 0 drafted, 2 wrong usage, 3 the page could not be read."""
    published = _published(page)
    text = draft(published, name)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_new(Path(output), text)
    stated = sum(claim.lifetime is not None for claim in published.claims)
    click.echo(
        f"{printable(shown_url(page))}: {counted(len(published.claims), 'cookie')} in "
        f"{counted(len(published.groups), 'category')}, {stated} with a lifetime",
        err=True,
    )
    return 0
