"""Do the categories say which cookies need consent, and do all entries belong to one?"""

from collections.abc import Iterator, Mapping, Sequence

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import CategoryModel
from cookiewarden.core.policy.policy import SetBy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source
from cookiewarden.core.policy.wording import did_you_mean


def misplaced(categories: Mapping[str, CategoryModel], drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Entries without a category, or with one that does not exist, where the policy has categories."""
    if not categories:
        return
    asks = any(category.consent == "required" for category in categories.values())
    for draft in drafts:
        category = draft.model.category
        if category is None and asks and draft.model.set_by is not SetBy.INFRASTRUCTURE:
            message = (
                f'"{draft.name}" has no category: where one requires consent, each cookie has to say whether it does'
            )
            yield draft.problem(Code.MISSING_CATEGORY, message)
        elif category is not None and category not in categories:
            message = f'no category "{category}"{did_you_mean(category, list(categories))}'
            yield draft.problem(Code.UNKNOWN_CATEGORY, message, "category")


def no_basis(categories: Mapping[str, CategoryModel], main: Source) -> Iterator[Problem]:
    for name, category in categories.items():
        if category.consent != "required" and category.basis is None:
            message = f'category "{name}" gives no basis: say why no consent is needed'
            yield main.problem_at_key(Code.NO_BASIS, ("categories", name), message)


def nobody_asked(categories: Mapping[str, CategoryModel], main: Source) -> Iterator[Problem]:
    """Keys about the answer of visitors, in categories for which nobody is asked."""
    for name, category in categories.items():
        if category.consent == "required":
            continue
        for key in sorted(category.model_fields_set & {"granted_by", "gpc"}):
            message = f"{key}: the category is exempt, and nobody is asked; with consent: required it has a meaning"
            yield main.problem_at_key(Code.NO_EFFECT, ("categories", name, key), message)
