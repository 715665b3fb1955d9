"""From policy files to a Policy: includes, overlays, defaults, and every problem of every file.

`load` never raises for bad input and never stops at the first problem. Files are read through a function
that is handed in, so that the same code serves the proxy, `check`, tests and an editor.
"""

import hashlib
import math
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cookiewarden.core.cookies.scope import name_prefix
from cookiewarden.core.engine.matcher import entry_matches
from cookiewarden.core.policy.policy import (
    BROWSER_MAX,
    HOST_ONLY,
    SCRIPT_READ,
    SHIPPED_LANGUAGES,
    Category,
    Consent,
    ConsentFormat,
    Entry,
    Evict,
    Flag,
    Lifetime,
    OnUndeclaredRequest,
    Policy,
    Rename,
    Rules,
    SameSite,
    SameSiteVerb,
    Seal,
    SetBy,
    Statement,
)
from cookiewarden.core.policy.problem import Code, Place, Pos, Problem, has_errors, in_order
from cookiewarden.core.policy.schema import (
    CategoryModel,
    ConsentModel,
    EntryModel,
    IncludedFileModel,
    IncludeModel,
    PolicyModel,
    RenameModel,
    RulesModel,
    SealModel,
    StatementModel,
    UndeclaredModel,
    did_you_mean,
)
from cookiewarden.core.policy.source import Path, Source, parse_source
from cookiewarden.core.policy.validation import problem_of

