"""Our sentences for the errors of libyaml: libyaml still reports each row of the table."""

import pytest
import yaml

from cookiewarden.core.policy.source import parse_source
from cookiewarden.core.policy.syntax import PHRASES, explain

TEXTS = {
    "mapping values are not allowed": "a: b: c",
    "did not find expected key": "a:\n  b: 1\n c: 2",
    "did not find expected '-' indicator": "- a\nb: 1",
    "did not find expected ',' or ']'": "a: [1, 2",
    "did not find expected ',' or '}'": "a: {b: 1",
    "could not find expected ':'": "a:\n  - 1\n  b",
    "found character that cannot start any token": "a: @x",
    "alphabetic or numeric character": "a: *",
    "unexpected end of stream": "a: 'x",
    "invalid Unicode character escape": 'a: "\\ud800"',
    "expected comment or line break": "a: |x\n",
    "mapping keys are not allowed": "a: ? b",
    "indentation indicator": "a: |0\n",
    "directive": "%x",
    "unexpected document indicator": "a: 'x\n---\n'",
    "unknown escape character": 'a: "\\q"',
    "tab character": "a: |\n\tb\n  c",
    "did not find expected node content": "a: }",
    "block sequence entries are not allowed": "a: - b",
    "incompatible YAML": "%YAML 3.0\n---\na: b",
    "document start": "a: 1\n...\nb",
    "scanning a tag": "a: !<x",
}
"""For each phrase, a text for which libyaml reports it."""


def test_each_phrase_of_the_table_has_a_text_for_which_libyaml_reports_it() -> None:
    assert TEXTS.keys() == PHRASES.keys()
    assert yaml.__with_libyaml__


@pytest.mark.parametrize(("phrase", "text"), TEXTS.items())
def test_each_phrase_of_libyaml_is_replaced_by_our_sentence(phrase: str, text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError) as error:
        list(yaml.parse(text, Loader=yaml.CSafeLoader))
    assert phrase in f"{error.value.context or ''} {error.value.problem}"
    (problem,) = parse_source("p.yaml", text.encode()).problems
    assert problem.message == f"not valid YAML: {PHRASES[phrase]}"


def test_a_phrase_without_a_row_is_shown_unchanged() -> None:
    assert explain("while parsing a tag did not find expected tag URI").endswith("expected tag URI")
