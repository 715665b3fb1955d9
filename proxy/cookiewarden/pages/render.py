"""Rendering of the templates in this folder."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cookiewarden.core.policy.problem import counted, printable
from cookiewarden.pages.chart import chart
from cookiewarden.pages.text import (
    ago,
    cell,
    date,
    lasted,
    number,
    paragraphs,
    plain,
    rounded,
    setter,
    severities,
    shown,
    span,
)
from cookiewarden.pages.words import basis_words, day_words, has_globs, lifetime_words, notes, quoted

if TYPE_CHECKING:
    import jinja2


def render(template: str, values: Mapping[str, Any]) -> str:
    """Render a template of this folder. Values are escaped in `*.html`."""
    return environment().get_template(template).render(values)


@cache
def environment() -> "jinja2.Environment":
    """Return the environment of the templates in this folder."""
    # Jinja takes 20 ms to import; a proxy imports it when the first page is requested.
    import jinja2

    return _environment(jinja2.Environment)


@cache
def sandbox() -> "jinja2.Environment":
    """Return the environment of custom templates, which can reach the values only (`jinja2.sandbox`)."""
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
    "basis": basis_words,
    "cell": cell,
    "counted": counted,
    "date": date,
    "day": day_words,
    "has_globs": has_globs,
    "lasted": lasted,
    "lifetime": lifetime_words,
    "notes": notes,
    "number": number,
    "paragraphs": paragraphs,
    "plain": plain,
    "quoted": quoted,
    "rounded": rounded,
    "setter": setter,
    "severities": severities,
    "shown": shown,
    "shown_text": printable,
    "span": span,
}
"""Filters by their names in templates."""