M = TypeVar("M", bound=IncludedFileModel)


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a file could not be read: a code and a message for the line that asked for it."""

    code: Code
    message: str


Reader = Callable[[str], bytes | Unread]
"""Reads a file by its path relative to the folder of the main file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The outcome: a policy where there is no error, all problems in order, and the sources by path."""

    policy: Policy | None
    problems: list[Problem]
    sources: Mapping[str, Source] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Draft:
    """An entry as one file gave it, before overlay and defaults."""

    model: EntryModel
    source: Source
    path: Path
    others: "tuple[_Draft, ...]" = ()
    """Where this entry is an overlay: the main file's, then the included one's."""

    @property
    def identity(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        scope = self.model.scope
        return (
            (self.model.name, tuple(sorted(scope.hosts)), tuple(sorted(scope.paths)))
            if scope
            else (self.model.name, (), ())
        )

    def pos(self, key: str = "name") -> Pos:
        return self.source.key_pos((*self.path, key))

    def place(self, key: str = "name") -> Place:
        """Where `key` stands: here, else in the entry that this one overlays."""
        draft = next((other for other in self.others if key in other.model.model_fields_set), self)
        return Place(draft.source.path, draft.pos(key))


def load(path: str, read: Reader) -> Loaded:
    """Load the policy whose main file is `path`, includes resolved through `read`."""
    return _Loader(path, read).load()


class _Loader:
    def __init__(self, path: str, read: Reader) -> None:
        self.path = path
        self.folder = posixpath.dirname(path)
        self.read = read
        self.problems: list[Problem] = []
        self.sources: dict[str, Source] = {}
        self.digest = hashlib.sha256()

    def load(self) -> Loaded:
        policy = self.compose()
        problems = in_order([*self.problems, *(p for s in self.sources.values() for p in s.problems)])
        return Loaded(None if has_errors(problems) else policy, problems, self.sources)

    def compose(self) -> Policy | None:
        source = self.open(
            posixpath.basename(self.path), Problem(Code.UNREADABLE, Place(self.path, Pos()), "")
        )
        if source is None or (source.data is None and source.problems):
            return None
        main = self.validate(PolicyModel, source)
        includes = self.includes(main, source)
        drafts = self.overlay(self.drafts(main, source), includes)
        self.check_categories(main, drafts)
        entries = [self.entry(draft, main, source) for draft in drafts]
        self.check_ties(drafts)
        self.check_renames(drafts, entries)
        self.check_translations(main, source, drafts)
        if main is not None and not drafts:
            pos = source.key_pos(("cookies",))
            self.complain(
                source, Code.NO_COOKIES, pos, "no cookie is declared: every cookie counts as undeclared"
            )
        return self.policy(main, source, entries)

    # Files

    def open(self, name: str, asked: Problem) -> Source | None:
        """Read and parse one file; where it cannot be read the problem stands at the line that asked for it."""
        raw = self.read(name)
        if isinstance(raw, Unread):
            self.problems.append(Problem(raw.code, asked.place, raw.message, asked.excerpt))
            return None
        self.digest.update(raw)
        path = posixpath.join(self.folder, name)
        self.sources[path] = source = parse_source(path, raw)
        return source

    def includes(self, main: PolicyModel | None, source: Source) -> list[_Draft]:
        drafts: list[_Draft] = []
        for index, item in _include_items(main, source):
            place = Place(source.path, source.value_pos(("include", index)))
            asked = Problem(Code.INCLUDE_MISSING, place, "", source.line(place.pos))
            name = posixpath.normpath(item.file)
            if problem := _bad_include(item.file, name, posixpath.basename(self.path)):
                self.problems.append(Problem(problem.code, place, problem.message, asked.excerpt))
            elif posixpath.join(self.folder, name) in self.sources:
                self.complain(source, Code.DUPLICATE_ENTRY, place.pos, f'"{name}" is included twice')
            elif (included := self.open(name, asked)) is not None:
                drafts += self.included(included, item, place.pos, source)
        self.check_twice(drafts)
        return drafts

    def included(self, included: Source, item: IncludeModel, pos: Pos, main: Source) -> Iterator[_Draft]:
        model = self.validate(IncludedFileModel, included)
        self.check_circle(included)
        drafts = self.drafts(model, included)
        names = {draft.model.name for draft in drafts}
        for name in item.except_:
            if name not in names:
                message = (
                    f'"{item.file}" has no entry "{name}" to leave out{did_you_mean(name, sorted(names))}'
                )
                self.complain(main, Code.EXCEPT_UNMATCHED, pos, message)
        return (draft for draft in drafts if draft.model.name not in item.except_)

    def check_circle(self, included: Source) -> None:
        listed = included.data.get("include") if isinstance(included.data, dict) else None
        for index, item in enumerate(listed if isinstance(listed, list) else ()):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(included.path), str(item)))
            if target in self.sources:
                pos = included.value_pos(("include", index))
                self.complain(
                    included,
                    Code.INCLUDE_CIRCLE,
                    pos,
                    f'"{item}" leads back to a file that includes this one',
                )

    # Validation

    def complain(self, source: Source, code: Code, pos: Pos, message: str) -> None:
        self.problems.append(source.problem(code, pos, message))

    def validate(self, model: type[M], source: Source) -> M | None:
        if source.data is None and source.problems:
            return None
        data = _names_as_written(source)
        try:
            return model.model_validate(data)
        except ValidationError as error:
            self.problems += (_problem(source, detail, model) for detail in error.errors(include_url=False))
            return None

    def drafts(self, model: IncludedFileModel | None, source: Source) -> list[_Draft]:
        """The entries of a file; where the file has problems elsewhere, each entry that is right by itself."""
        if model is not None:
            return [_Draft(entry, source, ("cookies", i)) for i, entry in enumerate(model.cookies)]
        cookies = source.data.get("cookies") if isinstance(source.data, dict) else None
        found = []
        for i, data in enumerate(cookies if isinstance(cookies, list) else []):
            try:
                found.append(_Draft(EntryModel.model_validate(data), source, ("cookies", i)))
            except ValidationError:
                continue  # said already, with its place
        return found

    # Composition

    def check_twice(self, drafts: list[_Draft]) -> None:
        first: dict[object, _Draft] = {}
        for draft in drafts:
            earlier = first.setdefault(draft.identity, draft)
            if earlier is not draft:
                message = f'"{draft.model.name}" is declared already at {earlier.place()}; give one of them another scope'
                self.complain(draft.source, Code.DUPLICATE_ENTRY, draft.pos(), message)

    def overlay(self, main: list[_Draft], includes: list[_Draft]) -> list[_Draft]:
        """A main entry of the same name and scope overlays an included one key by key."""
        self.check_twice(main)
        by_identity = {draft.identity: draft for draft in includes}
        composed = []
        for draft in main:
            base = by_identity.pop(draft.identity, None)
            if base is not None:
                given = {key: getattr(draft.model, key) for key in draft.model.model_fields_set}
                draft = _Draft(base.model.model_copy(update=given), draft.source, draft.path, (draft, base))
            composed.append(draft)
        return [*composed, *(draft for draft in includes if draft.identity in by_identity)]

    def check_categories(self, main: PolicyModel | None, drafts: list[_Draft]) -> None:
        if main is None or not main.categories:
            return
        asks = any(category.consent == "required" for category in main.categories.values())
        for draft in drafts:
            category = draft.model.category
            if category is None and asks and draft.model.set_by is not SetBy.INFRASTRUCTURE:
                message = f'"{draft.model.name}" has no category: where one requires consent, each cookie has to say whether it does'
                self.complain_at(draft, Code.MISSING_CATEGORY, "name", message)
            elif category is not None and category not in main.categories:
                message = f'no category "{category}"{did_you_mean(category, list(main.categories))}'
                self.complain_at(draft, Code.UNKNOWN_CATEGORY, "category", message)

    def check_ties(self, drafts: list[_Draft]) -> None:
        """Two globs of equal rank that can match one name. Same prefix and suffix always have a name in common. And two
        entries of one name whose hosts and paths overlap."""
        first: dict[object, _Draft] = {}
        for draft in drafts:
            name = draft.model.name
            self.check_overlap(draft, first)
            if "*" not in name:
                continue
            prefix, suffix = name[: name.index("*")], name[name.rindex("*") + 1 :]
            for host in draft.identity[1] or ("",):
                for path in draft.identity[2] or ("",):
                    other = first.setdefault((prefix, suffix, host, path), draft)
                    if other is not draft and other.model.name != name:
                        message = f'"{name}" and "{other.model.name}" at {other.place()} match the same names with equal rank; make one more exact'
                        self.complain(draft.source, Code.AMBIGUOUS_GLOB, draft.pos(), message)

    def check_overlap(self, draft: _Draft, first: dict[object, _Draft]) -> None:
        name = draft.model.name
        for host in draft.identity[1] or ("",):
            for path in draft.identity[2] or ("",):
                other = first.setdefault((name, host, path), draft)
                if other is not draft and other.identity != draft.identity:
                    where = " ".join(filter(None, (host, path))) or "every host"
                    message = f'"{name}" is declared already at {other.place()} for {where}; one of them can have it'
                    self.complain(draft.source, Code.DUPLICATE_ENTRY, draft.pos(), message)

    def check_renames(self, drafts: list[_Draft], entries: list[Entry]) -> None:
        """A new name must be nobody else's: browsers send it back, and it must be clear whose it is."""
        taken: dict[str, Entry] = {}
        renaming = [
            (draft, entry) for draft, entry in zip(drafts, entries, strict=True) if entry.rename is not None
        ]
        for draft, entry in renaming:
            new = draft.model.rename_to.name if draft.model.rename_to else ""
            other = next((each for each in entries if entry_matches(each, new)), None) or taken.setdefault(
                new, entry
            )
            if other is not entry:
                message = f'"{new}" is the name of another cookie already, at {other.place}'
                self.complain_at(draft, Code.RENAME_IMPOSSIBLE, "rename_to", message)

    def check_translations(self, main: PolicyModel | None, source: Source, drafts: list[_Draft]) -> None:
        """Where a statement is published in several languages, each text is."""
        if main is None or main.statement is None or not main.statement.languages:
            return
        first, *others = main.statement.languages
        wordless = [x for x in main.statement.languages if x.partition("-")[0] not in SHIPPED_LANGUAGES]
        if wordless and main.statement.path:
            message = f"the proxy has no words in {', '.join(wordless)}, and serves the page in the others, or else in en; cookiewarden statement --template can write it"
            self.complain(source, Code.NO_EFFECT, source.key_pos(("statement", "languages")), message)
        texts: list[tuple[Source, Path, dict[str, str] | None]] = [
            (source, ("statement", key), getattr(main.statement, key)) for key in STATEMENT_TEXTS
        ]
        for name, category in main.categories.items():
            texts += [
                (source, ("categories", name, key), getattr(category, key))
                for key in ("title", "description", "basis")
            ]
        for draft in drafts:
            for key in ("purpose", "renewed"):
                at = next((o for o in draft.others if key in o.model.model_fields_set), draft)
                texts.append((at.source, (*at.path, key), getattr(draft.model, key)))
        for where, path, text in texts:
            missing = [x for x in others if text and x not in text]
            missing += [first] if text and first not in text and "" not in text else []
            if missing:
                message = f"the statement is published in {', '.join(main.statement.languages)}, and this is not written in {', '.join(missing)}"
                self.complain(where, Code.NO_TRANSLATION, where.key_pos(path), message)

    def complain_at(self, draft: _Draft, code: Code, key: str, message: str) -> None:
        place = draft.place(key)
        self.complain(self.sources[place.path], code, place.pos, message)

    def entry(self, draft: _Draft, main: PolicyModel | None, source: Source) -> Entry:
        model = draft.model
        defaults = (main.defaults if main else None) or RulesModel()
        set_by = model.set_by or SetBy.SERVER
        ceiling = main.ceiling if main else None
        entry = Entry(
            name=model.name,
            place=draft.place(),
            rules=_rules(model, defaults, set_by, ceiling),
            hosts=tuple(model.scope.hosts) if model.scope else (),
            paths=tuple(model.scope.paths) if model.scope else (),
            category=model.category or "",
            purpose=model.purpose or {},
            lifetime=model.lifetime or defaults.lifetime,
            lifetime_source=model.lifetime_source or "",
            renewed=model.renewed or {},
            set_by=set_by,
            party=model.party or "",
            owner=model.owner or "",
            reason=model.reason or "",
            forward=model.forward is not False and set_by is not SetBy.INFRASTRUCTURE,
            report_only=model.stage == "report",
            seal=_seal(model.seal),
            rename=_rename(model.rename_to),
            until=model.until if model.until is not None else math.inf,
            places=_places(draft, defaults, source),
        )
        for code, key, message in _judgements(model, entry):
            # A main file with errors may have a ceiling or a default that is not known then.
            if main is not None or code is not Code.NO_LIFETIME:
                self.complain_at(draft, code, key, message)
        return entry

    def policy(self, main: PolicyModel | None, source: Source, entries: list[Entry]) -> Policy | None:
        if main is None:
            return None
        categories = {name: self.category(name, model, source) for name, model in main.categories.items()}
        undeclared = main.undeclared or UndeclaredModel()
        for key, message in _undeclared_without_effect(undeclared):
            self.complain(source, Code.NO_EFFECT, source.key_pos(("undeclared", key)), message)
        return Policy(
            name=main.policy or posixpath.basename(self.path).removesuffix(".yaml"),
            entries=tuple(entries),
            mode=main.mode,
            on_response=undeclared.response,
            on_request=undeclared.request,
            inject_guard=main.inject_guard,
            evict=undeclared.evict,
            evict_domains=frozenset(undeclared.evict_domains or ()),
            on_error=main.on_error,
            public_hosts=tuple(main.public_hosts or ()),
            categories=categories,
            consent=self.consent(main, source, categories, entries),
            statement=_statement(main.statement),
            places={
                key: Place(source.path, source.keys[path])
                for key, path in _POLICY_PLACES.items()
                if path in source.keys
            },
            sha256=self.digest.hexdigest(),
        )

    # Consent

    def category(self, name: str, model: CategoryModel, source: Source) -> Category:
        path: Path = ("categories", name)
        required = model.consent == "required"
        if not required and model.basis is None:
            message = f'category "{name}" gives no basis: say why no consent is needed'
            self.complain(source, Code.NO_BASIS, source.key_pos(path), message)
        for key in sorted(model.model_fields_set & {"granted_by", "gpc"}):
            if not required:
                message = f"{key}: the category is exempt, and nobody is asked; with consent: required it has a meaning"
                self.complain(source, Code.NO_EFFECT, source.key_pos((*path, key)), message)
        return Category(
            name,
            model.basis or {},
            required,
            frozenset(model.granted_by or (name,)),
            model.gpc,
            model.title or {},
            model.description or {},
        )

    def consent(
        self, main: PolicyModel, source: Source, categories: Mapping[str, Category], entries: list[Entry]
    ) -> Consent | None:
        gates = tuple(category for category in categories.values() if category.required)
        model = main.consent
        if model is None:
            for gate in gates:
                message = f'"{gate.name}" requires consent, and no consent: {{cookie: …, format: …}} says where it is found'
                pos = source.value_pos(("categories", gate.name, "consent"))
                self.complain(source, Code.NO_CONSENT_COOKIE, pos, message)
            return None
        if not gates:
            message = "no category requires consent: the cookie is not looked at"
            self.complain(source, Code.NO_EFFECT, source.key_pos(("consent",)), message)
        for code, path, message in _consent_problems(model, gates, entries):
            self.complain(source, code, source.value_pos(path), message)
        return Consent(model.cookie, model.format, model.unknown == "grant", gates)


