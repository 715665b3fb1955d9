"""The published statement as a page: HTML that needs nothing else, Markdown, or whatever a template of the publisher's own makes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cookiewarden.core.problem import printable
from cookiewarden.core.report.statement import StatedCookie, StatementDocument
from cookiewarden.pages.words import ENGLISH, WORDS, Words, day_words, lifetime_words, words_of

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Other:
    """A language in which the statement is published, and where."""

    language: str
    name: str
    href: str


class BadTemplate(Exception):
    """Why a template of the publisher's own cannot be used."""


def statement_page(document: StatementDocument, form: str, languages: Sequence[str] = ()) -> str:
    """`form`: `html` or `markdown`. `languages`: those between which its reader can choose, at `?language=`. Raises ValueError for a
    language that does not ship."""
    from cookiewarden.pages import render

    words = words_of(document.language)
    if words is None:
        raise ValueError(
            f'there are no words in "{document.language}"; {" and ".join(WORDS)} ship, and a template can bring others'
        )
    others = [Other(x, found.name, f"?language={x}") for x in languages if (found := words_of(x)) is not None]
    name = "statement.html" if form == "html" else "statement.md"
    return render(name, {"s": document, "w": words, "others": others})


def with_template(document: StatementDocument, template: str, name: str) -> str:
    """By a template of the publisher's own. HTML is escaped where its name says that it is. Raises BadTemplate."""
    import jinja2

    from cookiewarden.pages import environment

    words = words_of(document.language) or ENGLISH
    values = {"s": document, "w": words, "others": [], "base": "statement.html"}
    try:
        own = environment().overlay(autoescape=name.endswith((".html", ".htm", ".html.j2")))
        return own.from_string(template).render(values)
    except jinja2.TemplateSyntaxError as error:
        raise BadTemplate(f"{name}:{error.lineno}: {error.message}") from None
    except (jinja2.TemplateError, TypeError, ValueError, ZeroDivisionError, LookupError) as error:
        raise BadTemplate(f"{name}: {error}") from None


def filters() -> dict[str, Any]:
    """What the statement's templates have beside those of all pages."""
    return {"lifetime": lifetime_words, "day": day_words, "notes": notes, "has_globs": has_globs, "quoted": quoted, "shown_text": printable, "plain": plain}  # fmt: skip


def notes(cookie: StatedCookie, words: Words) -> list[str]:
    """What restricts it: hosts, and a day."""
    found = [words.at.format(hosts=", ".join(cookie.hosts))] if cookie.hosts else []
    if cookie.until:
        found.append(words.until.format(day=day_words(cookie.until, words)))
    return found


def has_globs(cookies: Sequence[StatedCookie]) -> bool:
    return any("*" in cookie.name for cookie in cookies)


def quoted(text: str, words: Words) -> str:
    return f"\N{LEFT DOUBLE QUOTATION MARK}{printable(text)}\N{RIGHT DOUBLE QUOTATION MARK}"


def plain(text: str) -> str:
    """In Markdown, outside tables."""
    escaped = "".join("\\" + c if c in "\\`*_<>[]" else c for c in printable(text))
    return "\\" + escaped if escaped[:1] in ("#", "+", "-", "|", "=") else escaped
