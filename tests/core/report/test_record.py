"""Whole exchanges added to an inventory give the same records as a proxy."""

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.report.inventory import Inventory, Keeper, Side
from cookiewarden.core.report.record import add_exchange
from tests.support.policies import engine, entries
from tests.support.watched import NOW


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
    assert records["sid"].shapes[0].longest == 60 and records["old"].deletions == 1 and records["bad"].shapes == []
    assert records["sid"].places == [("shop.example", "/a/*")] and records["sid"].rows[0].entry == "sid"


def test_a_lifetime_is_counted_from_the_date_of_the_response() -> None:
    expires = b"sid=1; Expires=Tue, 14 Nov 2023 22:13:20 GMT"
    seen = []
    for date in (b"Tue, 14 Nov 2023 21:13:20 GMT", b"Mon, 13 Nov 2023 22:13:20 GMT", b"yesterday"):
        inventory, answered = Inventory(NOW), [(b"Date", date), (b"Set-Cookie", expires)]
        add_exchange(Keeper(inventory), engine(entries("name: sid")), Exchange(), [], answered, 1_699_999_999)
        (shape,) = inventory.records["sid"].shapes or [None]
        seen.append((shape.longest, shape.shape.lifetime_unreadable) if shape else None)
    assert seen == [(3600, ""), (86400, ""), (0, "Expires")]


def test_cookies_that_secure_would_take_away_are_counted() -> None:
    counts = []
    for host, https, line in (
        (b"intranet.example", False, b"sid=1"),
        (b"intranet.example", False, b"sid=1; Secure"),
        (b"intranet.example", False, b"sid=; Max-Age=0"),
        (b"intranet.example", True, b"sid=1"),
        (b"localhost:8080", False, b"sid=1"),
    ):
        inventory = Inventory(NOW)
        exchange = Exchange(host, b"/", https)
        add_exchange(Keeper(inventory), engine(entries("name: sid")), exchange, [], [(b"Set-Cookie", line)], NOW)
        counts.append(inventory.records["sid"].over_http)
    assert counts == [1, 0, 0, 0, 0]


def test_a_post_of_another_site_is_counted() -> None:
    inventory = Inventory(NOW)
    asked = [(b"Cookie", b"sid=1"), (b"Sec-Fetch-Site", b"cross-site"), (b"Origin", b"https://idp.example")]
    exchange = Exchange(b"shop.example", b"/callback", method=b"POST")
    add_exchange(Keeper(inventory), engine(entries("name: sid")), exchange, asked, [], NOW)
    assert (inventory.records["sid"].cross_site, inventory.records["sid"].cross_posts) == (1, 1)