STATEMENT_TEXTS = ("title", "introduction", "role", "rights", "cookies", "refuse", "contact", "about")


def _statement(model: StatementModel | None) -> Statement:
    if model is None:
        return Statement()
    return Statement(
        model.path or "",
        model.edited or "",
        tuple(dict.fromkeys(model.languages or ("en",))),
        model.publisher or "",
        **{key: getattr(model, key) or {} for key in STATEMENT_TEXTS},
    )


_POLICY_PLACES: dict[str, Path] = {
    "response": ("undeclared", "response"),
    "request": ("undeclared", "request"),
    "ceiling": ("ceiling",),
}


def _undeclared_without_effect(undeclared: UndeclaredModel) -> Iterator[tuple[str, str]]:
    if undeclared.evict is not Evict.OFF and undeclared.request is not OnUndeclaredRequest.STRIP:
        yield (
            "evict",
            f"evict: undeclared cookies are not expired where request is {undeclared.request}; only strip says that they may not be",
        )
    if undeclared.evict_domains is not None and undeclared.evict is not Evict.DOMAIN:
        yield (
            "evict_domains",
            f"evict_domains: cookies are expired at domains with evict: domain, and this is {undeclared.evict}",
        )


_TCF_PURPOSES = frozenset(map(str, range(1, 25)))


