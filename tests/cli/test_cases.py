"""`cookiewarden test`: passing cases, the report of failing ones, and errors in test files."""

import json
import time
from functools import partial
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from cookiewarden.core.policy.source import parse_source
from cookiewarden.tools.test.cases import CasesModel
from tests.support.command import ROOT, run
from tests.support.process import start_process
from tests.support.wait import PATIENCE, eventually

POLICY = """version: 1
policy: p
defaults: {secure: true}
cookies:
  - {name: sid, purpose: x, lifetime: 1h}
  - {name: ab-*, purpose: x, lifetime: 1h, forward: false}
  - {name: packed, purpose: x, lifetime: 1h, seal: true}
"""
WRONG = """policy: p.yaml
cases:
  - name: all is as it should be
    set_cookie: [{in: "sid=CANARY", out: "sid=CANARY; Secure"}]
  - name: nothing is as expected
    url: https://shop.example/a
    cookie: {in: "sid=CANARY; ab-1=CANARY", out: "ab-1=CANARY", reasons: {ab-1: [undeclared], gone: [undeclared]}}
    set_cookie:
      - {in: "sid=CANARY; Path=/", out: "sid=CANARY; Path=/", entry: other, action: pass, reasons: []}
      - {in: "x=CANARY", out: "x=CANARY"}
      - {in: "sid=CANARY", out: "sid=OTHER0; Secure"}
    evicted: [x]
"""


