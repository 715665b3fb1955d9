"""Checks of categories, and of the entries' references to them."""

from collections.abc import Iterator, Mapping, Sequence

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import CategoryModel
from cookiewarden.core.policy.policy import ConsentNeed, SetBy
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source
from cookiewarden.core.policy.wording import did_you_mean


def misplaced(categories: Mapping[str, CategoryModel], drafts: Sequence[EntryDraft]) -> Iterator[Problem]:
    """Report entries without a category, or with an unknown one, in a policy that has categories."""
    if not categories:
        return
    asks = any(category.consent is not ConsentNeed.EXEMPT for category in categories.values())
    for draft in drafts:
        category = draft.model.category
        if category is None and asks and draft.model.set_by is not SetBy.INFRASTRUCTURE:
            message = f'"{draft.name}" has no category; add one, since another category depends on consent'
            yield draft.problem(Code.MISSING_CATEGORY, message)
        elif category is not None and category not in categories:
            message = f'unknown category "{category}"{did_you_mean(category, list(categories))}'
            yield draft.problem(Code.UNKNOWN_CATEGORY, message, "category")


def no_basis(categories: Mapping[str, CategoryModel], main: Source) -> Iterator[Problem]:
    for name, category in categories.items():
        if category.consent is ConsentNeed.EXEMPT and category.basis is None:
            message = f'category "{name}" has no basis; add the reason why it needs no consent'
            yield main.problem_at_key(Code.NO_BASIS, ("categories", name), message)


def nobody_asked(categories: Mapping[str, CategoryModel], main: Source) -> Iterator[Problem]:
    """Report keys about the visitor's answer in categories that do not depend on it."""
    for name, category in categories.items():
        if category.consent is not ConsentNeed.EXEMPT:
            continue
        for key in sorted(category.model_fields_set & {"granted_by", "gpc", "unknown"}):
            message = (
                f"{key}: no effect, since the category is exempt; remove it, or set consent to required or opt-out"
            )
            yield main.problem_at_key(Code.NO_EFFECT, ("categories", name, key), message)