def _consent_problems(
    model: ConsentModel, gates: tuple[Category, ...], entries: list[Entry]
) -> Iterator[tuple[Code, Path, str]]:
    """What keeps the consent cookie from being read: code, place, message."""
    at: Path = ("consent", "cookie")
    gated = {gate.name for gate in gates}
    declared = [entry for entry in entries if entry_matches(entry, model.cookie)]
    if not declared:
        yield (
            Code.CONSENT_UNDECLARED,
            at,
            f'"{model.cookie}" is in no entry: declare it, in a category that is exempt',
        )
    if declared and all(entry.hosts for entry in declared):
        yield (
            Code.CONSENT_UNDECLARED,
            at,
            f'"{model.cookie}" is declared for some hosts only, at {declared[0].place}: elsewhere the answer would count and the '
            "cookie be stripped",
        )
    for entry in declared:
        if entry.until < math.inf:
            yield (
                Code.CONSENT_UNDECLARED,
                at,
                f'"{model.cookie}" is declared at {entry.place} until a day: from then on every visitor\'s answer would be lost',
            )
        if entry.category in gated:
            yield (
                Code.CONSENT_UNDECLARED,
                at,
                f'"{model.cookie}" is declared at {entry.place} in "{entry.category}", which itself requires consent',
            )
        if entry.seal is not None or entry.rename is not None:
            yield (
                Code.CONSENT_UNDECLARED,
                at,
                f'"{model.cookie}" is declared at {entry.place} as sealed or renamed: the banner\'s script could not read it',
            )
        if not entry.forward:
            yield (
                Code.CONSENT_UNDECLARED,
                at,
                f'"{model.cookie}" is declared at {entry.place} as not forwarded: the application could not read the answer',
            )
    if model.format is ConsentFormat.TCF:
        for gate in gates:
            if not gate.granted_by <= _TCF_PURPOSES:
                yield (
                    Code.WRONG_VALUE,
                    ("categories", gate.name),
                    f'"{gate.name}" needs granted_by: [1, …], the TCF purposes (1 to 24) that all must be granted',
                )


