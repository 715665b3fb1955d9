"""Settings from flags, environment variables and a settings file, each with its source."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from cookiewarden.cli.policies import PolicyRefused
from cookiewarden.cli.usage import FILE
from cookiewarden.core.policy.loaded import Loaded
from cookiewarden.core.policy.problem import Code, Problem, in_order
from cookiewarden.core.policy.wording import did_you_mean
from cookiewarden.serve.settings import OPTIONS, Option, Settings, shown

if TYPE_CHECKING:
    from cookiewarden.core.policy.source import Source

F = TypeVar("F", bound=Callable[..., Any])


class GivenBy(Enum):
    """Source of a setting."""

    FLAG = auto()
    VARIABLE = auto()
    FILE = auto()
    NOBODY = auto()
    """Default value."""


@dataclass(frozen=True, slots=True)
class Given:
    """Text of a setting and its source."""

    text: str
    by: GivenBy
    where: str
    """Source for display: a flag, a variable, or a line of the file."""


class ConfigRefused(PolicyRefused):
    """Errors in the settings file; exit code 2."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__(loaded)
        self.code = 2


def settings_options(command: F) -> F:
    """Add `--config`, and a flag and an environment variable for each setting, to a command."""
    for option in reversed(OPTIONS):
        alone: dict[str, Any] = {"is_flag": False, "flag_value": "on"} if option.is_switch else {}
        help = option.help + (f"  [default: {shown(option.default)}]" if shown(option.default) else "")
        command = click.option(
            option.flag,
            option.name,
            metavar=option.metavar,
            envvar=option.variable,
            help=help,
            **alone,
            multiple=option.is_list,
            type=FILE if option.is_file else None,
        )(command)
    return click.option(
        "--config",
        metavar="FILE",
        type=FILE,
        envvar="COOKIEWARDEN_CONFIG",
        help="YAML file of settings, named like the flags.",
    )(command)


def gather(context: click.Context, config: str | None) -> tuple[Settings, dict[str, Given]]:
    """Read the settings: a flag overrides a variable, which overrides the file. Raises UsageError, or ConfigRefused."""
    source = _read_config(config) if config else None
    given: dict[str, Given] = {}
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for option in OPTIONS:
        one = _given(context, option, source)
        given[option.name] = one
        if one.by is not GivenBy.NOBODY:
            try:
                if not one.text and one.by is GivenBy.FLAG:  # usually an unset shell variable
                    raise ValueError("the value is empty; give a value or remove the option")
                values[option.name] = option.parse(one.text)
            except ValueError as error:
                name = f"{option.name}: " if one.by is GivenBy.FILE else ""
                wrong.append(f"{one.where}: {name}{error}")
    if wrong:
        raise click.UsageError("\n       ".join(wrong))
    return Settings(**values), given


_OF_A_SERVICE = re.compile(r"COOKIEWARDEN(_\w+)?_(SERVICE_(HOST|PORT(_\w+)?)|PORT(_[0-9]+_(TCP|UDP)(_\w+)?)?)")
"""Variables that Kubernetes sets in every Pod for a Service whose name begins with cookiewarden."""


def misspelt_variables() -> list[str]:
    """Return a message for each environment variable that looks like a setting but is not one."""
    known = ["COOKIEWARDEN_CONFIG", "COOKIEWARDEN_ADMIN_URL", *(option.variable for option in OPTIONS)]
    return [
        f"{name} is not a setting{did_you_mean(name, known)}"
        for name in sorted(os.environ)
        if name.startswith("COOKIEWARDEN_") and name not in known and not _OF_A_SERVICE.fullmatch(name)
    ]


def _given(context: click.Context, option: Option, source: "Source | None") -> Given:
    given_by = context.get_parameter_source(option.name)
    text = context.params.get(option.name)
    if isinstance(text, tuple):
        text = ",".join(text)
    if text is not None and given_by is ParameterSource.COMMANDLINE:
        return Given(text, GivenBy.FLAG, option.flag)
    if text is not None and given_by is ParameterSource.ENVIRONMENT:
        return Given(text, GivenBy.VARIABLE, option.variable)
    for key in (option.name, option.name.replace("_", "-")):
        if source is not None and key in source.data:
            path = (key,)
            text = source.text(path)
            text = source.data[key] if text is None else text
            where = f"{source.path}:{source.value_pos(path).line}"
            return Given(str(text), GivenBy.FILE, where)
    return Given(shown(option.default), GivenBy.NOBODY, "default")


def _read_config(path: str) -> "Source":
    from cookiewarden.core.policy.source import parse_source

    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise click.ClickException(
            f'cannot read the settings file "{path}": {(error.strerror or "").lower()}'
        ) from None
    source = parse_source(path, raw)
    problems = source.problems + list(_config_problems(source))
    if problems:
        raise ConfigRefused(Loaded(None, in_order(problems)))
    return source


def _config_problems(source: "Source") -> list[Problem]:
    if source.data is None:
        source.data = {}
    if not isinstance(source.data, dict):
        return [source.problem(Code.WRONG_TYPE, source.value_pos(()), "expected a mapping of settings")]
    names = [option.name for option in OPTIONS]
    found = []
    for key, value in source.data.items():
        if key.replace("-", "_") not in names:
            message = f'unknown setting "{key}"{did_you_mean(key.replace("-", "_"), names)}'
            found.append(source.problem(Code.UNKNOWN_KEY, source.key_pos((key,)), message))
        elif isinstance(value, dict | list):
            found.append(
                source.problem(
                    Code.WRONG_TYPE,
                    source.value_pos((key,)),
                    f'"{key}" takes one value; write several values as one text, separated by commas',
                )
            )
    return found


def print_config(given: dict[str, Given]) -> str:
    """Format each setting with its value and its source, in columns."""
    width = max(len(name) for name in given)
    value_width = max(len(one.text) for one in given.values())
    return "\n".join(f"{name:<{width}}  {o.text:<{value_width}}  {o.where}".rstrip() for name, o in given.items())