run_cases = partial(run, "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "p.test.yaml").write_text(WRONG)
    return tmp_path


def test_the_shipped_policies_have_full_suites() -> None:
    code, told, _ = run_cases("policies", "--strict", "--format", "json", cwd=ROOT)
    suites = json.loads(told)
    assert code == 0 and [suite["uncovered"] for suite in suites] == [[]] * 7
    assert sum(len(suite["cases"]) for suite in suites) > 20


def test_the_schema_of_files_of_tests_is_the_one_that_the_command_prints_and_the_shipped_ones_are_right_by_it() -> None:
    schema = json.loads((ROOT / "policies" / "test.schema.json").read_text())
    assert schema == CasesModel.model_json_schema()
    for path in (ROOT / "policies").rglob("*.test.yaml"):
        jsonschema.validate(parse_source(str(path), path.read_bytes()).data, schema)


def test_a_failure_shows_both_places_and_no_value(folder: Path) -> None:
    code, told, _ = run_cases("p.test.yaml", cwd=folder)
    assert code == 1
    assert (
        told
        == """FAILED nothing is as expected
  p.test.yaml:7:50: the application receives
    expected  ab-1=<6 bytes>
    got       sid=<6 bytes>
    decided at p.yaml:6:6 (not-forwarded)
  p.test.yaml:7:74: reasons for ab-1
    expected  undeclared
    got       not-forwarded
    decided at p.yaml:6:6 (not-forwarded)
  p.test.yaml:7:74: reasons for gone
    expected  undeclared
    got       no such cookie in the request
  p.test.yaml:12:14: evicted cookies
    expected  x
    got       none
  p.test.yaml:9:41: browsers receive
    expected  sid=<6 bytes>; Path=/
    got       sid=<6 bytes>; Path=/; Secure
    decided at p.yaml:5:6 (secure-added)
  p.test.yaml:9:70: the entry that decides
    expected  other
    got       sid
    decided at p.yaml:5:6 (secure-added)
  p.test.yaml:9:85: action
    expected  pass
    got       rewrite
    decided at p.yaml:5:6 (secure-added)
  p.test.yaml:9:100: reasons
    expected  none
    got       secure-added
    decided at p.yaml:5:6 (secure-added)
  p.test.yaml:10:31: browsers receive
    expected  x=<6 bytes>
    got       nothing
    reasons    undeclared
  p.test.yaml:11:33: browsers receive
    expected  sid=<6 bytes>; Secure
    got       sid=<6 bytes>; Secure, with a different value
    decided at p.yaml:5:6 (secure-added)

p.test.yaml: 1 of 2 cases passed, 2 of 3 entries covered; not covered: packed
"""
    )


def test_cases_are_chosen_by_name(folder: Path) -> None:
    assert run_cases("p.test.yaml", "-k", "all is", cwd=folder)[0] == 0
    assert run_cases("p.test.yaml", "-k", "*should*", cwd=folder)[0] == 0
    assert run_cases("p.test.yaml", "-k", "nothing", cwd=folder)[0] == 1
    code, _, told = run_cases("p.test.yaml", "-k", "missing", cwd=folder)
    assert code == 2 and "--only: no case matches missing" in told


def test_strict_wants_every_entry_in_a_case(folder: Path) -> None:
    text = WRONG.partition("  - name: nothing")[0]
    (folder / "p.test.yaml").write_text(text)
    assert run_cases(".", cwd=folder)[0] == 0 and run_cases(".", "--strict", cwd=folder)[0] == 1


def test_all_formats_report_the_same_results(folder: Path) -> None:
    code, told, _ = run_cases(".", "--format", "json", cwd=folder)
    (suite,) = json.loads(told)
    assert code == 1 and [case["passed"] for case in suite["cases"]] == [True, False]
    assert len(suite["cases"][1]["differences"]) == 10
    code, told, _ = run_cases(".", "--format", "junit", cwd=folder)
    (junit,) = ElementTree.fromstring(told).iter("testsuite")
    assert code == 1 and (junit.get("tests"), junit.get("failures")) == ("2", "1")
    assert "p.test.yaml:9:100" in (junit.find(".//failure").text or "")  # type: ignore[union-attr]
    code, told, _ = run_cases(".", "--format", "github", cwd=folder)
    assert code == 1 and told.count("::error file=p.test.yaml,line=") == 10
    assert (
        "::error file=p.test.yaml,line=9,col=100,title=failed-case::nothing is as expected: reasons: expected none"
        in told
    )
    code, told, _ = run_cases(".", "--format", "gitlab", cwd=folder)
    assert code == 1 and [finding["check_name"] for finding in json.loads(told)] == ["failed-case"] * 10
    code, told, _ = run_cases(".", "--format", "sarif", cwd=folder)
    results = json.loads(told)["runs"][0]["results"]
    assert code == 1 and len(results) == 10
    assert "nothing is as expected: reasons: expected none" in [r["message"]["text"].partition(",")[0] for r in results]


@pytest.mark.parametrize("form", ["github", "gitlab", "sarif"])
def test_an_entry_without_a_case_is_a_finding_with_strict(folder: Path, form: str) -> None:
    (folder / "p.test.yaml").write_text(WRONG.partition("  - name: nothing")[0])
    code, told, _ = run_cases(".", "--strict", "--format", form, cwd=folder)
    assert code == 1 and "not-covered" in told and "no case covers the entry" in told
    code, told, _ = run_cases(".", "--format", form, cwd=folder)
    assert code == 0 and "no case covers the entry" not in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policy: p.yaml\ncases: []\n", "p.test.yaml:2:8: error: cases: "),
        ("policy: none.yaml\ncases: [{name: a, evicted: []}]\n", 'none.yaml:1:1: error: the file "none.yaml" does not exist'),
        ("policy: p.yaml\ncases: [{name: a, set_cookies: []}]\n", 'unknown key "set_cookies", did you mean "set_cookie"?'),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: [{in: x, outt: y}]}]\n", 'unknown key "outt", did you mean "out"?'),
        ("policy: p.yaml\ncases: [{name: a, url: 'https://b\u00fccher.example/'}]\n", 'is not a valid host; write it in its xn--… form'),
        ("policy: p.yaml\ncases: [{name: a, url: shop}]\n", '"shop" is not a valid URL, such as https://shop.example/login'),
        ("policy: p.yaml\ncases: [{name: a, now: yesterday}]\n", '"yesterday" is not a valid time, such as 2026-06-01T12:00:00Z'),
        ("policy: p.yaml\ncases:\n  - {name: a}\n  - {name: a}\n", "line 3 has a case with the same name"),
        ("policy: p.yaml\ncases: [{set_cookie: []}]\n", 'the key "name" is missing'),
        ("cases: [{name: a}]\n", 'the key "policy" is missing'),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: [{in: x, reasons: [undeclard]}]}]\n", 'p.test.yaml:2:50: error: reasons: found "undeclard", did you mean "undeclared"?'),
        ("policy: p.yaml\ncases: [{name: a\n", "[syntax]"),
        ("policy: p.yaml\ncases: [{name: a}]\n", '2:9: error: "a" has no expectations; add set_cookie, cookie or evicted'),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: []}]\n", '"a" has no expectations'),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: [{in: x}]}]\n", "has no expectations"),
        ("policy: p.yaml\ncases: [{name: a, cookie: {in: x}}]\n", "has no expectations"),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: [{in: sid=1,token=CANARY, out: x}]}]\n", "unknown key (not shown, because it may contain a value)"),
        ("policy: p.yaml\ncases: [{name: a, set_cookie: [{'sid=CANARY': 1, in: a}]}]\n", "unknown key (not shown"),
        ("policy: p.yaml\ncases: [{name: a, evicted: [], headers: {'cookie: sid=CANARY': 1}}]\n", "error: expected text, found"),
        ('policy: "p\\0.yaml"\ncases: [{name: a, evicted: []}]\n', "cannot load the policy"),
        ("", "expected a mapping"),
    ],
)  # fmt: skip
def test_errors_in_a_test_file_are_reported_with_their_place(folder: Path, text: str, told: str) -> None:
    (folder / "p.test.yaml").write_text(text)
    code, printed, error = run_cases("p.test.yaml", cwd=folder)
    assert code in (1, 3) and told in error, error
    assert "passed" not in printed


