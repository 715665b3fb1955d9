"""Checks that each text exists in all languages of the statement."""

from collections.abc import Iterator, Mapping, Sequence

from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.models.document import CategoryModel, StatementModel
from cookiewarden.core.policy.policy import SHIPPED_LANGUAGES, STATEMENT_TEXTS, Texts
from cookiewarden.core.policy.problem import Code, Problem
from cookiewarden.core.policy.source import Source

_CATEGORY_TEXTS = ("title", "description", "basis")
_ENTRY_TEXTS = ("purpose", "renewed")


def no_words(statement: StatementModel, main: Source) -> Iterator[Problem]:
    """Report languages in which the proxy cannot serve the statement."""
    languages = statement.languages or ()
    wordless = [language for language in languages if language.partition("-")[0] not in SHIPPED_LANGUAGES]
    if wordless and statement.path:
        message = (
            f"the proxy cannot serve the statement in {', '.join(wordless)}, and uses the other languages or en; "
            "to publish it, use cookiewarden statement --template"
        )
        yield main.problem_at_key(Code.NO_EFFECT, ("statement", "languages"), message)


def not_translated(
    statement: StatementModel,
    categories: Mapping[str, CategoryModel],
    drafts: Sequence[EntryDraft],
    main: Source,
) -> Iterator[Problem]:
    """Report texts that lack a language. A policy without `languages` is not checked."""
    languages = statement.languages
    if not languages:
        return
    for key in STATEMENT_TEXTS:
        if message := _missing(getattr(statement, key), languages):
            yield main.problem_at_key(Code.NO_TRANSLATION, ("statement", key), message)
    for name, category in categories.items():
        for key in _CATEGORY_TEXTS:
            if message := _missing(getattr(category, key), languages):
                yield main.problem_at_key(Code.NO_TRANSLATION, ("categories", name, key), message)
    for draft in drafts:
        for key in _ENTRY_TEXTS:
            if message := _missing(getattr(draft.model, key), languages):
                yield draft.problem(Code.NO_TRANSLATION, message, key)


def _missing(text: Texts | None, languages: Sequence[str]) -> str:
    """Return a message, empty if the text is complete. A text without a language counts as the first language."""
    if not text:
        return ""
    first, *others = languages
    missing = [language for language in others if language not in text]
    missing += [first] if first not in text and "" not in text else []
    if not missing:
        return ""
    return f"the statement is published in {', '.join(languages)}, but this text is missing in {', '.join(missing)}"
