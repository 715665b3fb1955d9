"""Files of a policy: the main file and its includes, each read once."""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cookiewarden.core.policy.checks.names import repeated
from cookiewarden.core.policy.draft import EntryDraft
from cookiewarden.core.policy.loaded import Reader, Unread
from cookiewarden.core.policy.models.document import IncludedFileModel, PolicyModel
from cookiewarden.core.policy.policy_file import Include, M, PolicyFile, includes_of, listed, read_policy_file
from cookiewarden.core.policy.problem import Code, Place, Pos, Problem
from cookiewarden.core.policy.source import Source, parse_source
from cookiewarden.core.policy.wording import did_you_mean


@dataclass(frozen=True, slots=True)
class PolicySources:
    """The readable files of a policy."""

    main: PolicyFile[PolicyModel] | None
    included: list[EntryDraft]
    sources: Mapping[str, Source]
    problems: list[Problem]
    """Problems with the form of the files and with the include list."""
    sha256: str


def read_policy_files(path: str, read: Reader) -> PolicySources:
    """Read the main file at `path` and the files that it includes."""
    reading = _Reading(path, read)
    main = reading.main()
    included = [] if main is None else reading.included(main)
    problems = [*reading.problems, *(p for source in reading.sources.values() for p in source.problems)]
    return PolicySources(main, included, reading.sources, problems, reading.digest.hexdigest())


class _Reading:
    """State of reading: the files read so far, and their problems."""

    def __init__(self, path: str, read: Reader) -> None:
        self.path = path
        self.folder, self.name = posixpath.split(path)
        self.read = read
        self.problems: list[Problem] = []
        self.sources: dict[str, Source] = {}
        self.digest = hashlib.sha256()

    def main(self) -> PolicyFile[PolicyModel] | None:
        source = self.open(self.name, Problem(Code.UNREADABLE, Place(self.path, Pos()), ""))
        return None if source is None or source.is_unreadable else self.file(PolicyModel, source)

    def included(self, main: PolicyFile[PolicyModel]) -> list[EntryDraft]:
        """Return the entries of all included files."""
        drafts = [draft for item in includes_of(main) for draft in self.include(item, main.source)]
        self.problems += repeated(drafts)
        return drafts

    def include(self, item: Include, main: Source) -> list[EntryDraft]:
        """Return the entries of one included file, except the ones that the main file leaves out."""
        at = ("include", item.index)
        asked = main.problem_at_value(Code.INCLUDE_MISSING, at, "")
        name = posixpath.normpath(item.model.file)
        if bad := _bad_include(item.model.file, name, self.name):
            self.problems.append(main.problem_at_value(bad.code, at, bad.message))
            return []
        if posixpath.join(self.folder, name) in self.sources:
            message = f'"{name}" is included twice; remove one'
            self.problems.append(main.problem_at_value(Code.DUPLICATE_ENTRY, at, message))
            return []
        if (source := self.open(name, asked)) is None:
            return []
        drafts = self.file(IncludedFileModel, source).drafts
        self.problems += _circles(source, self.sources)
        self.problems += _unmatched(item, drafts, main)
        return [draft for draft in drafts if draft.name not in item.model.except_]

    def open(self, name: str, asked: Problem) -> Source | None:
        """Read and parse one file. If it is unreadable, report the problem at the place of `asked`."""
        raw = self.read(name)
        if isinstance(raw, Unread):
            self.problems.append(Problem(raw.code, asked.place, raw.message, asked.excerpt))
            return None
        self.digest.update(raw)
        path = posixpath.join(self.folder, name)
        self.sources[path] = source = parse_source(path, raw)
        return source

    def file(self, model: type[M], source: Source) -> PolicyFile[M]:
        file = read_policy_file(model, source)
        self.problems += file.problems
        return file


def _bad_include(written: str, name: str, main: str) -> Unread | None:
    if name == main:
        return Unread(Code.INCLUDE_CIRCLE, f'"{written}" is this file; a policy cannot include itself')
    if name.startswith(("/", "../")) or name == ".." or "\0" in name:
        return Unread(
            Code.INCLUDE_OUTSIDE,
            f'"{written}" is outside the folder of the policy; move it into that folder',
        )
    return None


def _circles(included: Source, sources: Mapping[str, Source]) -> Iterator[Problem]:
    """Yield problems for circular includes. `sources` has the files read so far."""
    for index, item in enumerate(listed(included, "include")):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(included.path), str(item)))
        if target in sources:
            message = f'"{item}" includes this file, so the include is circular; remove it'
            yield included.problem_at_value(Code.INCLUDE_CIRCLE, ("include", index), message)


def _unmatched(item: Include, drafts: list[EntryDraft], main: Source) -> Iterator[Problem]:
    """Yield problems for names in `except` that the included file does not have."""
    names = {draft.name for draft in drafts}
    for name in item.model.except_:
        if name not in names:
            suggestion = did_you_mean(name, sorted(names))
            message = f'except: "{item.model.file}" has no entry "{name}"{suggestion}'
            yield main.problem_at_value(Code.EXCEPT_UNMATCHED, ("include", item.index), message)
