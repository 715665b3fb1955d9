"""Reader of YAML files: plain data, with the position of every key and every value.

A policy must not be misread, so the reader is strict:
- scalars follow the YAML 1.2 core schema: `no`, `on` and `2026-12-31` are text, only `true` and `false` are
  booleans (https://yaml.org/spec/1.2.2/#103-core-schema);
- mapping keys are text as written, and a duplicate key is a problem;
- anchors, aliases, merge keys and tags are problems, so that each value is written where it is used;
- the text of a number or boolean is kept, so that a cookie may be named `1`, `007` or `true`.

The tree is built from libyaml's events without recursion, so nesting cannot exhaust the stack.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from cookiewarden.core.policy.problem import Code, Place, Pos, Problem, counted
from cookiewarden.core.policy.syntax import explain

Path = tuple[str | int, ...]

MAX_DEPTH = 32
"""Maximum nesting. A policy needs 5 levels; deeper nesting is a mistake or an attack."""

# libyaml is 8 times faster than PyYAML's own scanner (0.45 s and 3.7 s for a file with 10,000 entries).
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 400  # int() rejects texts of more than 4,300 digits; numbers in a policy are far shorter


@dataclass(slots=True)
class Source:
    """A parsed file. `keys` and `values` map a path such as `("cookies", 0, "name")` to its position."""

    path: str
    lines: list[str]
    data: Any = None
    keys: dict[Path, Pos] = field(default_factory=dict)
    values: dict[Path, Pos] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    """The written form of numbers, booleans and nulls."""
    problems: list[Problem] = field(default_factory=list)

    def clear(self) -> None:
        """Free all data in small steps, because freeing a large file at once blocks other threads."""
        for positions in (self.keys, self.values, self.texts):
            while positions:
                positions.popitem()
        while self.lines:
            self.lines.pop()
        entries = self.data.get("cookies") if isinstance(self.data, dict) else None
        while isinstance(entries, list) and entries:
            entries.pop()

    def line(self, pos: Pos) -> str:
        return self.lines[pos.line - 1] if pos.line <= len(self.lines) else ""

    def key_pos(self, path: Path) -> Pos:
        return self.keys.get(path) or self.value_pos(path)

    def value_pos(self, path: Path) -> Pos:
        """Return the position of the value at `path`, or of the innermost value around it that has one."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, Pos())

    @property
    def is_unreadable(self) -> bool:
        """True if the file is not valid YAML; the reason is in `problems`."""
        return self.data is None and bool(self.problems)

    def problem(self, code: Code, pos: Pos, message: str) -> Problem:
        return Problem(code, Place(self.path, pos), message, self.line(pos))

    def problem_at_key(self, code: Code, path: Path, message: str) -> Problem:
        return self.problem(code, self.key_pos(path), message)

    def problem_at_value(self, code: Code, path: Path, message: str) -> Problem:
        return self.problem(code, self.value_pos(path), message)


MAX_PROBLEMS = 1000
"""Maximum problems of a file that are kept; millions would take gigabytes."""


def rest_of_problems(source: Source, pos: Pos, count: int) -> Problem:
    """Return a problem for those that are not kept. `pos`: a place near the first of them."""
    return source.problem(Code.TOO_LARGE, pos, f"{counted(count, 'more problem')} not listed")


def parse_source(path: str, raw: bytes) -> Source:
    """Parse the bytes of one YAML file. It does not raise; faults are in `problems`."""
    try:
        text = raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _not_utf8(path, raw, error)
    source = Source(path, text.split("\n"))
    builder = _Builder(source)
    try:
        builder.build(yaml.parse(text, Loader=_Loader))
        builder.tell_rest()
        return source
    except yaml.MarkedYAMLError as error:
        source.problems.append(_not_yaml(source, error))
    except _TooDeep:
        pass
    except yaml.reader.ReaderError as error:
        source.problems.append(_unreadable_character(source, text, error.reason))
    builder.tell_rest()
    source.data = None  # half a file would cause false problems
    return source


def _not_yaml(source: Source, error: yaml.MarkedYAMLError) -> Problem:
    # Report an unclosed text where it begins, not at the end of the file.
    is_open = "unexpected end of stream" in (error.problem or "")
    mark = (error.context_mark if is_open else None) or error.problem_mark or error.context_mark
    pos = Pos(mark.line + 1, mark.column + 1) if mark else Pos()
    said = f"{error.context or ''} {error.problem or ''}".strip()
    return source.problem(Code.SYNTAX, pos, f"not valid YAML: {explain(said)}")


_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _unreadable_character(source: Source, text: str, reason: str) -> Problem:
    # libyaml's position counts octets and PyYAML's counts characters, so find the character again.
    found = _UNREADABLE.search(text)
    before = text[: found.start()] if found else ""
    character = f"the character U+{ord(found[0]):04X}" if found else f"a character ({reason})"
    pos = Pos(before.count("\n") + 1, len(before) - before.rfind("\n"))
    return source.problem(Code.SYNTAX, pos, f"{character} is not allowed in YAML; remove it")


def _not_utf8(path: str, raw: bytes, error: UnicodeDecodeError) -> Source:
    before = raw[: error.start]
    line_start = before.rfind(b"\n") + 1
    pos = Pos(before.count(b"\n") + 1, len(before[line_start:].decode("utf-8", "replace")) + 1)
    source = Source(path, raw.decode("utf-8", "replace").split("\n"))
    message = f"the file is not valid UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8"
    source.problems.append(source.problem(Code.NOT_UTF8, pos, message))
    return source