def test_errors_of_a_policy_are_reported_where_the_test_file_names_it(folder: Path) -> None:
    (folder / "p.yaml").write_text(POLICY.replace("secure", "secur"))
    code, _, told = run_cases("p.test.yaml", cwd=folder)
    assert code == 1 and 'p.test.yaml:1:9: error: cannot load the policy "p.yaml"' in told
    assert 'p.yaml:3:12: error: unknown key "secur", did you mean "secure"?' in told


def test_no_tests_are_wrong_usage(tmp_path: Path) -> None:
    code, _, told = run_cases(".", cwd=tmp_path)
    assert code == 2 and "no test files (*.test.yaml) in ." in told


def test_sealed_values_are_written_as_such(folder: Path) -> None:
    (folder / "p.test.yaml").write_text(
        'policy: p.yaml\ncases:\n  - name: sealed\n    set_cookie: [{in: "packed=CANARY", out: "packed=<sealed>; Secure", reasons: [secure-added, sealed]}]\n'
        '    cookie: {in: "packed=<sealed:CANARY>", out: "packed=CANARY", reasons: {packed: [opened]}}\n'
    )
    assert run_cases(".", cwd=folder)[0] == 0


def test_watching_runs_again_when_the_policy_changes(folder: Path) -> None:
    with (folder / "log").open("w") as log:
        process = start_process("test", "--watch", "-k", "all is", ".", output=log, cwd=folder)
    try:
        assert eventually(lambda: "1 of 1 case passed" in (folder / "log").read_text())
        time.sleep(0.1)
        (folder / "p.yaml").write_text(POLICY.replace("secure: true", "secure: keep"))
        assert eventually(lambda: "0 of 1 case passed" in (folder / "log").read_text())
    finally:
        process.terminate()
        process.wait(PATIENCE)


def test_a_policy_given_as_a_test_file_is_reported(folder: Path) -> None:
    code, _, told = run_cases("p.yaml", cwd=folder)
    assert code == 1 and "this is a policy, not a test file" in told and told.count("error:") == 1


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("{name: a, response_headers: {Set-Cookie: CANARY}}", "Set-Cookie is not valid here; use the key set_cookie"),
        ("{name: a, headers: {cookie: CANARY}}", "cookie is not valid here; use the key cookie"),
        ('{name: a, set_cookie: [{in: ""}]}', "the Set-Cookie value is empty"),
        ("{name: a, url: }", "the URL is empty; give one such as https://shop.example/login"),
        ("{name: a, set_cookie: [{in: sid=CANARY, ot: x}]}", 'unknown key "ot"'),
    ],
)  # fmt: skip
def test_errors_in_a_case_are_reported_without_its_values(folder: Path, case: str, told: str) -> None:
    (folder / "x.test.yaml").write_text(f"policy: p.yaml\ncases: [{case}]\n")
    code, out, error = run_cases("x.test.yaml", cwd=folder)
    assert code == 1 and told in error and "CANARY" not in out + error


def test_a_failure_in_report_mode_names_the_mode(folder: Path) -> None:
    policy = (folder / "p.yaml").read_text()
    (folder / "p.yaml").write_text(policy + "\nmode: report\n")
    (folder / "p.test.yaml").write_text(WRONG)
    code, told, _ = run_cases(".", cwd=folder)
    assert code == 1 and "the policy is in report mode" in told
    (folder / "p.yaml").write_text(policy)
    assert "the policy is in report mode" not in run_cases(".", cwd=folder)[1]


def test_junit_counts_files_that_cannot_be_read(folder: Path) -> None:
    (folder / "p.test.yaml").write_text("policy: p.yaml\ncases: [{name: a}]\n")
    (suite,) = ElementTree.fromstring(run_cases(".", "--format", "junit", cwd=folder)[1]).iter("testsuite")
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    (case,) = suite.iter("testcase")
    assert (case.get("file"), case.get("line")) == ("p.test.yaml", "2")
    assert "p.test.yaml: not run\n" in run_cases(".", "--format", "github", cwd=folder)[1]


@pytest.mark.parametrize("form", ["text", "json", "junit", "github", "gitlab", "sarif"])
def test_a_repeated_key_that_may_hold_a_value_is_not_printed(folder: Path, form: str) -> None:
    (folder / "p.test.yaml").write_text(
        "policy: p.yaml\ncases:\n  - name: a\n    set_cookie:\n      - {in: sid=1, pref=CANARY, pref=CANARY, out: null}\n"
    )
    code, told, errors = run_cases(".", "--format", form, cwd=folder)
    assert code == 1 and "not shown, because it may contain a value" in told + errors


@pytest.mark.parametrize("name", ["::error::x.test.yaml", "x##[add-mask]e.test.yaml"])
def test_the_name_of_a_test_file_is_never_a_workflow_command(folder: Path, name: str) -> None:
    (folder / "p.test.yaml").rename(folder / name)
    told = run_cases(".", "--format", "github", cwd=folder)[1].splitlines()[-1]
    assert "::" not in told and "##[" not in told and "passed" in told
