"""`cookiewarden schema`: the JSON Schemas of policy files, for editors, and of what the admin listener says."""

import json

import click
from pydantic import TypeAdapter

from cookiewarden.core.policy.json_schema import json_schema
from cookiewarden.core.report.statement import StatementDocument
from cookiewarden.core.report.wire import DOCUMENTS, schema_of
from cookiewarden.tools.test.cases import CasesModel


@click.command()
@click.argument(
    "of",
    type=click.Choice(["policy-file", "test-file", "statement", *DOCUMENTS]),
    default="policy-file",
    metavar="[WHAT]",
)
def schema(of: str) -> int:
    """Print a JSON Schema. WHAT is policy-file (the default, draft-07), test-file, what statement --format json prints
    (statement), or what the admin listener says or is told: inventory, forecast, drift, policy, mode, and error where
    it refuses."""
    click.echo(TEXTS[of]() if of in TEXTS else _text(schema_of(of)), nl=False)
    return 0


def schema_text() -> str:
    return _text(json_schema())


def _text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def test_schema_text() -> str:
    """Of files of policy tests."""
    return _text(CasesModel.model_json_schema())


def statement_schema_text() -> str:
    return _text(TypeAdapter(StatementDocument).json_schema())


TEXTS = {"policy-file": schema_text, "test-file": test_schema_text, "statement": statement_schema_text}
