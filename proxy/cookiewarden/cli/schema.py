"""`cookiewarden schema`, which prints JSON Schemas for editors and for clients of the admin listener."""

import json

import click
from pydantic import TypeAdapter

from cookiewarden.core.policy.json_schema import json_schema
from cookiewarden.core.report.promises import ReportDocument
from cookiewarden.core.report.statement import StatementDocument
from cookiewarden.core.report.wire import DOCUMENTS, schema_of
from cookiewarden.tools.test.cases import CasesModel


@click.command()
@click.argument(
    "of",
    type=click.Choice(["policy-file", "test-file", "statement", "report", *DOCUMENTS]),
    default="policy-file",
    metavar="[WHAT]",
)
def schema(of: str) -> int:
    """Print a JSON Schema.

    WHAT is policy-file (the default, draft-07), test-file, statement or report (the output of their --format json).
    Documents of the admin listener are inventory, forecast, drift, policy, mode and error."""
    click.echo(TEXTS[of]() if of in TEXTS else _text(schema_of(of)), nl=False)
    return 0


def schema_text() -> str:
    """Return the schema of policy files."""
    return _text(json_schema())


def _text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def test_schema_text() -> str:
    """Return the schema of policy test files."""
    return _text(CasesModel.model_json_schema())


def statement_schema_text() -> str:
    """Return the schema of the statement."""
    return _text(TypeAdapter(StatementDocument).json_schema())


def report_schema_text() -> str:
    """Return the schema of the report."""
    return _text(TypeAdapter(ReportDocument).json_schema())


TEXTS = {
    "policy-file": schema_text,
    "test-file": test_schema_text,
    "statement": statement_schema_text,
    "report": report_schema_text,
}
