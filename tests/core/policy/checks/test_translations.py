"""Texts in the languages of the statement."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import entries, loaded


@pytest.mark.parametrize(
    ("languages", "text", "missing"),
    [
        ("[en, nl]", "x", "nl"),
        ("[en, nl]", "{nl: x}", "en"),
        ("[en, nl]", "{en: x, nl: y}", ""),
        ("[en, nl]", "{'': x, nl: y}", ""),
        ("[en, nl, fr]", "x", "nl, fr"),
        ("[nl]", "{en: x}", "nl"),
        ("[nl]", "x", ""),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        "statement: {{languages: {}, title: {}}}",
        "statement: {{languages: {}}}\ncategories: {{f: {{basis: {}}}}}",
        "statement: {{languages: {}}}\ncookies: [{{name: a, purpose: {}}}]",
    ],
)
def test_each_text_is_written_in_all_languages(where: str, languages: str, text: str, missing: str) -> None:
    found = loaded(where.format(languages, text)).problems
    told = [p.message.rpartition("missing in ")[2] for p in found if p.code is Code.NO_TRANSLATION]
    assert told == ([missing] if missing else [])


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("{path: /c, languages: [en, pt-BR]}", [Code.NO_EFFECT]),
        ("{languages: [en, pt-BR]}", []),
        ("{path: /c, languages: [nl-BE]}", []),
        ("{path: /c}", []),
    ],
)
def test_the_proxy_serves_languages_that_it_has_words_in(statement: str, codes: list[Code]) -> None:
    found = loaded(entries("name: a", statement=statement)).problems
    assert [problem.code for problem in found if problem.code is Code.NO_EFFECT] == codes
