"""The inventory: its records of the cookies that were seen, and its bounds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.report import inventory as module
from cookiewarden.core.report.inventory import (
    MAX_NAMES,
    Inventory,
    Keeper,
    Observation,
    Record,
    Shape,
    Side,
    Times,
    lifetime_of,
    name_text,
    sample_path,
    shape_of,
    short_text,
)
from tests.support.policies import entries
from tests.support.watched import NOW, Watched

POLICY = entries("name: sid, secure: true, lifetime: 1h", "name: 'ab-*'", undeclared="{evict: host}")


def observed(name: bytes, direction: str = "response", entry: str = "", **more) -> Observation:
    shape = Shape(path="/") if direction == "response" else None
    facts = {"action": "block", "reasons": (), "enforced": True, "host": "h", "path": "/", "shape": shape}
    return Observation(name, direction, entry, **(facts | more))


def test_a_cookie_is_kept_with_sides_shapes_decisions_times_and_places() -> None:
    seen = Watched(POLICY)
    seen.sets("sid=1; Path=/; Max-Age=60", times=3, at=NOW + 5).sets("sid=1; Path=/; Max-Age=7200; HttpOnly")
    seen.sets("sid=1; Max-Age=90; Path=/").sets("sid=; Max-Age=0").sends("sid=1", "shop.example/b", 2, crossed=1)
    record = seen.inventory.records["sid"]
    assert (record.sides[Side.SERVER].count, record.sides[Side.REQUEST].count) == (6, 2)
    assert (record.first, record.last, record.count) == (NOW, NOW + 5, 8)
    assert record.places == [("shop.example", "/a"), ("shop.example", "/b")] and not record.more_places
    assert (record.deletions, record.cross_site, record.by_server, record.entry) == (1, 1, True, "sid")
    assert [(s.shape.http_only, s.count, s.shortest, s.longest) for s in record.shapes] == [
        (False, 4, 60, 90),
        (True, 1, 7200, 7200),
    ]
    assert [(r.direction, r.action, r.reasons, r.enforced, r.times.count) for r in record.rows] == [
        ("response", "rewrite", ("secure-added",), 0, 4),
        ("response", "rewrite", ("secure-added", "lifetime-capped"), 0, 1),
        ("response", "rewrite", ("secure-added", "deletion"), 0, 1),
        ("request", "pass", (), 2, 2),
    ]


@pytest.mark.parametrize("attribute", ["MAX_SHAPES", "MAX_ROWS", "MAX_PLACES"])
def test_the_record_of_one_cookie_is_bounded_and_keeps_every_count(attribute: str) -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for number in range(100):
        keeper.add(
            observed(b"a", path=f"/{number}", shape=Shape(path=f"/{number}"), reasons=(f"reason{number}",)),
            1,
            0,
            NOW,
        )
    record = inventory.records["a"]
    kept = {"MAX_SHAPES": record.shapes, "MAX_ROWS": record.rows, "MAX_PLACES": record.places}[attribute]
    assert len(kept) == getattr(module, attribute) and record.more_places
    assert sum(s.count for s in record.shapes) == sum(r.times.count for r in record.rows) == 100


def test_names_are_bounded_apart_for_servers_and_for_browsers() -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for number in range(module.MAX_NAMES + 10):
        keeper.add(observed(b"client%d" % number, "request"), 1, 0, NOW)
    for number in range(module.MAX_NAMES + 5):
        keeper.add(observed(b"server%d" % number), 2, 0, NOW)
    keeper.add(observed(b"client1", "request"), 1, 0, NOW)  # a recorded name still counts
    assert len(inventory.records) == 2 * module.MAX_NAMES and inventory.records["client1"].count == 2
    assert inventory.left_out == {Side.REQUEST: 10, Side.SERVER: 10}
    keeper.add(observed(b"sid", entry="sid"), 1, 0, NOW)
    assert "sid" in inventory.records  # declared names always have space


def test_a_name_sent_first_and_set_later_counts_towards_the_servers_limit() -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for number in range(module.MAX_NAMES):
        keeper.add(observed(b"n%d" % number, "request"), 1, 0, NOW)
        keeper.add(observed(b"n%d" % number), 1, 0, NOW)
    keeper.add(observed(b"one more", "request"), 1, 0, NOW)
    keeper.add(observed(b"one more"), 1, 0, NOW)  # the limit for servers is reached: it stays with the browsers' names
    keeper.add(observed(b"another"), 1, 0, NOW)
    assert len(inventory.records) == module.MAX_NAMES + 1 and "another" not in inventory.records


def test_names_that_came_once_long_ago_make_room() -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for number in range(module.MAX_NAMES):
        keeper.add(observed(b"old%d" % number, "request"), 1 + number % 2, 0, NOW)
    keeper.add(observed(b"sid", "request", "sid"), 1, 0, NOW)
    later = NOW + module.STALE + 1
    keeper.add(observed(b"new", "request"), 1, 0, NOW + 10)  # too soon
    assert "new" not in inventory.records
    keeper.add(observed(b"new", "request"), 1, 0, later)
    assert {"new", "sid", "old1"} <= inventory.records.keys() and "old0" not in inventory.records
    for number in range(module.MAX_NAMES):
        keeper.add(observed(b"n%d" % number, "request"), 1, 0, later)
    assert len(inventory.records) == module.MAX_NAMES + 1  # it tried to make space a moment ago, and does not try again


def test_names_of_one_family_are_kept_up_to_a_number_and_then_as_the_family() -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for number in range(100):
        keeper.add(observed(b"ab-%d" % number, entry="ab-*"), 1, 0, NOW)
    assert len(inventory.records) == module.MAX_GLOB_NAMES + 1
    assert inventory.records["ab-*"].count == 100 - module.MAX_GLOB_NAMES


def test_a_name_that_is_too_long_is_counted_and_not_kept() -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    keeper.add(observed(b"x" * 300), 4, 0, NOW)
    keeper.add(observed(b"x" * 300, entry="x*"), 4, 0, NOW)
    keeper.add(observed(b"y" * 300, "evict"), 4, 0, NOW)
    assert inventory.left_out == {Side.SERVER: 4} and list(inventory.records) == ["x*"]


def test_a_keeper_that_begins_with_an_inventory_counts_its_names() -> None:
    seen = Watched(POLICY)
    for number in range(module.MAX_GLOB_NAMES):
        seen.sets(f"ab-{number}=1")
    keeper = Keeper(seen.inventory)
    keeper.add(observed(b"ab-more", entry="ab-*"), 1, 0, NOW)
    assert "ab-more" not in seen.inventory.records and "ab-*" in seen.inventory.records


def test_a_new_policy_clears_only_the_decisions_of_the_previous_one() -> None:
    seen = Watched(POLICY).sets("sid=1; Path=/")
    seen.inventory.new_policy(NOW + 9)
    record = seen.inventory.records["sid"]
    assert (record.rows, record.entry, record.count, len(record.shapes)) == ([], "", 1, 1)
    assert seen.inventory.policy_since == NOW + 9


def test_a_loaded_inventory_is_bounded_except_for_declared_names() -> None:
    inventory = Inventory()
    for number in range(MAX_NAMES + 5):
        for side in (Side.SERVER, Side.REQUEST):
            name = f"{side}{number}"
            inventory.records[name] = Record(name, sides={side: Times(2, NOW, NOW + number)})
    inventory.bound(lambda name: name == "server0")
    left = inventory.records
    assert len([name for name in left if name.startswith("server")]) == MAX_NAMES + 1 and "server0" in left
    assert len([name for name in left if name.startswith("request")]) == MAX_NAMES and "request0" not in left
    assert inventory.left_out == {Side.SERVER: 8, Side.REQUEST: 10}


def test_an_evicted_cookie_counts_for_neither_side() -> None:
    inventory = Inventory()
    Keeper(inventory).add(observed(b"a", "evict", action="evict"), 1, 0, NOW)
    assert inventory.records["a"].sides == {} and inventory.records["a"].first == inventory.records["a"].last == 0.0


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (b"/", "/"), (b"/login?user=me", "/login"), (b"/login/?user=me", "/login/"), (b"/a/b/", "/a/b/"), (b"/a/b/c/", "/a/b/…"), (b"//", "/"), (b"/a/b/c", "/a/b/…"), (b"/users/12345/mail", "/users/*/…"),
        (b"/" + b"x" * 40, "/*"), (b"//a//b", "/a/b"), (b"/%e2%80%ae/x", "/*/x"), (b"*", "/*"), (b"/\xff", "/*"),
        (b"http://h/a", "/*/h/…"), (b"/cgi-bin/WebObjects/Carerix.woa/wa", "/cgi-bin/WebObjects/…"), (b"/nph-proxy/index.php", "/nph-proxy/index.php"),
        (b"/users/john.doe", "/users/*"), (b"/users/john", "/users/*"), (b"/User/JohnDoe/x", "/User/*/…"), (b"/~john/x", "/*/x"), (b"/@john", "/*"),
        (b"/mail/john@shop.example", "/mail/*"), (b"/login;jsessionid=abcdef", "/*"), (b"/john.doe.html", "/*"), (b"/x\nhtml", "/*"), (b"/x\n", "/*"),
    ],
)  # fmt: skip
def test_a_sample_path_has_two_segments_and_no_personal_data(target: bytes, shown: str) -> None:
    assert sample_path(target) == shown


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"a=1", 0), (b"a=1; Max-Age=60", 60), (b"a=1; max-age=60; Max-Age=x", 60), (b"a=1; Max-Age=-5", 0),
        (b"a=1; Expires=Mon, 12 Jan 1970 13:46:50 GMT", 10), (b"a=1; Expires=Mon, 12 Jan 1970 13:46:50 GMT; Max-Age=5", 5),
        (b"a=1; Expires=never", 0),
    ],
)  # fmt: skip
def test_the_lifetime_of_a_line_is_read(line: bytes, seconds: int) -> None:
    cookie = parse_set_cookie(line)
    assert cookie is not None and lifetime_of(cookie, clock_at(NOW)) == seconds


def test_a_shape_has_no_value_and_no_number() -> None:
    cookie = parse_set_cookie(
        b"a=CANARY; Path=/users/77; Domain=.Shop.example; SameSite=None; Secure; HttpOnly; Partitioned; Max-Age=5"
    )
    assert cookie is not None
    shape = Shape(True, True, True, True, "None", "/users/*", "shop.example")
    assert shape_of(cookie, clock_at(NOW)) == (shape, 5)


def test_a_line_without_attributes_has_an_empty_shape() -> None:
    cookie = parse_set_cookie(b"a=1")
    assert cookie is not None and shape_of(cookie, clock_at(NOW)) == (Shape(), 0)


def test_lines_that_browsers_ignore_are_not_recorded() -> None:
    """Drop invalid attribute values, which may be a part of the cookie's value after a semicolon."""
    cookie = parse_set_cookie(b"a=1; Path=CANARY; Domain=CANARY!; SameSite=CANARY")
    assert cookie is not None and shape_of(cookie, clock_at(NOW))[0] == Shape(same_site="?", path="?", domain="?")


def test_undecodable_octets_are_shown_escaped() -> None:
    assert name_text(b"\xffa") == "\\xffa" and short_text(b"y" * 200) == "y" * 99 + "…"


@given(
    st.lists(
        st.tuples(st.binary(max_size=4), st.sampled_from(["response", "request", "script", "evict"]), st.sampled_from(["", "a", "b*"]), st.integers(0, 9)),
        max_size=60,
    )
)  # fmt: skip
@settings(max_examples=50)
def test_every_count_is_kept_or_left_out(seen: list[tuple[bytes, str, str, int]]) -> None:
    inventory = Inventory()
    keeper = Keeper(inventory)
    for name, direction, entry, count in seen:
        keeper.add(observed(name, direction, entry), count, 0, NOW)
    kept = sum(record.count for record in inventory.records.values()) + sum(inventory.left_out.values())
    assert kept == sum(count for _, direction, _, count in seen if direction != "evict")
