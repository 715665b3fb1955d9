"""Files with lists of cookies, by their formats."""

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from cookiewarden.tools.lists.cookiebot import read_cookiebot
from cookiewarden.tools.lists.cookieyes import read_cookieyes
from cookiewarden.tools.lists.klaro import read_klaro
from cookiewarden.tools.lists.listed import CookieList, NoList
from cookiewarden.tools.lists.onetrust import read_onetrust
from cookiewarden.tools.lists.sites import mark_other_sites
from cookiewarden.tools.lists.wec import read_wec

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_list(form: str, path: Path, hosts: Sequence[str] = ()) -> CookieList:
    """Read a file of one of FORMATS. Cookies of other sites than `hosts`, or than the list's own, are marked. Raises
    NoList."""
    try:
        return list_in(form, path.read_bytes().decode("utf-8-sig"), hosts)
    except OSError as error:
        raise NoList((error.strerror or "error").lower()) from None
    except UnicodeDecodeError:
        raise NoList("it is not UTF-8; convert the file") from None


def list_in(form: str, text: str, hosts: Sequence[str] = ()) -> CookieList:
    """Read the text of a file. Raises NoList."""
    found = FORMATS[form](text)
    mark_other_sites(found, hosts)
    found.join()
    return found


def _json(read: Callable[[Any], CookieList]) -> Callable[[str], CookieList]:
    def decoded(text: str) -> CookieList:
        try:
            return read(json.loads(text))
        except json.JSONDecodeError as error:
            raise NoList(f"it is not valid JSON on line {error.lineno}") from None
        except (RecursionError, ValueError):
            raise NoList("it is not valid JSON") from None

    return decoded


def _wec(text: str) -> CookieList:
    """Read JSON or YAML. Errors do not quote the text, because it has values."""
    if text.lstrip()[:1] in ("{", "["):
        return _json(read_wec)(text)
    try:
        _refuse_bombs(text)
        return read_wec(yaml.load(text, Loader=_Loader))  # noqa: S506 (a safe loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NoList(f"it is not valid YAML on line {line}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise NoList("it is not valid YAML") from None


MAX_DEPTH = 50


def _refuse_bombs(text: str) -> None:
    """Raise NoList for YAML that crashes its parser by depth, or that merge keys multiply."""
    depth = 0
    events: Iterable[Any] = yaml.parse(text, Loader=_Loader)
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or (isinstance(event, yaml.ScalarEvent) and event.value == "<<"):
            raise NoList(f"its YAML is nested too deeply or has merge keys, on line {event.start_mark.line + 1}")


FORMATS: dict[str, Callable[[str], CookieList]] = {
    "cookiebot": read_cookiebot,
    "onetrust": _json(read_onetrust),
    "cookieyes": _json(read_cookieyes),
    "klaro": read_klaro,
    "wec": _wec,
}
"""Readers of the text of a file by the name of its format."""
