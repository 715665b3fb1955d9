"""The inventory and what follows from it as JSON: for the admin listener, the snapshot file and the commands that
read them."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from cookiewarden.core.policy.policy import Entry, Mode
from cookiewarden.core.report.drift import Finding
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.core.report.forecast import Forecast
from cookiewarden.core.report.inventory import Inventory


@dataclass(frozen=True, slots=True)
class InventoryDocument:
    """`/inventory`, and the snapshot file."""

    inventory: Inventory
    cookiewarden: Literal["inventory"] = "inventory"
    format: Literal[1] = 1
    """Another number is another version's."""


@dataclass(frozen=True, slots=True)
class ForecastDocument:
    """`/forecast`."""

    policy: str
    sha256: str
    since: float
    """Since when cookies were looked at, in seconds since the epoch."""
    cookies: list[Forecast] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DriftDocument:
    """`/drift`."""

    policy: str
    sha256: str
    since: float
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EntryDocument:
    """A declared cookie."""

    name: str
    declared_at: str
    """File, line and column."""
    category: str
    purpose: dict[str, str]
    lifetime: str
    set_by: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    forward: bool
    only_reported: bool
    until: float | None
    """When it ends, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class ReloadDocument:
    """A reload that was tried."""

    at: float
    successful: bool
    problems: list[str]


@dataclass(frozen=True, slots=True)
class ShadowDocument:
    """The policy that is tried beside the one in force."""

    policy: str
    sha256: str
    reload_successful: bool
    problems: list[str]
    """Of the last reload."""


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """`/policy`, and the answer to `/reload` and `/mode`."""

    policy: str
    sha256: str
    mode: str
    mode_by: str
    """Who says so: the policy, the setting, or an operator."""
    mode_until: float | None
    """When the mode that an operator switched to ends, in seconds since the epoch."""
    loaded: float
    """When the policy was last loaded."""
    reload_successful: bool
    reloads: list[ReloadDocument]
    """The last ones, the latest last."""
    undeclared: dict[str, str]
    """What is done with cookies that are in no entry, by direction."""
    entries: list[EntryDocument] = field(default_factory=list)
    shadow: ShadowDocument | None = None


def entry_document(entry: Entry) -> EntryDocument:
    return EntryDocument(
        entry.name, str(entry.place), entry.category, dict(entry.purpose),
        entry.rules.bound.text if entry.rules.bound else "", entry.set_by.value, entry.hosts, entry.paths,
        entry.forward, entry.report_only, entry.until if entry.until < math.inf else None,
    )  # fmt: skip


DEFAULT_SWITCH, MAX_SWITCH = 3600.0, 7 * 86400.0
"""Seconds for which the mode is switched."""


@dataclass(frozen=True, slots=True)
class ModeDocument:
    """What is told to `/mode`."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    mode: Literal["report", "enforce", "policy"]
    """`policy`: back to what the setting or the policy says."""
    seconds: Annotated[float, Field(gt=0, le=MAX_SWITCH, strict=True)] = DEFAULT_SWITCH
    """After which it goes back by itself."""


@dataclass(frozen=True, slots=True)
class ErrorDocument:
    """What the admin listener answers instead of anything else, where it does not do what it is asked for."""

    error: ErrorCode
    """For programs."""
    message: str
    """For people: it may change."""


READY = "ok\n"
"""What `/readyz` answers with status 200."""

DOCUMENTS: dict[str, type] = {
    "inventory": InventoryDocument,
    "forecast": ForecastDocument,
    "drift": DriftDocument,
    "policy": PolicyDocument,
    "mode": ModeDocument,
    "error": ErrorDocument,
}
"""By the path on the admin listener, but for `error`."""

T = TypeVar("T")


@cache
def _adapter(of: Any) -> TypeAdapter[Any]:
    """Made when it is first needed: all of them take 20 ms, which a start would pay."""
    return TypeAdapter(of)


def dump(document: object) -> bytes:
    """One of the documents, or a part of one, as JSON."""
    of: Any = type(document)
    data: bytes = _adapter(of).dump_json(document)
    return data