# Includes


def _include_items(main: PolicyModel | None, source: Source) -> Iterator[tuple[int, IncludeModel]]:
    """The include list; also of a file with problems elsewhere, so that the included files are checked too."""
    if main is not None:
        yield from enumerate(main.include)
        return
    data = source.data.get("include") if isinstance(source.data, dict) else None
    for i, item in enumerate(data if isinstance(data, list) else []):
        try:
            yield i, IncludeModel.model_validate({"file": item} if isinstance(item, str) else item)
        except ValidationError:
            continue


def _bad_include(written: str, name: str, main: str) -> Unread | None:
    if name == main:
        return Unread(Code.INCLUDE_CIRCLE, f'"{written}" is this file: a policy cannot include itself')
    if name.startswith(("/", "../")) or name == ".." or "\0" in name:
        return Unread(
            Code.INCLUDE_OUTSIDE,
            f'"{written}" lies outside the folder of the policy; move it below that folder',
        )
    return None


# Validation


def _names_as_written(source: Source) -> Any:
    """Cookie names are text even where YAML reads a number or a boolean: `- name: 1`."""
    for path, text in source.texts.items():
        if len(path) == 3 and path[0] == "cookies" and path[2] == "name":
            source.data["cookies"][path[1]]["name"] = text
    return source.data


