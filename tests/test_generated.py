"""The generated documents match the code, and are complete."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from deploy.documents import BROKEN, broken, documents, families, labels_of, values_of
from deploy.words import metrics as metric_words
from deploy.words import settings as setting_words
from deploy.words.checks import CHECKS, NO_FILE

from cookiewarden.core.policy.problem import Code
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.serve.settings import OPTIONS

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(("path", "text"), documents().items(), ids=lambda value: getattr(value, "name", ""))
def test_the_document_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text() == text, "run make deploy-files"


@pytest.mark.parametrize("code", list(Code), ids=lambda code: code.text)
def test_every_problem_code_has_a_broken_file_or_a_reason(code: Code) -> None:
    """Require that the broken file shows no other code."""
    assert (BROKEN / f"{code.text}.yaml").exists() is (code.text not in NO_FILE)
    if code.text not in NO_FILE:
        assert {problem.code for problem in broken(code)} == {code}


def test_every_broken_file_shows_a_code() -> None:
    codes = {code.text for code in Code}
    assert {path.stem for path in BROKEN.glob("*.yaml")} <= codes
    assert set(CHECKS) == codes
    assert set(NO_FILE) <= codes


def test_every_setting_is_in_one_group_and_has_a_known_type() -> None:
    names = [name for group in setting_words.GROUPS.values() for name in group]
    assert sorted(names) == sorted(option.name for option in OPTIONS)
    assert {option.metavar for option in OPTIONS} == set(setting_words.TYPES)
    assert set(setting_words.SETTING_NOTES) <= set(names)


def test_every_metric_is_in_one_group_and_every_closed_value_has_a_meaning() -> None:
    suffix = {"counter": "_total", "info": "_info"}
    found = {family.name + suffix.get(family.type, ""): family for family in families()}
    names = [name for group in metric_words.GROUPS.values() for name in group]
    assert sorted(names) == sorted(found)
    assert set(metric_words.NOTES) <= set(names)
    assert {label for family in found.values() for label in labels_of(family)} == set(metric_words.LABELS)
    for (name, label), words in metric_words.VALUES.items():
        assert set(words) == set(values_of(name, label, found[name]) or ())


def test_the_admin_page_lists_every_error_code() -> None:
    section = (ROOT / "deploy" / "admin.md").read_text().partition("## Errors")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| `([a-z-]+)` \|", section, re.MULTILINE)) == sorted(ErrorCode)


PARTS = ("**Meaning.**", "**Impact.**", "**Diagnosis.**", "**Mitigation.**")


def test_the_runbook_has_a_section_for_every_alert_and_every_alert_links_to_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    runbook = f"{project['urls']['Homepage']}/blob/main/deploy/runbook.md"
    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "rules.yaml").read_text())
    alerts = {rule["alert"]: rule for group in rules["groups"] for rule in group["rules"]}
    _, *sections = re.split(r"^## ", (ROOT / "deploy" / "runbook.md").read_text(), flags=re.MULTILINE)
    texts = {section.partition("\n")[0]: section for section in sections}
    assert list(texts) == list(alerts)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook_url"] == f"{runbook}#{name.lower()}"
        assert re.findall(r"^\*\*\w+\.\*\*", texts[name], re.MULTILINE) == list(PARTS), name
    chart = yaml.safe_load((ROOT / "deploy" / "helm" / "cookiewarden" / "values.yaml").read_text())
    assert chart["prometheusRule"]["runbookUrl"] == runbook
