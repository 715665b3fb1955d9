"""Do the rules of an entry break a cookie that scripts use, or take a protection away?"""

from collections.abc import Iterator

from cookiewarden.core.policy.entry import Declared
from cookiewarden.core.policy.policy import SCRIPT_READ, Flag, SameSite, SameSiteVerb, SetBy
from cookiewarden.core.policy.problem import Code, Problem


def hidden_from_scripts(declared: Declared) -> Iterator[Problem]:
    """HttpOnly on a cookie that scripts set or read."""
    entry = declared.entry
    if entry.rules.http_only is not Flag.ON:
        return
    if entry.set_by in (SetBy.SCRIPT, SetBy.BOTH):
        message = "a script cannot set or read an HttpOnly cookie: use keep, or set_by: server"
        yield declared.draft.problem(Code.HTTP_ONLY_SCRIPT, message, "http_only")
    if entry.name in SCRIPT_READ:
        message = f'scripts are known to read "{entry.name}": http_only: keep leaves that possible'
        yield declared.draft.problem(Code.HTTP_ONLY_READ, message, "http_only")


def weakened(declared: Declared) -> Iterator[Problem]:
    """Rules that take away a protection that the application gives."""
    model = declared.draft.model
    weak = [key for key in ("secure", "http_only", "partitioned") if getattr(model, key) is Flag.REMOVE]
    if model.same_site == SameSite(SameSiteVerb.EXACTLY, "None"):
        weak.append("same_site")
    for key in weak:
        message = f"{key}: this takes a protection away that the application gave"
        yield declared.draft.problem(Code.WEAKENS, message, key)
