"""The content of one file: exact names, texts, and the entries of a file with problems."""

import pytest

from cookiewarden.core.policy.problem import Code
from tests.support.policies import loaded, policy


@pytest.mark.parametrize("name", ["no", "on", "1", "007", "1.50", "true", "null", "~", "0x1F", "2026-12-31", "*-x"])
def test_a_cookie_may_be_called_what_yaml_reads_as_something_else(name: str) -> None:
    assert policy(f"cookies:\n  - name: {name if name[0] != '*' else repr(name)}\n").entries[0].name == name


def test_texts_on_one_line_lose_the_line_ends_of_block_scalars_and_paragraphs_keep_theirs() -> None:
    found = policy(
        "categories: {f: {basis: 'a\n\n  b', description: 'c\n\n  d'}}\nstatement: {introduction: 'e\n\n  f'}\n"
        "cookies:\n  - name: sid\n    category: f\n    owner: 'x\n      y'\n    purpose: |\n      The session\n      of the user.\n"
    )
    (entry,) = found.entries
    assert (dict(entry.purpose), entry.owner) == ({"": "The session of the user."}, "x y")
    assert dict(found.categories["f"].basis) == {"": "a b"} and dict(found.categories["f"].description) == {"": "c\nd"}
    assert dict(found.statement.introduction) == {"": "e\nf"}


def test_an_error_in_a_lifetime_adds_no_warning_of_a_missing_one() -> None:
    text = "ceiling: 400d\n{}\ncookies:\n  - {{name: sid, purpose: x{}}}\n"
    assert [p.code for p in loaded(text.format("", "")).problems] == []
    assert [p.code for p in loaded(text.format("undeclard: {}", "")).problems] == [Code.UNKNOWN_KEY]
    assert [p.code for p in loaded(text.format("", ", samesit: Lax")).problems] == [Code.UNKNOWN_KEY]


def test_a_scope_has_at_most_256_hosts() -> None:
    hosts = ", ".join(f"h{n}.example" for n in range(257))
    (problem, *_) = loaded(f"cookies: [{{name: a, scope: {{hosts: [{hosts}]}}}}]").problems
    assert "256" in problem.message


@pytest.mark.parametrize(
    "text",
    ["public_hosts: []", "statement: {languages: []}", "undeclared: {evict: domain, evict_domains: []}"],
)
def test_an_empty_list_has_a_message_of_our_wording(text: str) -> None:
    (problem,) = [p for p in loaded(f"{text}\ncookies: []\n").problems if p.code.severity.value == "error"]
    assert problem.message.endswith(": the list is empty; add an item, or remove the key")
