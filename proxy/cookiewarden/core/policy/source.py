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
_BEGINNINGS = frozenset("+-.0123456789")
"""First characters of numbers."""
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 400  # int() rejects texts of more than 4,300 digits; numbers in a policy are far shorter


class Mark(NamedTuple):
    """The position of a value, and of its key in a mapping, as marks of the parser."""

    key: Any
    value: Any
    members: "dict[str, Mark] | list[Mark] | None" = None
    text: str | None = None
    """The written form of a number, a boolean or null."""


def pos_of(mark: Any) -> Pos:
    """Return the position of one of the parser's marks."""
    return Pos(mark.line + 1, mark.column + 1)


@dataclass(slots=True)
class Source:
    """A parsed file. A path such as `("cookies", 0, "name")` leads to a value of `data`."""

    path: str
    lines: list[str]
    data: Any = None
    mark: Mark | None = None
    """The mark of `data`, with the marks of all its members."""
    problems: list[Problem] = field(default_factory=list)

    def clear(self) -> None:
        """Free all data in small steps, because freeing a large file at once blocks other threads.

        The places of the entries' keys are then unknown."""
        marks = self.members(("cookies",))
        entries = self.data.get("cookies") if isinstance(self.data, dict) else None
        for mark in marks if isinstance(marks, list) else ():
            if isinstance(mark.members, dict):
                mark.members.clear()
        for items in (self.lines, marks, entries):
            while isinstance(items, list) and items:
                items.pop()
        self.mark = None

    def line(self, pos: Pos) -> str:
        return self.lines[pos.line - 1] if pos.line <= len(self.lines) else ""

    def _found(self, path: Path) -> tuple[Mark | None, bool]:
        """Return the mark of the value at `path`, or of the innermost value around it and False."""
        mark = self.mark
        for part in path:
            members = mark.members if mark is not None else None
            inner: Mark | None = None
            if isinstance(members, dict):
                inner = members.get(part) if isinstance(part, str) else None
            elif members is not None and isinstance(part, int) and 0 <= part < len(members):
                inner = members[part]
            if inner is None:
                return mark, False
            mark = inner
        return mark, True

    def has(self, path: Path) -> bool:
        """Check for a value at `path`."""
        return self._found(path)[1]

    def members(self, path: Path) -> "dict[str, Mark] | list[Mark] | None":
        """Return the marks of the members of the mapping or list at `path`; None for others."""
        mark, is_there = self._found(path)
        return mark.members if mark is not None and is_there else None

    def text(self, path: Path) -> str | None:
        """Return the written form of a number, a boolean or null at `path`; None for others."""
        mark, is_there = self._found(path)
        return mark.text if mark is not None and is_there else None

    def key_pos(self, path: Path) -> Pos:
        """Return the position of the key at `path`, else of the value as `value_pos` does."""
        mark, is_there = self._found(path)
        return pos_of(mark.key) if mark is not None and is_there and mark.key is not None else self.value_pos(path)

    def value_pos(self, path: Path) -> Pos:
        """Return the position of the value at `path`, or of the innermost value around it that has one."""
        mark, _ = self._found(path)
        return pos_of(mark.value) if mark is not None else Pos()

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
        builder.build(_Loader(text))
        builder.tell_rest()
        return source
    except yaml.MarkedYAMLError as error:
        source.problems.append(_not_yaml(source, error))
    except _TooDeep:
        pass
    except yaml.reader.ReaderError as error:
        source.problems.append(_unreadable_character(source, text, error.reason))
    builder.tell_rest()
    source.data = source.mark = None  # half a file would cause false problems
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


class _Level:
    """An open mapping or sequence: the container and the marks to fill."""

    __slots__ = ("container", "is_mapping", "key", "key_mark", "marks")

    def __init__(self, container: Any, marks: Any) -> None:
        self.container = container
        self.marks = marks
        self.is_mapping = type(container) is dict
        self.key: str | None = None
        """The key of a mapping whose value comes next."""
        self.key_mark: Any = None

    @property
    def awaits_key(self) -> bool:
        return self.is_mapping and self.key is None


