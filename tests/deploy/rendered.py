"""The documents of Kubernetes, as kustomize and the templates of the chart render them."""

import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from cookiewarden.keys import create, write_new
from tests.deploy.conftest import DEPLOY, Tool

CHART = DEPLOY / "helm" / "cookiewarden"


def example(tool: Tool, folder: Path) -> list[dict[str, Any]]:
    """Build the example with kustomize, from a copy in a folder."""
    tree = folder / "tree"
    shutil.copytree(DEPLOY / "kubernetes", tree / "deploy" / "kubernetes")
    shutil.copytree(DEPLOY.parent / "policies", tree / "policies")
    found = tree / "deploy" / "kubernetes" / "example"
    create(found / "seal-key")
    write_new(found / "admin-token", "t" * 32)
    text = tool("kubectl", "kustomize", "--load-restrictor", "LoadRestrictionsNone", str(found))
    return list(yaml.safe_load_all(text))


def one(documents: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the only document of a kind."""
    (found,) = [document for document in documents if document["kind"] == kind]
    return found


def values(**given: Any) -> dict[str, Any]:
    """Return the chart's values with changes."""
    found: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    for key, value in given.items():
        found[key] = found[key] | value if isinstance(value, dict) and isinstance(found[key], dict) else value
    return found


def rendered(tool: Tool, **given: Any) -> list[dict[str, Any]]:
    """Render the chart with changed values, which must be valid."""
    found = values(**given)
    jsonschema.validate(found, json.loads((CHART / "values.schema.json").read_text()))
    program = str(Path(__file__).parent / "helm.go")
    text = tool(
        "go", "run", program, str(CHART), "shop", stdin=json.dumps(found), GO111MODULE="off", GOPATH="/usr/share/gocode",
        GOFLAGS="",
    )  # fmt: skip
    return [document for document in yaml.safe_load_all(text) if document]