class _TooDeep(Exception):
    """Signal to stop reading; the problem has been recorded."""


class _Level(NamedTuple):
    """An open mapping or sequence, with its path and the container to fill."""

    path: Path
    container: dict[str, Any] | list[Any]


class _Builder:
    """Builder of data and positions from the event stream."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.stack: list[_Level] = []
        self.pending: list[str | None] = []
        """For each open mapping, the key whose value comes next."""
        self.skip = 0
        """Depth inside a dropped node: the value of a duplicate key, or a key that is not text."""
        self.documents = 0
        self.unlisted = 0
        """Problems above MAX_PROBLEMS."""
        self.first_unlisted = Pos()

    def build(self, events: Iterable[Any]) -> None:
        for event in events:
            match event:
                case yaml.DocumentStartEvent():
                    self.documents += 1
                    if self.documents > 1:
                        self.complain(Code.YAML_FEATURE, event, "the file has a second document; use separate files")
                        return
                case yaml.AliasEvent():
                    self.complain(
                        Code.YAML_FEATURE,
                        event,
                        "aliases are not allowed; write the value itself, or quote a name that begins with *",
                    )
                    self.alias(event)
                case yaml.ScalarEvent():
                    self.scalar(event)
                case yaml.MappingStartEvent():
                    self.open(event, {})
                case yaml.SequenceStartEvent():
                    self.open(event, [])
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self.close()

    def complain(self, code: Code, event: Any, message: str) -> None:
        if len(self.source.problems) < MAX_PROBLEMS or code is Code.SYNTAX:
            self.source.problems.append(self.source.problem(code, _pos(event), message))
        else:
            self.first_unlisted = self.first_unlisted if self.unlisted else _pos(event)
            self.unlisted += 1

    def tell_rest(self) -> None:
        """Report the number of the problems that are not kept."""
        if self.unlisted:
            self.source.problems.append(rest_of_problems(self.source, self.first_unlisted, self.unlisted))

    def refuse_features(self, event: Any, tagged: bool) -> None:
        if event.anchor is not None:
            self.complain(Code.YAML_FEATURE, event, "anchors are not allowed; write the value where it is used")
        if tagged:
            self.complain(Code.YAML_FEATURE, event, "tags are not allowed; quote the value if it is text")

    def alias(self, event: Any) -> None:
        if self.awaits_key() and not self.skip:
            self.pending[-1] = _DROPPED
        else:
            self.add(event, None)

    def scalar(self, event: Any) -> None:
        self.refuse_features(event, event.tag is not None)
        if self.skip:
            return
        if self.awaits_key():
            self.key(event)
        else:
            plain = event.implicit[0]
            self.add(event, _resolve(event.value) if plain else event.value, event.value if plain else None)

    def awaits_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].container, dict) and self.pending[-1] is None

    def key(self, event: Any) -> None:
        level, key = self.stack[-1], event.value
        path = (*level.path, key)
        if key == "<<" and event.implicit[0]:
            self.complain(Code.YAML_FEATURE, event, "merge keys are not allowed; write the keys and values themselves")
        elif key in level.container:
            first = self.source.keys[path]
            self.complain(
                Code.DUPLICATE_KEY,
                event,
                f'duplicate key "{key}", first given on line {first.line}; remove one of them',
            )
        else:
            self.source.keys[path] = _pos(event)
            self.pending[-1] = key
            return
        self.pending[-1] = _DROPPED

    def add(self, event: Any, value: Any, text: str | None = None) -> Path | None:
        """Add a value to the open container. Return its path, or None if the value is dropped."""
        if self.skip:
            return None
        path: Path = ()
        if not self.stack:
            self.source.data = value
        else:
            level = self.stack[-1]
            if isinstance(level.container, list):
                path = (*level.path, len(level.container))
                level.container.append(value)
            else:
                key, self.pending[-1] = self.pending[-1], None
                if key is None or key is _DROPPED:
                    return None
                path = (*level.path, key)
                level.container[key] = value
        self.source.values[path] = _pos(event)
        if text is not None and not isinstance(value, str):
            self.source.texts[path] = text
        return path

    def open(self, event: Any, container: dict[str, Any] | list[Any]) -> None:
        self.refuse_features(event, event.tag is not None)
        if self.skip:
            self.skip += 1
            if self.skip >= MAX_DEPTH:
                self.too_deep(event)
            return
        if self.awaits_key():
            self.complain(Code.YAML_FEATURE, event, "a list or a mapping is not a valid key; use text")
            self.pending[-1] = _DROPPED
            self.skip = 1
            return
        path = self.add(event, container)
        if path is not None and len(path) >= MAX_DEPTH:
            self.too_deep(event)
        if path is None:
            self.skip = 1
            return
        self.stack.append(_Level(path, container))
        self.pending.append(None)

    def too_deep(self, event: Any) -> None:
        """Stop reading, because the parser's time grows with the square of the depth."""
        self.complain(Code.SYNTAX, event, f"more than {MAX_DEPTH} levels of nesting; remove levels")
        raise _TooDeep

    def close(self) -> None:
        if self.skip:
            self.skip -= 1
            return
        self.stack.pop()
        self.pending.pop()


_DROPPED = "\0dropped"


def _pos(event: Any) -> Pos:
    return Pos(event.start_mark.line + 1, event.start_mark.column + 1)


def _resolve(text: str) -> Any:
    """Return the value of a plain scalar by the YAML 1.2 core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) < _MAX_DIGITS:
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