class _Builder:
    """Builder of data and positions from the event stream."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.level = _Level([], [])
        """The innermost open mapping or sequence. The outermost one is a list of documents."""
        self.around: list[_Level] = []
        self.skip = 0
        """Depth inside a dropped node: the value of a duplicate key, or a key that is not text."""
        self.documents = 0
        self.unlisted = 0
        """Problems above MAX_PROBLEMS."""
        self.first_unlisted = Pos()

    def build(self, loader: Any) -> None:
        documents = self.level
        next_event = loader.get_event
        try:
            # The kinds are in the order of their frequency: this loop takes most of the time to load a policy.
            while (kind := type(event := next_event())) is not yaml.StreamEndEvent:
                if kind is yaml.ScalarEvent:
                    self.scalar(event)
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self.close()
                elif kind is yaml.MappingStartEvent:
                    self.open(event, {}, {})
                elif kind is yaml.SequenceStartEvent:
                    self.open(event, [], [])
                elif kind is yaml.AliasEvent:
                    self.alias(event)
                elif kind is yaml.DocumentStartEvent:
                    self.documents += 1
                    if self.documents > 1:
                        message = "the file has a second document; use separate files"
                        self.complain(Code.YAML_FEATURE, event, message)
                        break
        finally:
            loader.dispose()
        if documents.container:
            self.source.data, self.source.mark = documents.container[0], documents.marks[0]

    def complain(self, code: Code, event: Any, message: str) -> None:
        pos = pos_of(event.start_mark)
        if len(self.source.problems) < MAX_PROBLEMS or code is Code.SYNTAX:
            self.source.problems.append(self.source.problem(code, pos, message))
        else:
            self.first_unlisted = self.first_unlisted if self.unlisted else pos
            self.unlisted += 1

    def tell_rest(self) -> None:
        """Report the number of the problems that are not kept."""
        if self.unlisted:
            self.source.problems.append(rest_of_problems(self.source, self.first_unlisted, self.unlisted))

    def refuse_features(self, event: Any) -> None:
        if event.anchor is not None:
            self.complain(Code.YAML_FEATURE, event, "anchors are not allowed; write the value where it is used")
        if event.tag is not None:
            self.complain(Code.YAML_FEATURE, event, "tags are not allowed; quote the value if it is text")

    def alias(self, event: Any) -> None:
        message = "aliases are not allowed; write the value itself, or quote a name that begins with *"
        self.complain(Code.YAML_FEATURE, event, message)
        if self.skip:
            return
        if self.level.awaits_key:
            self.level.key = _DROPPED
        else:
            self.add(None, event.start_mark)

    def scalar(self, event: Any) -> None:
        if event.tag is not None or event.anchor is not None:
            self.refuse_features(event)
        if self.skip:
            return
        level, text = self.level, event.value
        if level.is_mapping and level.key is None:
            if text in level.container or text == "<<":
                self.refuse_key(event, text)
            else:
                level.key, level.key_mark = text, event.start_mark
            return
        if event.implicit[0]:  # the value is plain
            value = _resolve(text)
            self.add(value, event.start_mark, None, None if value is text else text)
        else:
            self.add(text, event.start_mark)

    def refuse_key(self, event: Any, key: str) -> None:
        """Report a key that is not allowed, or that the mapping has already."""
        level = self.level
        if key == "<<" and event.implicit[0]:
            self.complain(Code.YAML_FEATURE, event, "merge keys are not allowed; write the keys and values themselves")
        elif key in level.container:
            first = pos_of(level.marks[key].key)
            message = f'duplicate key "{key}", first given on line {first.line}; remove one of them'
            self.complain(Code.DUPLICATE_KEY, event, message)
        else:
            level.key, level.key_mark = key, event.start_mark
            return
        level.key = _DROPPED

    def add(self, value: Any, mark: Any, members: Any = None, text: str | None = None) -> bool:
        """Add a value to the open container. Return False if the value is dropped."""
        level = self.level
        if not level.is_mapping:
            level.container.append(value)
            level.marks.append(Mark(None, mark, members, text))
            return True
        key, level.key = level.key, None
        if key is _DROPPED:
            return False
        level.container[key] = value
        level.marks[key] = Mark(level.key_mark, mark, members, text)
        return True

    def open(self, event: Any, container: Any, marks: Any) -> None:
        if event.tag is not None or event.anchor is not None:
            self.refuse_features(event)
        if self.skip:
            self.skip += 1
            if self.skip >= MAX_DEPTH:
                self.too_deep(event)
            return
        if self.level.awaits_key:
            self.complain(Code.YAML_FEATURE, event, "a list or a mapping is not a valid key; use text")
            self.level.key = _DROPPED
            self.skip = 1
            return
        if not self.add(container, event.start_mark, marks):
            self.skip = 1
            return
        if len(self.around) >= MAX_DEPTH:
            self.too_deep(event)
        self.around.append(self.level)
        self.level = _Level(container, marks)

    def too_deep(self, event: Any) -> None:
        """Stop reading, because the parser's time grows with the square of the depth."""
        self.complain(Code.SYNTAX, event, f"more than {MAX_DEPTH} levels of nesting; remove levels")
        raise _TooDeep

    def close(self) -> None:
        if self.skip:
            self.skip -= 1
            return
        self.level = self.around.pop()


_DROPPED = "\0dropped"


def _resolve(text: str) -> Any:
    """Return the value of a plain scalar by the YAML 1.2 core schema."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in _BEGINNINGS and len(text) < _MAX_DIGITS:
        if _INT.fullmatch(text):
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
    return text
