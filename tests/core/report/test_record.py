"""Whole exchanges, added to an inventory: the same as what a proxy sees of them."""

from cookiewarden.core.decision import Exchange
from cookiewarden.core.report.inventory import Inventory, Keeper, Side
from cookiewarden.core.report.record import add_exchange
from tests.core.report.seen import NOW
from tests.policies_for_tests import engine, entries


def test_an_exchange_is_seen_from_both_sides() -> None:
    inventory = Inventory(NOW)
    asked = [(b"Cookie", b"sid=1; t=2"), (b"Sec-Fetch-Dest", b"document")]
    answered = [(b"Content-Type", b"text/html"), (b"Set-Cookie", b"sid=1; Path=/; Max-Age=60"), (b"Set-Cookie", b"old=; Max-Age=0"), (b"Set-Cookie", b"bad=\x01")]  # fmt: skip
    policy = engine(entries("name: sid", undeclared="{evict: host}"))
    add_exchange(
        Keeper(inventory),
        policy,
        Exchange(b"Shop.example:8080", b"/a/77?x", True, asked),
        asked,
        answered,
        NOW,
    )
    records = inventory.records
    assert {name: set(record.sides) for name, record in records.items()} == {
        "sid": {Side.REQUEST, Side.SERVER}, "t": {Side.REQUEST}, "old": {Side.SERVER}, "bad": {Side.SERVER},
    }  # fmt: skip
    assert (
        records["sid"].shapes[0].longest == 60
        and records["old"].deletions == 1
        and records["bad"].shapes == []
    )
    assert records["sid"].places == [("shop.example", "/a/*")] and records["sid"].rows[0].entry == "sid"
