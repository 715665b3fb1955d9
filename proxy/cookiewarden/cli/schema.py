"""`cookiewarden schema`: the JSON Schemas of policy files, for editors, and of what the admin listener says."""

import json

import click

from cookiewarden.core.report.wire import DOCUMENTS, schema_of
from cookiewarden.core.schema import json_schema


@click.command(short_help="JSON Schemas: policy files, admin answers.")
@click.argument("of", type=click.Choice(["policy-file", *DOCUMENTS]), default="policy-file")
def schema(of: str) -> int:
    """Print the JSON Schema of policy files (draft-07), or of what the admin listener answers below /inventory, /forecast,
    /drift and /policy, and takes at /mode (2020-12)."""
    click.echo(schema_text() if of == "policy-file" else _text(schema_of(of)), nl=False)
    return 0


def schema_text() -> str:
    return _text(json_schema())


def _text(schema: object) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