def schema_of(document: str) -> dict[str, Any]:
    """The JSON Schema of one of `DOCUMENTS`."""
    return _adapter(DOCUMENTS[document]).json_schema()


def pieces_of(inventory: Inventory) -> Iterator[bytes]:
    """An inventory's JSON, a record at a time, so that whoever writes it can do something else between."""
    empty = dump(InventoryDocument(replace(inventory, records={})))
    before, mark, after = empty.partition(b'"records":{')
    yield before + mark
    for number, (name, record) in enumerate(list(inventory.records.items())):
        yield (b"," if number else b"") + dump(name) + b":" + dump(record)
    yield after


LAST_MOMENT = 253402300800.0
"""The end of the year 9999, in seconds since the epoch."""
MOST = 1 << 62


class NotThis(Exception):
    """JSON that is not what was expected: cut, of another version, or of something else."""


_NAME = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f;=]*")
"""Of a cookie that came: browsers and the data plane let a tab stand in it (RFC 6265bis 5.6)."""


def read_inventory(data: bytes) -> Inventory:
    """Raises NotThis."""
    inventory = _read(InventoryDocument, data).inventory
    times = [
        t for record in inventory.records.values() for t in (*record.sides.values(), *(r.times for r in record.rows))
    ]
    moments = [inventory.since, inventory.policy_since, *(at for t in times for at in (t.first, t.last))]
    counts = [
        *inventory.left_out.values(),
        *(t.count for t in times),
        *(n for r in inventory.records.values() for s in r.shapes for n in (s.count, s.shortest, s.longest)),
        *(
            n
            for r in inventory.records.values()
            for n in (r.deletions, r.cross_site, *(row.enforced for row in r.rows))
        ),
    ]
    if not all(0 <= at < LAST_MOMENT for at in moments) or not all(0 <= count < MOST for count in counts):
        raise NotThis("it has moments or counts that cannot be")
    for name, record in inventory.records.items():
        if record.name != name or not _NAME.fullmatch(name):
            raise NotThis("a record is under another name than its own, or under one that no cookie has")
        if not record.is_bounded:
            raise NotThis("a record is larger than any that is kept")
        if record.shapes and not record.by_server:
            raise NotThis("a record has lines of a server that never set it")
    return inventory


def read_forecast(data: bytes) -> ForecastDocument:
    """Raises NotThis."""
    return _read(ForecastDocument, data)


def read_drift(data: bytes) -> DriftDocument:
    """Raises NotThis."""
    return _read(DriftDocument, data)


def read_policy(data: bytes) -> PolicyDocument:
    """Raises NotThis."""
    return _read(PolicyDocument, data)


def read_error(data: bytes) -> ErrorDocument | None:
    """None for what is something else, or of another version."""
    try:
        return _read(ErrorDocument, data)
    except NotThis:
        return None


def read_mode(data: bytes) -> tuple[Mode | None, float]:
    """The mode, None for what the setting or the policy says, and for how many seconds. Raises NotThis."""
    told = _read(ModeDocument, data)
    return None if told.mode == "policy" else Mode(told.mode), told.seconds


_WRONG = {
    "json_invalid": "is no JSON, or only a part of some",
    "missing": "is missing",
    "literal_error": "is another than this version knows",
    "extra_forbidden": "is not known",
}
"""By pydantic's type of error."""


def _no_number(word: str) -> None:
    raise ValueError(word)


def _read(of: type[T], data: bytes) -> T:
    wanted: Any = of
    try:
        if b"NaN" in data or b"Infinity" in data:  # maybe in a name
            json.loads(data, parse_constant=_no_number)
        found: T = _adapter(wanted).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        told = _WRONG.get(first["type"], "is not as it should be")
        raise NotThis(f"{place} {told}" if place else f"it {told}") from None
    except (ValueError, RecursionError):
        raise NotThis("it is no JSON: NaN and Infinity are no numbers") from None
    return found
