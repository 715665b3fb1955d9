"""Annotations: the same findings in the formats of several CI systems."""

import json
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from cookiewarden.core.policy.problem import Code, Place, Pos, Severity
from cookiewarden.tools.annotations.annotation import (
    FAILED,
    NOT_COVERED,
    PROBLEMS,
    Annotation,
    AnnotationRule,
    fingerprints,
    relative,
)
from cookiewarden.tools.annotations.github import github
from cookiewarden.tools.annotations.gitlab import gitlab
from cookiewarden.tools.annotations.sarif import HOME, sarif

ROOT = Path(__file__).parents[3]


def at(line: int = 1, message: str = "m", path: str = "shop.yaml", severity: Severity = Severity.ERROR) -> Annotation:
    return Annotation(severity, "unknown-key", Place(path, Pos(line, 2)), message)


def results(annotations: list[Annotation]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(sarif(annotations, PROBLEMS, "check"))["runs"][0]["results"]
    return found


def test_fingerprints_do_not_change_when_lines_move() -> None:
    assert fingerprints([at(1), at(9, "n")]) == fingerprints([at(4), at(5, "n")])


def test_equal_findings_in_one_file_have_different_fingerprints() -> None:
    assert len(set(fingerprints([at(1), at(2), at(2, path="b.yaml"), at(2, severity=Severity.INFO)]))) == 4


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("shop.yaml", "shop.yaml"),
        ("./policies/../shop.yaml", "shop.yaml"),
        ("{here}/policies/shop.yaml", "policies/shop.yaml"),
        ("/elsewhere/shop.yaml", "/elsewhere/shop.yaml"),
        ("../shop.yaml", "../shop.yaml"),
    ],
)
def test_paths_are_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, shown: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert relative(path.format(here=tmp_path)) == shown


@pytest.mark.parametrize(
    ("severity", "on_github", "on_gitlab", "in_sarif"),
    [
        (Severity.ERROR, "error", "major", "error"),
        (Severity.WARNING, "warning", "minor", "warning"),
        (Severity.INFO, "notice", "info", "note"),
    ],
)
def test_each_severity_has_its_word_in_every_format(
    severity: Severity, on_github: str, on_gitlab: str, in_sarif: str
) -> None:
    found = [at(severity=severity)]
    assert github(found).startswith(f"::{on_github} file=shop.yaml,line=1,col=2,title=unknown-key::m\n")
    assert json.loads(gitlab(found))[0]["severity"] == on_gitlab
    assert results(found)[0]["level"] == in_sarif


def test_no_findings_are_an_empty_report() -> None:
    assert (github([]), json.loads(gitlab([])), results([])) == ("", [], [])


def test_a_line_break_in_a_message_adds_no_workflow_command() -> None:
    assert github([at(message="a\n::error::b%\r", path="a,b:c\n::x.yaml")]).count("\n") == 1


def test_paths_are_uris_in_sarif() -> None:
    hostile = 'a b/é"#?%25.yaml'
    (result,) = results([at(path=hostile)])
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]  # type: ignore[index]
    assert place["uriBaseId"] == "%SRCROOT%" and unquote(place["uri"]) == hostile
    assert not set(place["uri"]) & set(' "#?')
    (result,) = results([at(path="/elsewhere/a b.yaml")])
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]  # type: ignore[index]
    assert place == {"uri": "file:///elsewhere/a%20b.yaml"}


def test_every_result_names_its_rule() -> None:
    rules = [*PROBLEMS, AnnotationRule("last", Severity.INFO, "The last.", "README.md")]
    run = json.loads(sarif([at(), Annotation(Severity.INFO, "last", Place("x", Pos()), "m")], rules, "check"))["runs"][
        0
    ]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [ids[result["ruleIndex"]] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    assert {code.text for code in Code} <= set(ids)


def test_rules_link_to_the_section_that_explains_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["urls"]["Homepage"] == HOME
    run = json.loads(sarif([], [*PROBLEMS, FAILED, NOT_COVERED], "test"))["runs"][0]
    for rule in run["tool"]["driver"]["rules"]:
        page, _, anchor = rule["helpUri"].removeprefix(f"{HOME}/blob/main/").partition("#")
        headings = [line[3:].strip().lower() for line in (ROOT / page).read_text().splitlines() if line[:3] == "## "]
        assert anchor in headings, rule["helpUri"]
