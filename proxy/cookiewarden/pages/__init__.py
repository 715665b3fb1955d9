"""Pages that people read: templates, what they are filled with, and small charts. Values in, text out.

The admin listener and the commands are the callers. Everything is escaped twice over: Jinja for HTML, and `printable` for what a
terminal or a browser would act on, such as marks that turn the direction of a text.
"""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from cookiewarden.core.policy.problem import counted
from cookiewarden.pages.chart import chart
from cookiewarden.pages.statement import filters as of_statements
from cookiewarden.pages.text import ago, cell, date, number, paragraphs, severities, shown, told

if TYPE_CHECKING:
    import jinja2


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template of this folder, filled. `*.html` is escaped as HTML."""
    return environment().get_template(template).render(values)


@cache
def environment() -> "jinja2.Environment":
    """With which all templates of this folder are filled."""
    import jinja2  # 20 ms that a proxy whose pages nobody looks at does not pay

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
    environment.filters |= {
        "shown": shown, "date": date, "ago": ago, "counted": counted, "number": number, "cell": cell, "told": told,
        "severities": severities, "paragraphs": paragraphs,
    } | of_statements()  # fmt: skip
    environment.globals["chart"] = chart
    return environment
