"""Evidence that scripts use a cookie, from names, attributes and the values of a recording."""

import pytest

from cookiewarden.core.engine.decision import Exchange, Header
from cookiewarden.core.policy.policy import is_script_read
from cookiewarden.core.report import evidence, wire
from cookiewarden.core.report.evidence import Values, against_http_only, for_http_only, is_carried
from cookiewarden.core.report.inventory import Inventory, Keeper, Record
from cookiewarden.core.report.record import add_exchange
from tests.support.policies import engine, entries
from tests.support.watched import NOW, Watched

SET = b"Set-Cookie"
Step = tuple[str, str]
"""The value in the request and the value in the response; empty for none."""


def recorded(steps: list[Step], headers: list[Header] = [], one_browser: bool = True) -> Record:  # noqa: B006
    inventory, values = Inventory(NOW), Values(one_browser)
    keeper, policy = Keeper(inventory), engine(entries("name: t"))
    for sent, given in steps:
        asked = [(b"Cookie", b"t=" + sent.encode()), *headers] if sent else []
        answered = [(SET, b"t=" + given.encode() + b"; Path=/")] if given else []
        add_exchange(keeper, policy, Exchange(b"shop.example"), asked, answered, NOW, values)
    assert b"CANARY" not in b"".join(wire.pieces_of(inventory))
    return inventory.records["t"]


@pytest.mark.parametrize(
    ("steps", "changed"),
    [
        ([("", "CANARY1"), ("CANARY1", "")], 0),
        ([("", "CANARY1"), ("CANARY2", "")], 1),
        ([("CANARY0", "CANARY1"), ("CANARY0", ""), ("CANARY1", "")], 0),  # a request that was on its way
        ([("CANARY0", ""), ("CANARY2", "")], 0),  # no response of the recording set it
    ],
)
def test_a_value_that_no_response_had_set_is_evidence(steps: list[Step], changed: int) -> None:
    record = recorded(steps)
    assert (record.changed, record.compared) == (changed, sum(bool(sent) for sent, _ in steps))
    other = recorded(steps, one_browser=False)
    assert (other.changed, other.compared) == (0, 0)


def test_the_values_compared_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_VALUES", 1)
    assert recorded([("", "CANARY1"), ("CANARY2", "")]).changed == 0


@pytest.mark.parametrize(
    ("value", "header", "is_found"),
    [
        ("CANARY-token", (b"X-CSRFToken", b"CANARY-token"), True),
        ("CANARY%3D%3Dx", (b"X-XSRF-TOKEN", b"CANARY==x"), True),
        ('"CANARY-token"', (b"X-Xsrftoken", b"CANARY-token"), True),
        ("CANARY-token", (b"Authorization", b"Bearer CANARY-token"), True),
        ("CANARY-token", (b"Referer", b"CANARY-token"), False),
        ("CANARY-token", (b"X-Other", b"CANARY-token2"), False),
        ("CAN", (b"DNT", b"CAN"), False),
    ],
)
def test_a_header_that_has_the_value_is_evidence(value: str, header: Header, is_found: bool) -> None:
    assert is_carried(value.encode(), [header]) is is_found
    assert recorded([(value, "")], [header]).in_headers == is_found


@pytest.mark.parametrize(
    ("name", "is_read"),
    [
        ("csrf_token_P23104", True), ("__Host-XSRF", True), ("wp-settings-1", True), ("wp-settings-time-1", True),
        ("_ga", True), ("_ga_AB12", True), ("_gat_UA-1", True), ("_gallery", False), ("sid", False), ("wordpress_sec_1", False),
    ],
)  # fmt: skip
def test_names_that_scripts_read(name: str, is_read: bool) -> None:
    assert is_script_read(name) is is_read


def test_all_evidence_is_listed() -> None:
    record = recorded([("", "CANARY-1"), ("CANARY-2", "")], [(b"X-Token", b"CANARY-2")])
    assert against_http_only(record, 2) == (
        "a request header had its value 1 time",
        "browsers sent a value that no response had set 1 time",
        "the application sets HttpOnly on 2 other cookies, but not on this one",
    )
    assert for_http_only(record) == ()
    assert against_http_only(Watched(entries("name: x")).scripts("_ga").inventory.records["_ga"], 0) == (
        "scripts set it 1 time",
        "scripts commonly read this name",
    )
    assert for_http_only(recorded([("CANARY-1", "")])) == ("no script was seen to read or change it in 1 request",)
    assert for_http_only(Record("PHPSESSID")) == ("the name is of a session, which scripts rarely read",)
