"""`cookiewarden schema`: the JSON Schema of policy files, for editors."""

import json

import click

from cookiewarden.core.schema import json_schema


@click.command()
def schema() -> int:
    """Print the JSON Schema (draft-07) of policy files."""
    click.echo(schema_text(), nl=False)
    return 0


def schema_text() -> str:
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
