"""Editors: the schemas drive completion, hover and marks in a real session with yaml-language-server."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.language_server import Session

pytestmark = pytest.mark.editors

POLICIES = Path(__file__).parents[2] / "policies"
POLICY = """# yaml-language-server: $schema=schema.json
version: 1
undeclared: {response: block}
statement:
  path: /cookies
cookies:
  - name: sid
    same_site: Lax
    set_by: script
    li
"""
WRONG = """# yaml-language-server: $schema=schema.json
version: 1
mode: enforced
cookies:
  - name: sid
    samesit: Lax
    lifetime: 3 weeks
  - purpose: x
"""
CASES = """# yaml-language-server: $schema=test.schema.json
policy: shop.yaml
cases:
  - name: a
    set_cookie:
      - in: a=1
        action: pass
        reasons: [undeclared]
        oot: a
"""


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder = tmp_path_factory.mktemp("policies")
    shutil.copytree(POLICIES, folder, dirs_exist_ok=True)
    for name, text in (("shop.yaml", POLICY), ("wrong.yaml", WRONG), ("shop.test.yaml", CASES)):
        (folder / name).write_text(text)
    session = Session(folder)
    yield session
    session.close()


def test_hovering_over_a_key_shows_its_description(session: Session) -> None:
    session.open("shop.yaml")
    assert "sets exactly this value" in session.hover("shop.yaml", 8, 7)
    assert "Setter of the cookie" in session.hover("shop.yaml", 9, 7)
    assert "Path at which the proxy serves the statement" in session.hover("shop.yaml", 5, 4)
    assert "the policy language" in session.hover("shop.yaml", 2, 2).lower()


def test_completion_offers_keys_with_their_descriptions(session: Session) -> None:
    session.open("shop.yaml")
    offered = session.completions("shop.yaml", 10, 7)
    assert {"lifetime", "lifetime_source"} <= set(offered) and "name" not in offered
    assert "Maximum time that a browser may keep the cookie" in offered["lifetime"]


def test_values_are_offered(session: Session) -> None:
    session.open("shop.yaml")
    assert {"server", "script", "both", "infrastructure"} <= set(session.completions("shop.yaml", 9, 13))
    assert {"block", "report", "pass"} <= set(session.completions("shop.yaml", 3, 25))


def test_errors_are_marked_on_their_line(session: Session) -> None:
    marked = session.open("wrong.yaml")
    assert [line.partition(":")[0] for line in sorted(marked)] == ["3", "6", "7", "8"], marked
    assert any("samesit" in line for line in marked) and any('"name"' in line for line in marked)


def test_policy_tests_have_a_schema_too(session: Session) -> None:
    (marked,) = session.open("shop.test.yaml")
    assert marked.startswith("9:") and "oot" in marked
    assert "Action of the decision." in session.hover("shop.test.yaml", 7, 12)
    assert "undeclared" in session.completions("shop.test.yaml", 8, 20)


@pytest.mark.parametrize("path", sorted(POLICIES.rglob("*.yaml")), ids=lambda p: p.name)
def test_the_shipped_policies_have_no_marks(session: Session, path: Path) -> None:
    assert session.open(str(path.relative_to(POLICIES))) == []
