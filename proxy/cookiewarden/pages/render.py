"""Templates of this folder, filled."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.pages.chart import chart
from cookiewarden.pages.text import (
    ago,
    cell,
    date,
    number,
    paragraphs,
    plain,
    severities,
    shown,
    told,
)
from cookiewarden.pages.words import day_words, has_globs, lifetime_words, notes, quoted

if TYPE_CHECKING:
    import jinja2


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template of this folder, filled. `*.html` is escaped as HTML."""
    return environment().get_template(template).render(values)


@cache
def environment() -> "jinja2.Environment":
    """Return that with which all templates of this folder are filled."""
    # Imported late: a proxy whose pages nobody looks at does not wait for it.
    import jinja2

    return _environment(jinja2.Environment)


@cache
def sandbox() -> "jinja2.Environment":
    """The same for templates of other people: they reach values, and nothing of the process."""
    from jinja2.sandbox import SandboxedEnvironment

    return _environment(SandboxedEnvironment)


def _environment(kind: "type[jinja2.Environment]") -> "jinja2.Environment":
    import jinja2

    environment = kind(
        loader=jinja2.PackageLoader("cookiewarden.pages", "."),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= FILTERS
    environment.globals["chart"] = chart
    return environment


FILTERS = {
    "ago": ago,
    "cell": cell,
    "counted": counted,
    "date": date,
    "day": day_words,
    "has_globs": has_globs,
    "lifetime": lifetime_words,
    "notes": notes,
    "number": number,
    "paragraphs": paragraphs,
    "plain": plain,
    "quoted": quoted,
    "severities": severities,
    "shown": shown,
    "shown_text": printable,
    "told": told,
}
"""By the names that templates use."""
