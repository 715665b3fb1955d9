"""The published statement as a self-contained HTML page, as Markdown, or rendered by a custom template."""

import re
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, fields

from cookiewarden.core.policy.wording import did_you_mean
from cookiewarden.core.report.statement import StatedCategory, StatedCookie, StatementDocument
from cookiewarden.pages.render import render, sandbox
from cookiewarden.pages.words import ENGLISH, WORDS, Words, words_of


@dataclass(frozen=True, slots=True)
class Other:
    """Language version of the statement, with a link to it."""

    language: str
    name: str
    href: str


class BadTemplate(Exception):
    """Reason why a custom template cannot be used."""


def statement_page(document: StatementDocument, form: str, languages: Sequence[str] = ()) -> str:
    """Render the statement as `form`: "html" or "markdown". The page links to its versions in `languages`. Raises
    ValueError for a language that does not ship."""
    words = words_of(document.language)
    if words is None:
        raise ValueError(
            f'"{document.language}" is not a supported language; {" and ".join(WORDS)} ship, use a template for others'
        )
    others = [Other(x, found.name, f"?language={x}") for x in languages if (found := words_of(x)) is not None]
    name = "statement.html" if form == "html" else "statement.md"
    return render(name, {"s": document, "w": words, "others": others})


def with_template(document: StatementDocument, template: str, name: str) -> str:
    """Render the statement by a custom template in Jinja's sandbox. Values are escaped if `name` ends in .html, .htm or
    .html.j2. Raises BadTemplate."""
    import jinja2

    from cookiewarden.pages.unknown import Unknown, UnknownName

    words = words_of(document.language) or ENGLISH
    values = {"s": document, "w": words, "others": [], "base": "statement.html"}
    try:
        is_html = name.endswith((".html", ".htm", ".html.j2"))
        own = sandbox().overlay(autoescape=is_html, undefined=Unknown)
        text = own.from_string(template).render(values)
        text.encode()
        return text
    except jinja2.TemplateSyntaxError as error:
        raise BadTemplate(f"{name}:{error.lineno}: {error.message}") from None
    except UnicodeEncodeError:
        raise BadTemplate(f"{name}: its output has a lone surrogate (\\ud800 to \\udfff); remove it") from None
    except jinja2.TemplateNotFound as error:
        raise BadTemplate(
            f'{name}{_line_of(error)}: "{error.name}" is not a template of cookiewarden; extend "statement.html"'
        ) from None
    except Exception as error:  # a template can raise any exception
        told = str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"
        told = re.sub(r"'[\w.]*\.(\w+) object'", r"\1", told)
        meant = _meant(error.name, error.is_of_a_value) if isinstance(error, UnknownName) else ""
        raise BadTemplate(f"{name}{_line_of(error)}: {told}{meant}") from None


def _line_of(error: Exception) -> str:
    """Return the line of the template as `:12`, or "" if the error has none."""
    frames = traceback.extract_tb(error.__traceback__)
    found = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return f":{found[-1]}" if found else ""


def _meant(name: str, is_of_a_value: bool) -> str:
    kinds = (StatementDocument, StatedCategory, StatedCookie, Words)
    names = [f.name for kind in kinds for f in fields(kind)] if is_of_a_value else ["s", "w", "others", "base"]
    return did_you_mean(name, names)
