"""Checks for rules that break a cookie that scripts use, or that remove a protection."""

from collections.abc import Iterator

from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.models.entry import RulesModel
from cookiewarden.core.policy.policy import SCRIPT_READ, Flag, SameSite, SameSiteVerb, SetBy, is_script_read
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source


def hidden_from_scripts(declared: Declared) -> Iterator[Problem]:
    """Report HttpOnly on cookies that scripts set or read."""
    entry = declared.entry
    if entry.rules.http_only is not Flag.ON:
        return
    if entry.set_by in (SetBy.SCRIPT, SetBy.BOTH):
        message = 'scripts cannot set or read an HttpOnly cookie; use "http_only: keep", or "set_by: server"'
        yield declared.draft.problem(Code.HTTP_ONLY_SCRIPT, message, "http_only")
    is_stated = "http_only" in declared.draft.model.model_fields_set
    if entry.name in SCRIPT_READ or (is_script_read(entry.name) and not is_stated):
        message = f'scripts commonly read "{entry.name}"; use "http_only: keep" if yours do'
        yield declared.draft.problem(Code.HTTP_ONLY_READ, message, "http_only")


def weakened(declared: Declared) -> Iterator[Problem]:
    """Report rules of an entry that remove a protection set by the application."""
    for key in _weak(declared.draft.model):
        message = f"{key}: this removes a protection that the application may set; use keep if you need it"
        yield declared.draft.problem(Code.WEAKENS, message, key)


def weakened_by_defaults(defaults: RulesModel | None, main: Source) -> Iterator[Problem]:
    """Report rules of the defaults that remove a protection from every cookie."""
    for key in _weak(defaults) if defaults is not None else ():
        message = f"{key}: this removes a protection from every cookie; state it in the entries that need it"
        yield main.problem_at_key(Code.WEAKENS, ("defaults", key), message)


def _weak(rules: RulesModel) -> Iterator[str]:
    for key in ("secure", "http_only", "partitioned"):
        if getattr(rules, key) is Flag.REMOVE:
            yield key
    if rules.same_site in (SameSite(SameSiteVerb.EXACTLY, "None"), SameSite(SameSiteVerb.REMOVE)):
        yield "same_site"
