"""The inventory and other documents as JSON: they read back the same, and invalid ones are refused."""

import json

import jsonschema
import pytest

from cookiewarden.core.policy.policy import Mode
from cookiewarden.core.report import wire
from cookiewarden.core.report.drift import drift
from cookiewarden.core.report.errors import ErrorCode
from cookiewarden.core.report.forecast import forecast
from tests.support.policies import entries
from tests.support.policies import policy as policy_of
from tests.support.watched import NOW, Watched

POLICY = entries(
    "name: sid, purpose: x, lifetime: 1h, until: 2027-01-01, owner: x, reason: y", "name: b, purpose: {en: x}"
)


def watched() -> Watched:
    return Watched(POLICY).sets("sid=1").sets('t"\u202e=1; Path=/').sends("sid=1; other=2", crossed=1)


def dumped(seen: Watched) -> bytes:
    return b"".join(wire.pieces_of(seen.inventory))


def test_an_inventory_comes_back_as_it_was() -> None:
    seen = watched()
    assert wire.read_inventory(dumped(seen)) == seen.inventory
    empty = Watched(POLICY)
    assert wire.read_inventory(dumped(empty)) == empty.inventory


def test_forecasts_and_drift_come_back_as_they_were() -> None:
    seen = watched()
    one = wire.ForecastDocument("p", "s", NOW, forecast(seen.inventory, seen.judged, True))
    other = wire.DriftDocument("p", "s", NOW, drift(seen.inventory, seen.judged, seen.engine.policy, NOW))
    assert wire.read_forecast(wire.dump(one)) == one and wire.read_drift(wire.dump(other)) == other


def test_a_policy_comes_back_as_it_was() -> None:
    listed = [wire.entry_document(entry) for entry in Watched(POLICY).engine.policy.entries]
    assert [(e.name, e.lifetime, e.until is not None, e.purpose) for e in listed] == [
        ("sid", "1h", True, {"": "x"}),
        ("b", "", False, {"en": "x"}),
    ]
    names = policy_of(entries("name: a, purpose: x, lifetime: 1h, rename_to: __Host-a, seal: true")).entries
    assert [(e.rename_to, e.seal) for e in [*listed, *map(wire.entry_document, names)]] == [
        ("", False),
        ("", False),
        ("__Host-a", True),
    ]
    reloads = [wire.ReloadDocument(NOW, False, ["p.yaml:1:1: error"])]
    policy = wire.PolicyDocument(
        "p",
        "s",
        "report",
        "the policy",
        None,
        NOW,
        True,
        reloads,
        {"response": "block"},
        listed,
        None,
        wire.InstanceDocument("web-1", 7, NOW, "127.0.0.1:8080", "http://127.0.0.1:8090"),
        wire.TrafficDocument({"5xx": 1}, 0, {"connect": 1}, {}, "502: application down"),
    )
    assert wire.read_policy(wire.dump(policy)) == policy


@pytest.mark.parametrize("data", [b"", b"no", b"{}", b'{"error": "unheard-of", "message": "x"}', b"[" * 10**5])
def test_an_unknown_error_document_is_rejected(data: bytes) -> None:
    assert wire.read_error(data) is None


def test_every_document_matches_its_schema() -> None:
    seen = watched()
    documents = {
        "inventory": dumped(seen),
        "forecast": wire.dump(wire.ForecastDocument("p", "s", NOW, forecast(seen.inventory, seen.judged, True))),
        "drift": wire.dump(
            wire.DriftDocument("p", "s", NOW, drift(seen.inventory, seen.judged, seen.engine.policy, NOW))
        ),
        "mode": b'{"mode": "report"}',
        "error": wire.dump(wire.ErrorDocument(ErrorCode.NO_INVENTORY, "there is no inventory")),
    }
    for name, data in documents.items():
        jsonschema.validate(json.loads(data), wire.schema_of(name))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(documents["drift"]), wire.schema_of("inventory"))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "it is not valid JSON"), (b"[]", "it is not valid"), (b'{"inventory": {}', "it is not valid JSON"), (b"\xff", "it is not valid JSON"),
        (b'{"cookiewarden": "inventory", "format": 2, "inventory": {}}', "format is not supported by this version"),
        (b'{"cookiewarden": "something", "format": 1, "inventory": {}}', "cookiewarden is not supported"),
        (b'{"format": 1, "inventory": {"records": {"a": {"name": "b"}}}}', "differs from the record's name"),
        (b'{"format": 1, "inventory": {"records": {"a;b": {"name": "a;b"}}}}', "not a valid cookie name"),
        (b'{"format": 1, "inventory": {"records": {"a": {"name": "a", "shapes": [{"shape": {}, "count": 1, "shortest": 0, "longest": 1}]}}}}', "no server as its side"),
        (b'{"format": 1, "inventory": {"since": NaN, "records": {}}}', "NaN, Infinity and very deep nesting are not allowed"),
        (b'{"format": 1, "inventory": {"records": {"a": {"name": "a", "places": [%s]}}}}' % b",".join([b'["h", "/"]'] * 6), "larger than the limit"),
        (b'{"format": 1, "inventory": {"records": {"a": {"name": "a", "places": [["%s", "/"]]}}}}' % (b"h" * 1000), "larger than the limit"),
    ],
)  # fmt: skip
def test_an_invalid_inventory_is_refused_in_one_sentence(data: bytes, told: str) -> None:
    with pytest.raises(wire.NotThis, match=told):
        wire.read_inventory(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"since":1000000.0', b'"since":NaN'), (b'"since":1000000.0', b'"since":1e300'), (b'"since":1000000.0', b'"since":-1'),
        (b'"first":1000000.0', b'"first":Infinity'), (b'"count":1', b'"count":-1'), (b'"count":1', b'"count":99999999999999999999'),
        (b'"longest":', b'"longest":1' + b"0" * 30), (b'"deletions":', b'"deletions":-1'), (b'"cross_site":', b'"cross_site":9' + b"0" * 30),
    ],
)  # fmt: skip
def test_moments_and_counts_that_cannot_be_are_refused(old: bytes, new: bytes) -> None:
    whole = dumped(watched())
    assert old in whole
    with pytest.raises(wire.NotThis):
        wire.read_inventory(whole.replace(old, new, 1))


def test_an_incomplete_snapshot_is_refused() -> None:
    whole = dumped(watched())
    for cut in range(0, len(whole), 37):
        with pytest.raises(wire.NotThis):
            wire.read_inventory(whole[:cut])


@pytest.mark.parametrize(
    ("data", "mode", "seconds"),
    [
        (b'{"mode": "report"}', Mode.REPORT, 3600.0),
        (b'{"mode": "enforce", "seconds": 60}', Mode.ENFORCE, 60.0),
        (b'{"mode": "policy"}', None, 3600.0),
    ],
)
def test_a_mode_is_read(data: bytes, mode: Mode | None, seconds: float) -> None:
    assert wire.read_mode(data) == (mode, seconds)


@pytest.mark.parametrize(
    "data",
    [b'{"mode": "off"}', b'{"mode": "report", "seconds": 0}', b'{"mode": "report", "seconds": 1e9}', b'{"mode": "report", "for": 1}', b"report"],
)  # fmt: skip
def test_an_invalid_mode_is_refused(data: bytes) -> None:
    with pytest.raises(wire.NotThis):
        wire.read_mode(data)
