"""JSON form of the inventory and its reports, for the admin listener, the snapshot file and the commands that read
them."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, TypeVar

from annotated_types import Gt, Le

from cookiewarden.core.policy.policy import Entry, Mode
from cookiewarden.core.report.drift import Finding
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.core.report.forecast import Forecast
from cookiewarden.core.report.inventory import Inventory

if TYPE_CHECKING:
    from pydantic import TypeAdapter


@dataclass(frozen=True, slots=True)
class InventoryDocument:
    """The answer to `/inventory`, and the content of the snapshot file."""

    inventory: Inventory
    cookiewarden: Literal["inventory"] = "inventory"
    format: Literal[1] = 1
    """Version of the format."""


@dataclass(frozen=True, slots=True)
class ForecastDocument:
    """The answer to `/forecast`."""

    policy: str
    sha256: str
    since: float
    """Start of the inventory, in seconds since the epoch."""
    cookies: list[Forecast] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DriftDocument:
    """The answer to `/drift`."""

    policy: str
    sha256: str
    since: float
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class EntryDocument:
    """A declared cookie."""

    name: str
    declared_at: str
    """File, line and column of the entry."""
    category: str
    purpose: dict[str, str]
    lifetime: str
    set_by: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    forward: bool
    only_reported: bool
    until: float | None
    """End of the entry, in seconds since the epoch."""
    rename_to: str = ""
    """Name under which browsers keep the cookie; empty if its name is not changed."""
    seal: bool = False
    """True if the value is encrypted for the browser."""


@dataclass(frozen=True, slots=True)
class ReloadDocument:
    """An attempt to reload the policy."""

    at: float
    successful: bool
    problems: list[str]


@dataclass(frozen=True, slots=True)
class ShadowDocument:
    """The shadow policy, which is tried in parallel with the policy in force."""

    policy: str
    sha256: str
    reload_successful: bool
    problems: list[str]
    """Problems found by the last reload."""


@dataclass(frozen=True, slots=True)
class InstanceDocument:
    """A running proxy."""

    host: str
    """Name of its machine or container."""
    pid: int
    started: float
    """Time of the start, in seconds since the epoch."""
    listen: str
    """Address on which it accepts browsers."""
    upstream: str
    """URL of the application, without credentials."""


@dataclass(frozen=True, slots=True)
class TrafficDocument:
    """Counts since the start, as in the metrics. Keys without a count are left out."""

    requests: dict[str, int]
    """Requests by class of the status code, such as `5xx`."""
    in_flight: int
    """Requests without a complete response."""
    upstream_errors: dict[str, int]
    """Failed exchanges with the application, by reason."""
    client_errors: dict[str, int]
    """Failed or refused connections of clients, by reason."""
    state: str = ""
    """The trouble in the last minute with requests, such as `502: application down`; empty without one."""


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """The answer to `/policy`, `/reload` and `/mode`."""

    policy: str
    sha256: str
    mode: str
    mode_by: str
    """Source of the mode: the policy, the setting or an operator."""
    mode_until: float | None
    """End of a mode set by an operator, in seconds since the epoch."""
    loaded: float
    """Time when the policy was last loaded, in seconds since the epoch."""
    reload_successful: bool
    reloads: list[ReloadDocument]
    """Recent reloads, the latest last."""
    undeclared: dict[str, str]
    """Decisions for undeclared cookies, by direction."""
    entries: list[EntryDocument] = field(default_factory=list)
    shadow: ShadowDocument | None = None
    instance: InstanceDocument | None = None
    traffic: TrafficDocument | None = None


def entry_document(entry: Entry) -> EntryDocument:
    return EntryDocument(
        entry.name, str(entry.place), entry.category, dict(entry.purpose),
        entry.rules.bound.text if entry.rules.bound else "", entry.set_by.value, entry.hosts, entry.paths,
        entry.forward, entry.report_only, entry.until if entry.until < math.inf else None,
        entry.rename.name if entry.rename else "", entry.seal is not None,
    )  # fmt: skip


DEFAULT_SWITCH, MAX_SWITCH = 3600.0, 7 * 86400.0
"""Default and maximum duration of a mode set by an operator, in seconds."""


@dataclass(frozen=True, slots=True)
class ModeDocument:
    """The body of a request to `/mode`."""

    __pydantic_config__: ClassVar[dict[str, object]] = {"extra": "forbid", "strict": True}

    mode: Literal["report", "enforce", "policy"]
    """The new mode; `policy` restores the mode of the setting or the policy."""
    seconds: Annotated[float, Gt(0), Le(MAX_SWITCH)] = DEFAULT_SWITCH
    """Seconds after which the mode reverts automatically."""


@dataclass(frozen=True, slots=True)
class ErrorDocument:
    """The answer of the admin listener if it cannot fulfil a request."""

    error: ErrorCode
    """Stable code for programs."""
    message: str
    """Message for people; it may change."""


READY = "ok\n"
"""The body of `/readyz` with status 200."""

DOCUMENTS: dict[str, type] = {
    "inventory": InventoryDocument,
    "forecast": ForecastDocument,
    "drift": DriftDocument,
    "policy": PolicyDocument,
    "mode": ModeDocument,
    "error": ErrorDocument,
}
"""Documents by path on the admin listener; `error` has no path."""

T = TypeVar("T")


@cache
def _adapter(of: Any) -> "TypeAdapter[Any]":
    """Return the adapter of a type. Adapters are built at first use: most proxies never need them, and pydantic takes
    10 MB."""
    from pydantic import TypeAdapter

    return TypeAdapter(of)


def dump(document: object) -> bytes:
    """Return a document, or a part of one, as JSON."""
    of: Any = type(document)
    data: bytes = _adapter(of).dump_json(document)
    return data


def schema_of(document: str) -> dict[str, Any]:
    """Return the JSON Schema of one of `DOCUMENTS`."""
    return _adapter(DOCUMENTS[document]).json_schema()


def pieces_of(inventory: Inventory) -> Iterator[bytes]:
    """Yield the JSON of an inventory one record at a time, so that a writer can do other work in between."""
    empty = dump(InventoryDocument(replace(inventory, records={})))
    before, mark, after = empty.partition(b'"records":{')
    yield before + mark
    for number, (name, record) in enumerate(list(inventory.records.items())):
        yield (b"," if number else b"") + dump(name) + b":" + dump(record)
    yield after


LAST_MOMENT = 253402300800.0
"""End of the year 9999, in seconds since the epoch."""
MOST = 1 << 62


class NotThis(Exception):
    """Error for JSON that is incomplete, of another version, or not the expected document."""


_NAME = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f;=]*")
"""A cookie name from the wire. Browsers and the data plane allow a tab in it (RFC 6265bis 5.6)."""


def read_inventory(data: bytes) -> Inventory:
    """Parse and validate an inventory. Raises NotThis."""
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
            for n in (
                r.deletions,
                r.cross_site,
                r.cross_posts,
                r.compared,
                r.largest,
                r.in_headers,
                r.changed,
                r.visits,
                r.renewals,
                r.over_http,
                *(row.enforced for row in r.rows),
            )
        ),
    ]
    if not all(0 <= at < LAST_MOMENT for at in moments) or not all(0 <= count < MOST for count in counts):
        raise NotThis("it has times or counts that are out of range")
    for name, record in inventory.records.items():
        if record.name != name or not _NAME.fullmatch(name):
            raise NotThis("the key of a record is not a valid cookie name, or differs from the record's name")
        if not record.is_bounded:
            raise NotThis("a record is larger than the limit")
        if record.shapes and not record.by_server:
            raise NotThis("a record has shapes of Set-Cookie lines but no server as its side")
    return inventory


def read_forecast(data: bytes) -> ForecastDocument:
    """Parse a forecast. Raises NotThis."""
    return _read(ForecastDocument, data)


def read_drift(data: bytes) -> DriftDocument:
    """Parse a drift document. Raises NotThis."""
    return _read(DriftDocument, data)


def read_policy(data: bytes) -> PolicyDocument:
    """Parse a policy document. Raises NotThis."""
    return _read(PolicyDocument, data)


def read_error(data: bytes) -> ErrorDocument | None:
    """Parse an error document. Return None if it is another document or of another version."""
    try:
        return _read(ErrorDocument, data)
    except NotThis:
        return None


def read_mode(data: bytes) -> tuple[Mode | None, float]:
    """Parse a request to `/mode`. Return the mode (None for the setting's or policy's own) and its seconds.

    Raises NotThis."""
    told = _read(ModeDocument, data)
    return None if told.mode == "policy" else Mode(told.mode), told.seconds


_WRONG = {
    "json_invalid": "is not valid JSON, or is incomplete",
    "missing": "is missing",
    "literal_error": "is not supported by this version",
    "extra_forbidden": "is an unknown key",
}
"""Messages by pydantic's type of error."""


def _no_number(word: str) -> None:
    raise ValueError(word)


def _read(of: type[T], data: bytes) -> T:
    from pydantic import ValidationError

    wanted: Any = of
    try:
        if b"NaN" in data or b"Infinity" in data:  # maybe in a name
            json.loads(data, parse_constant=_no_number)
        found: T = _adapter(wanted).validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        told = _WRONG.get(first["type"], "is not valid")
        raise NotThis(f"{place} {told}" if place else f"it {told}") from None
    except (ValueError, RecursionError):
        raise NotThis("it is not valid JSON (NaN, Infinity and very deep nesting are not allowed)") from None
    return found