_INCLUDED_KEYS = "an included file holds version and cookies only"


def _problem(source: Source, detail: ErrorDetails, model: type[IncludedFileModel]) -> Problem:
    path: Path = tuple(detail["loc"])
    if detail["type"] != "extra_forbidden":
        return problem_of(source, detail, model)
    key, pos = str(path[-1]), source.key_pos(path)
    if model is IncludedFileModel and len(path) == 1:
        if key == "include":
            return source.problem(
                Code.INCLUDE_NESTED, pos, f"{_INCLUDED_KEYS}; include this file from the main file"
            )
        if key in PolicyModel.model_fields:
            return source.problem(Code.UNKNOWN_KEY, pos, f'"{key}" does not belong here: {_INCLUDED_KEYS}')
    return problem_of(source, detail, model)


# Entries


def _rules(model: EntryModel, defaults: RulesModel, set_by: SetBy, ceiling: Lifetime | None) -> Rules:
    http_only = model.http_only or (defaults.http_only if set_by is SetBy.SERVER else None)
    return Rules(
        secure=model.secure or defaults.secure or Flag.KEEP,
        http_only=http_only or Flag.KEEP,
        partitioned=model.partitioned or defaults.partitioned or Flag.KEEP,
        same_site=model.same_site or defaults.same_site or SameSite(),
        path=_unless_keep(model.path or defaults.path),
        domain=_unless_keep(model.domain or defaults.domain),
        priority=_unless_keep(model.priority or defaults.priority),
        supersede=model.supersede is not False
        if model.supersede is not None
        else defaults.supersede is not False,
        bound=_tighter(model.lifetime or defaults.lifetime, ceiling),
    )


def _seal(model: SealModel | None) -> Seal | None:
    if model is None:
        return None
    until = model.accept_plain_until
    return Seal(model.context or "", -math.inf if until is None else until)


def _rename(model: RenameModel | None) -> Rename | None:
    if model is None:
        return None
    until = model.accept_plain_until
    return Rename(model.name, math.inf if until is None else until)


def _unless_keep(value: str | None) -> str | None:
    return None if value == "keep" else value


def _tighter(lifetime: Lifetime | None, ceiling: Lifetime | None) -> Lifetime | None:
    if lifetime is None or ceiling is None:
        return lifetime or ceiling
    return min(lifetime, ceiling, key=lambda bound: bound.seconds)


def _places(draft: _Draft, defaults: RulesModel, source: Source) -> dict[str, Place]:
    places = {key: Place(source.path, source.key_pos(("defaults", key))) for key in defaults.model_fields_set}
    return places | {key: draft.place(key) for key in draft.model.model_fields_set}


def _judgements(model: EntryModel, entry: Entry) -> Iterator[tuple[Code, str, str]]:
    """What is wrong or doubtful about an entry that is well-formed: code, key that it stands at, message."""
    yield from _promises(model, entry)
    yield from _attributes(model, entry)
    if model.until is not None and not (entry.owner and entry.reason):
        message = f'"{entry.name}" is a dated exception: say with owner and reason who answers for it and why'
        yield Code.NO_OWNER, "until", message
    literal = len(entry.name.replace("*", ""))
    if "*" in entry.name and literal < 3:
        yield Code.GLOB_TOO_BROAD, "name", f'"{entry.name}" declares nearly everything; name more of it'


