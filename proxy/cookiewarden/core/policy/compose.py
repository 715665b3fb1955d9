"""Composition of a Policy from a main file, its includes and its defaults.

`load` does not raise for bad input and does not stop at the first problem. It reads files through a function
argument, so that the proxy, `check`, tests and an editor use the same code.
"""

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cookiewarden.core.policy.checks import (
    attributes,
    categories,
    consent,
    device_bound,
    names,
    prefixes,
    promises,
    translations,
    transport,
    undeclared,
)
from cookiewarden.core.policy.draft import EntryDraft, overlay
from cookiewarden.core.policy.entry import Declared, declare, places_of
from cookiewarden.core.policy.includes import read_policy_files
from cookiewarden.core.policy.loaded import Loaded, Reader
from cookiewarden.core.policy.models.document import (
    CategoryModel,
    ConsentModel,
    PolicyModel,
    StatementModel,
    UndeclaredModel,
)
from cookiewarden.core.policy.models.entry import RulesModel
from cookiewarden.core.policy.policy import (
    STATEMENT_TEXTS,
    Category,
    Consent,
    ConsentFormat,
    Entry,
    Policy,
    Statement,
)
from cookiewarden.core.policy.policy_file import PolicyFile
from cookiewarden.core.policy.problem import Place, Problem, has_errors, in_order
from cookiewarden.core.policy.source import Path, Source


def load(path: str, read: Reader) -> Loaded:
    """Load the policy whose main file is `path`. `read` returns the content of each file."""
    files = read_policy_files(path, read)
    problems, policy = files.problems, None
    if files.main is not None:
        composed = _compose(files.main, files.included)
        problems = [*problems, *_register_problems(composed)]
        if composed.model is not None:
            name = posixpath.basename(path).removesuffix(".yaml")
            policy = _policy(composed, composed.model, name, files.sha256)
            problems += _policy_problems(composed, composed.model, policy)
    problems = in_order(problems)
    return Loaded(None if has_errors(problems) else policy, problems, files.sources)


@dataclass(frozen=True, slots=True)
class _Composed:
    """A main file and all entries, including entries from included files."""

    main: PolicyFile[PolicyModel]
    drafts: list[EntryDraft]
    declared: list[Declared]

    @property
    def model(self) -> PolicyModel | None:
        return self.main.model

    @property
    def source(self) -> Source:
        return self.main.source

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(declared.entry for declared in self.declared)


def _compose(main: PolicyFile[PolicyModel], included: list[EntryDraft]) -> _Composed:
    drafts = overlay(main.drafts, included)
    # model_construct avoids building a validator for this call only.
    defaults = (main.model and main.model.defaults) or RulesModel.model_construct()
    ceiling = main.model.ceiling if main.model else None
    places = places_of(defaults, main.source)
    return _Composed(main, drafts, [declare(draft, defaults, ceiling, places) for draft in drafts])


# Problems


def _register_problems(composed: _Composed) -> Iterator[Problem]:
    """Yield problems of the entries. This works even if other parts of the main file are invalid."""
    yield from names.repeated(composed.main.drafts)
    yield from names.overlapping(composed.drafts)
    yield from names.ambiguous(composed.drafts)
    yield from transport.names_taken(composed.declared)
    for declared in composed.declared:
        for check in _ENTRY_CHECKS:
            yield from check(declared)


_ENTRY_CHECKS: Sequence[Callable[[Declared], Iterator[Problem]]] = (
    names.too_broad,
    promises.no_purpose,
    promises.too_long,
    promises.no_owner,
    promises.renewed_and_not,
    attributes.hidden_from_scripts,
    attributes.weakened,
    transport.sealed_from_scripts,
    transport.not_renamable,
    prefixes.prefix_conflicts,
    device_bound.changed_when_bound,
)


def _policy_problems(composed: _Composed, model: PolicyModel, policy: Policy) -> Iterator[Problem]:
    """Yield problems that can be found only in a well-formed main file."""
    source, drafts = composed.source, composed.drafts
    for declared in composed.declared:
        # In a malformed file, an unreadable default or ceiling could limit the lifetime.
        yield from promises.no_lifetime(declared)
        yield from promises.not_watched(declared, policy.inject_guard)
    yield from attributes.weakened_by_defaults(model.defaults, source)
    yield from undeclared.no_cookies(drafts, source)
    yield from undeclared.nothing_expired(_undeclared(model), source)
    yield from categories.misplaced(model.categories, drafts)
    yield from categories.no_basis(model.categories, source)
    yield from categories.nobody_asked(model.categories, source)
    yield from consent.no_signal(model, policy, source)
    yield from _consent_problems(model.consent, policy, source)
    if model.statement is not None:
        yield from translations.no_words(model.statement, source)
        yield from translations.not_translated(model.statement, model.categories, drafts, source)


def _consent_problems(model: ConsentModel | None, policy: Policy, source: Source) -> Iterator[Problem]:
    gates = _gates(policy.categories)
    if model is None:
        yield from consent.no_consent_cookie(gates, source)
        return
    yield from consent.nothing_gated(gates, source)
    yield from consent.unreadable_answer(model, gates, policy.entries, source)
    yield from consent.not_of_the_format(model, gates, source)


# The policy

_PLACES: Mapping[str, Path] = {
    "response": ("undeclared", "response"),
    "request": ("undeclared", "request"),
    "ceiling": ("ceiling",),
    "inject_guard": ("inject_guard",),
}


def _policy(composed: _Composed, model: PolicyModel, name: str, sha256: str) -> Policy:
    rules, source = _undeclared(model), composed.source
    by_name = {name: _category(name, category) for name, category in model.categories.items()}
    return Policy(
        name=model.policy or name,
        entries=composed.entries,
        mode=model.mode,
        on_response=rules.response,
        on_request=rules.request,
        inject_guard=model.inject_guard,
        evict=rules.evict,
        evict_domains=frozenset(rules.evict_domains or ()),
        on_error=model.on_error,
        public_hosts=tuple(model.public_hosts or ()),
        categories=by_name,
        consent=_consent(model.consent, by_name),
        gpc_json=model.gpc_json or "",
        statement=_statement(model.statement),
        places={key: Place(source.path, source.key_pos(path)) for key, path in _PLACES.items() if source.has(path)},
        sha256=sha256,
    )


def _undeclared(model: PolicyModel) -> UndeclaredModel:
    return model.undeclared or UndeclaredModel.model_construct()


def _category(name: str, model: CategoryModel) -> Category:
    return Category(
        name,
        model.basis or {},
        model.consent,
        frozenset(model.granted_by or (name,)),
        model.gpc,
        None if model.unknown is None else model.unknown == "grant",
        model.title or {},
        model.description or {},
    )


def _gates(categories: Mapping[str, Category]) -> tuple[Category, ...]:
    return tuple(category for category in categories.values() if category.is_gated)


def _consent(model: ConsentModel | None, categories: Mapping[str, Category]) -> Consent | None:
    gates = _gates(categories)
    if model is not None:
        return Consent(model.cookie, model.format, model.unknown == "grant", gates)
    return Consent("", ConsentFormat.LIST, gates=gates) if gates else None


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