def _promises(model: EntryModel, entry: Entry) -> Iterator[tuple[Code, str, str]]:
    if entry.set_by is SetBy.INFRASTRUCTURE:
        return
    if not entry.purpose:
        yield (
            Code.NO_PURPOSE,
            "name",
            f'"{entry.name}" has no purpose: the statement will have nothing to say',
        )
    if entry.rules.bound is None:
        yield (
            Code.NO_LIFETIME,
            "name",
            f'"{entry.name}" has no lifetime: nothing bounds how long browsers keep it',
        )
    if model.lifetime and model.lifetime.seconds > BROWSER_MAX:
        yield (
            Code.LIFETIME_OVER_400D,
            "lifetime",
            f'browsers keep no cookie for longer than 400 days: "{model.lifetime.text}" will not be reached',
        )


def _attributes(model: EntryModel, entry: Entry) -> Iterator[tuple[Code, str, str]]:
    rules, scripted = entry.rules, entry.set_by in (SetBy.SCRIPT, SetBy.BOTH)
    if scripted and rules.http_only is Flag.ON:
        yield (
            Code.HTTP_ONLY_SCRIPT,
            "http_only",
            "a script cannot set or read an HttpOnly cookie: use keep, or set_by: server",
        )
    if entry.seal is not None and entry.set_by is not SetBy.SERVER:
        yield (
            Code.SEAL_SCRIPT,
            "seal",
            f"only what the server sets can be sealed, and set_by is {entry.set_by}: a script could not read it",
        )
    if entry.name in SCRIPT_READ and rules.http_only is Flag.ON:
        yield (
            Code.HTTP_ONLY_READ,
            "http_only",
            f'scripts are known to read "{entry.name}": http_only: keep leaves that possible',
        )
    weak = [key for key in ("secure", "http_only", "partitioned") if getattr(model, key) is Flag.REMOVE]
    if model.same_site == SameSite(SameSiteVerb.EXACTLY, "None"):
        weak.append("same_site")
    for key in weak:
        yield Code.WEAKENS, key, f"{key}: this takes a protection away that the application gave"
    if entry.rename is not None:
        if "*" in entry.name:
            yield (
                Code.RENAME_IMPOSSIBLE,
                "rename_to",
                "one name can be given to one cookie only, and this entry is a glob",
            )
        if entry.set_by is not SetBy.SERVER:
            yield (
                Code.RENAME_IMPOSSIBLE,
                "rename_to",
                f"only what the server sets can be renamed, and set_by is {entry.set_by}: its script would not find it",
            )
        yield from _rename_conflicts(rules, name_prefix(entry.rename.name.encode()))
    yield from _prefix_conflicts(rules, name_prefix(entry.name.encode()))


def _rename_conflicts(rules: Rules, prefix: bytes) -> Iterator[tuple[Code, str, str]]:
    yield from _prefix_conflicts(rules, prefix)
    if prefix.startswith(b"__host-") and rules.domain not in (None, HOST_ONLY):
        yield (
            Code.PREFIX_CONFLICT,
            "domain",
            "a __Host- cookie has no Domain: leave domain out, or say host-only",
        )


def _prefix_conflicts(rules: Rules, prefix: bytes) -> Iterator[tuple[Code, str, str]]:
    """Rules under which browsers refuse every cookie of such a name (RFC 6265bis 4.1.3)."""
    if not prefix:
        return
    shown = {b"__secure-": "__Secure-", b"__http-": "__Http-", b"__host-": "__Host-"}.get(
        prefix, "__Host-Http-"
    )
    if rules.secure is Flag.REMOVE:
        yield Code.PREFIX_CONFLICT, "secure", f"browsers refuse a {shown} cookie without Secure"
    if prefix.endswith(b"http-") and rules.http_only is Flag.REMOVE:
        yield Code.PREFIX_CONFLICT, "http_only", f"browsers refuse a {shown} cookie without HttpOnly"
    if prefix.startswith(b"__host-") and rules.path not in (None, "/"):
        yield Code.PREFIX_CONFLICT, "path", f"browsers refuse a {shown} cookie with another path than /"
