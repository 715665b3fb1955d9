"""The entry that applies: rank, scopes, and a literal version as the oracle."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.cookies.scope import host_matches, path_match
from cookiewarden.core.engine.globs import MAX_FEW_TEXTS
from cookiewarden.core.engine.locations import MAX_LOCATIONS, MAX_PATTERNS, Locations
from cookiewarden.core.engine.matcher import MANY, MAX_HERE, Matcher, rules_of_requests
from cookiewarden.core.policy.policy import Entry, Rules
from cookiewarden.core.policy.problem import Place, Pos


@dataclass(frozen=True)
class Rule:
    """The oracle: an entry with one of its hosts and one of its paths."""

    entry: Entry
    host: str
    path: str

    def applies(self, host: bytes, path: bytes | None) -> bool:
        return (not self.host or host_matches(self.host, host)) and (
            path is None or not self.path or path_match(path, self.path.encode())
        )

    @property
    def rank(self) -> tuple[bool, int, int, int, int]:
        name = self.entry.name
        host = 0 if not self.host else len(self.host) if self.host.startswith("*.") else 1 << 16
        return ("*" not in name, len(name.split("*")[0]), len(name.split("*")[-1]), host, len(self.path))


def rules(entry: Entry) -> Iterator[Rule]:
    for host in entry.hosts or ("",):
        for path in entry.paths or ("",):
            yield Rule(entry, host, path)


def entry(name: str, hosts: tuple[str, ...] = (), paths: tuple[str, ...] = ()) -> Entry:
    return Entry(name, Place("p.yaml", Pos()), Rules(), hosts, paths)


@pytest.mark.parametrize(
    ("name", "winner"),
    [
        ("intercom-id-1", "intercom-id-1"),  # exact
        ("intercom-id-2", "intercom-id-*"),  # longest prefix
        ("intercom-x", "intercom-*"),
        ("other", "*"),
        ("intercom-9-end", "intercom-*-end"),  # longest suffix of one prefix
        ("Intercom-id-1", "*"),  # case-sensitive
    ],
)
def test_the_most_exact_entry_applies(name: str, winner: str) -> None:
    names = ["*", "intercom-*", "intercom-*-end", "intercom-id-*", "intercom-id-1"]
    found = Matcher(map(entry, names)).match(name.encode(), b"h", b"/")
    assert found.entry is not None and found.entry.name == winner


def test_then_the_most_exact_host_then_the_longest_path() -> None:
    candidates = [
        entry("a"), entry("a", ("*.example",)), entry("a", ("*.shop.example",)), entry("a", ("www.shop.example",)),
        entry("a", ("www.shop.example",), ("/app",)),
    ]  # fmt: skip
    matcher = Matcher(candidates)

    def winner(host: bytes, path: bytes | None) -> int:
        found = matcher.match(b"a", host, path).entry
        return next(i for i, candidate in enumerate(candidates) if candidate is found)

    assert winner(b"other", b"/") == 0
    assert winner(b"x.example", b"/") == 1
    assert winner(b"example", b"/") == 0
    assert winner(b"deep.a.shop.example", b"/") == 2
    assert winner(b"www.shop.example", b"/") == 3
    assert winner(b"www.shop.example", b"/app/x") == 4
    assert winner(b"www.shop.example", None) == 4


def test_a_name_declared_elsewhere_is_out_of_scope_and_an_empty_name_is_undeclared() -> None:
    matcher = Matcher([entry("a", ("shop.example",)), entry("*", ("x.example",))])
    assert matcher.match(b"a", b"other", b"/").out_of_scope
    assert matcher.match(b"", b"x.example", b"/").entry is None
    assert not Matcher([entry("a")]).match(b"b", b"h", b"/").out_of_scope


@given(
    st.lists(st.text("ab*", min_size=1, max_size=4), min_size=1, max_size=6, unique=True),
    st.text("ab", min_size=1, max_size=6),
)
def test_globs_match_what_a_literal_glob_matches(patterns: list[str], name: str) -> None:
    found = Matcher(map(entry, patterns)).match(name.encode(), b"h", b"/").entry
    matching = [pattern for pattern in patterns if fnmatchcase(name, pattern)]
    assert (found is not None) == bool(matching)
    if found is not None:
        assert found.name in matching
        best = max(matching, key=lambda p: ("*" not in p, len(p.split("*")[0]), len(p.split("*")[-1])))
        rank = ("*" not in found.name, len(found.name.split("*")[0]), len(found.name.split("*")[-1]))
        assert rank == ("*" not in best, len(best.split("*")[0]), len(best.split("*")[-1]))


def test_a_glob_of_many_stars_is_matched_in_one_pass() -> None:
    matcher = Matcher([entry("_ga_*_*_*_x")])
    for _ in range(100):  # a regular expression needs 54 s for one such name of 3,500
        assert matcher.match(b"_ga_" + b"_" * 100_000, b"h", b"/").entry is None
    assert matcher.match(b"_ga_1_2_3_x", b"h", b"/").entry is not None
    assert matcher.match(b"_ga_x", b"h", b"/").entry is None


NAMES = st.text("ab-", min_size=1, max_size=12)


@given(
    st.lists(
        st.tuples(st.text("ab-*", min_size=1, max_size=7), st.sampled_from(["", "h", "*.h", "x.h"]), st.sampled_from(["", "/a"])),
        min_size=12, max_size=60, unique=True,
    ),
    st.lists(NAMES, min_size=1, max_size=8),
    st.sampled_from([b"h", b"x.h", b"y.x.h", b"other"]),
    st.sampled_from([None, b"/", b"/a/b"]),
)  # fmt: skip
def test_many_globs_are_matched_as_each_of_them_would_be(
    declared: list[tuple[str, str, str]], names: list[str], host: bytes, path: bytes | None
) -> None:
    entries = [entry(name, (h,) if h else (), (p,) if p else ()) for name, h, p in declared]
    matcher = Matcher(entries)
    for name in names:
        matching = [e for e in entries if fnmatchcase(name, e.name)]
        here = [rule for e in matching for rule in rules(e) if rule.applies(host, path)]
        found = matcher.match(name.encode(), host, path)
        assert found.out_of_scope == (not here and bool(matching))
        best = max((rule.rank for rule in here), default=None)
        assert best == max((rule.rank for rule in here if rule.entry is found.entry), default=None)


def test_rules_of_requests_are_in_the_order_of_their_rank() -> None:
    names = ["*", "b*", "a*x", "a*", "a*yy", "exact", "a*m*x"]
    ordered = [rule.entry.name for rule in rules_of_requests(map(entry, names))]
    assert ordered == ["exact", "a*yy", "a*x", "a*m*x", "a*", "b*", "*"]
    here = [entry("a*m*x", ("x.h",)), entry("a*x", ("*.h", "y.h")), entry("a*x", ("*.h",), ("/a", "/b"))]
    assert [(rule.entry, rule.host) for rule in rules_of_requests(here)] == [
        (here[0], "x.h"), (here[1], "y.h"), (here[2], "*.h"), (here[1], "*.h"),
    ]  # fmt: skip


def test_of_many_globs_with_one_beginning_and_end_those_are_found_that_match() -> None:
    globs = [f"p*y{number}y*q" for number in range(40)] + ["p*q", "p*ab*q", "p*x*q", "p*abcabc*y1y*q"]
    entries = [entry(name, (f"h{at}",)) for at, name in enumerate(globs)]
    matcher = Matcher(entries)
    for name in (
        "py7yq",
        "p-y12y-y3y-q",
        "pabq",
        "pxq",
        "pq",
        "p",
        "p" + "z" * 50 + "q",
        "pabcabcy1yq",
        "py1yabcabcq",
    ):
        for at, pattern in enumerate(globs):
            found = matcher.match(name.encode(), b"h%d" % at, b"/")
            assert (found.entry is entries[at]) == fnmatchcase(name, pattern)
            assert found.out_of_scope == (found.entry is None and any(fnmatchcase(name, each) for each in globs))


ABOUT_MANY = st.lists(
    st.tuples(
        st.text("ab*", min_size=1, max_size=6),
        st.sampled_from(["", "h", "*.h", "x.h"]),
        st.sampled_from(["", "/a"]),
        st.sampled_from([1.0, math.inf]),
    ),
    min_size=60,
    max_size=200,
    unique=True,
)


@settings(max_examples=30)
@given(
    ABOUT_MANY,
    st.lists(st.text("ab", min_size=1, max_size=40), min_size=1, max_size=4),
    st.sampled_from([b"h", b"x.h", b"z"]),
    st.sampled_from([None, b"/", b"/a/b"]),
)
def test_where_many_match_the_place_and_the_end_still_decide(
    declared: list[tuple[str, str, str, float]], names: list[str], host: bytes, path: bytes | None
) -> None:
    entries = [
        replace(entry(name, (h,) if h else (), (p,) if p else ()), until=until) for name, h, p, until in declared
    ]
    matcher = Matcher(entries)
    for name in names:
        living = [rule for e in entries if e.until > 2 and fnmatchcase(name, e.name) for rule in rules(e)]
        here = [rule for rule in living if rule.applies(host, path)]
        found = matcher.match(name.encode(), host, path, now=2)
        assert found.out_of_scope == (bool(living) and not here)
        best = max((rule.rank for rule in here), default=None)
        assert best == max((rule.rank for rule in here if rule.entry is found.entry), default=None)


ON_PATHS = st.lists(
    st.tuples(
        st.lists(st.text("ab/", max_size=5).map("/".__add__), max_size=2, unique=True).map(tuple),
        st.sampled_from(["", "h"]),
        st.sampled_from([1.0, math.inf]),
    ),
    min_size=2 * MANY,
    max_size=4 * MANY,
)


@settings(max_examples=60)
@given(ON_PATHS, st.sampled_from([None, b"/"]) | st.text("ab/", max_size=6).map(lambda path: b"/" + path.encode()))
def test_of_many_entries_of_one_name_on_one_host_the_longest_path_applies(
    declared: list[tuple[tuple[str, ...], str, float]], path: bytes | None
) -> None:
    entries = [replace(entry("a*", (h,) if h else (), paths), until=until) for paths, h, until in declared]
    here = [rule for e in entries if e.until > 2 for rule in rules(e) if rule.applies(b"h", path)]
    found = Matcher(entries).match(b"ab", b"h", path, now=2)
    best = max((rule.rank for rule in here), default=None)
    assert best == max((rule.rank for rule in here if rule.entry is found.entry), default=None)


MANY_HERE = [entry("a" * length + "*", (f"h{length}",)) for length in range(1, 60)]


def test_of_many_globs_that_match_the_one_for_the_place_is_found() -> None:
    ended = [replace(entry("b" * length + "*"), until=1.0) for length in range(1, 60)]
    matcher = Matcher([*MANY_HERE, *ended, entry("b*x")])
    for length in (59, 30, 1, 59):
        assert matcher.match(b"a" * 90, b"h%d" % length, b"/", 2).entry is MANY_HERE[length - 1]
    assert matcher.match(b"a" * 90, b"other", b"/", 2).out_of_scope
    assert not matcher.match(b"b" * 90, b"other", b"/", 2).out_of_scope
    assert not matcher.match(b"", b"other", b"/", 2).out_of_scope
    assert matcher.match(b"b" * 90 + b"x", b"other", b"/", 2).entry is not None
    assert matcher.match(b"b" * 90, b"other", b"/", 0).entry is ended[-1]


def test_the_memo_of_places_is_bounded() -> None:
    matcher = Matcher(entry(f"a*{number}", (f"h{number}",)) for number in range(2 * MAX_HERE))
    for number in range(2 * MAX_HERE):
        assert matcher.match(b"a%d" % number, b"h%d" % number, b"/").entry is not None
        assert len(matcher._here) <= MAX_HERE and len(matcher._locations._locations) <= MAX_LOCATIONS
    deep = Matcher([entry("a*", (), tuple("/a" * number for number in range(1, 1000)))])
    for number in range(1000):
        assert (deep.match(b"a", b"h", b"/a" * number).entry is not None) == (number > 0)
        assert len(deep._locations._locations) <= MAX_LOCATIONS
    hosts = tuple(f"*{'.a' * number}" for number in range(1, 200))
    below = Matcher([entry("a*", hosts)])
    for number in range(200):
        assert (below.match(b"a", b"x" + b".a" * number, b"/").entry is not None) == (number > 0)
        assert below._locations._patterns <= MAX_PATTERNS


def test_hosts_that_a_policy_does_not_distinguish_are_one_place() -> None:
    matcher = Matcher([entry("a", ("h", "*.h"), ("/a", "/a/b/"))])
    for host, path in (
        (b"x", b"/"),
        (b"y", b"/x"),
        (b"x.h", b"/a"),
        (b"y.h", b"/a/x"),
        (b"z.h", b"/a/b"),
        (b"", b"/ab"),
    ):
        matcher.match(b"a", host, path)
    assert len(matcher._here) == 3  # no pattern; `*.h` and `/a`; `*.h` and `/a` as the path of `/a/b`


PATHS = st.text("/ab", max_size=6).map(lambda text: "/" + text)


@given(st.lists(PATHS, max_size=8, unique=True), st.lists(PATHS, min_size=2, max_size=8))
def test_paths_with_one_key_match_the_same_paths_of_the_policy(declared: list[str], asked: list[str]) -> None:
    together = entry("a", (), tuple(declared))
    locations = Locations([together])
    found: dict[bytes, set[str]] = {}
    for path in map(str.encode, asked):
        matching = {one for one in declared if path_match(path, one.encode())}
        here = locations.at(b"h", path)
        assert {one for one in declared if here.has(entry("a", (), (one,)))} == matching
        if matching:
            assert here.has(together) and here.rank(together) == (0, max(map(len, matching)))
        assert found.setdefault(locations.path_key(path), matching) == matching


def test_the_host_of_a_pattern_may_be_deep_and_the_pattern_long() -> None:
    long = ".".join(["a" * 60] * 8)
    hosts = (*(f"h{number}" for number in range(20)), f"*.{long}", "*.shop.example")
    matcher = Matcher([entry("a", hosts)])
    for host, is_declared in (
        (f"x.{long}", True),
        (long, False),
        (f".{long}", False),
        ("b." * 5000 + "shop.example", True),
        ("b." * 5000 + "shop.examples", False),
        ("h7", True),
        ("x.h7", False),
    ):
        assert (matcher.match(b"a", host.encode(), b"/").entry is not None) == is_declared


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("p-ab-cd", "p*ab*cd*"),
        ("p-cd-ab", None),
        ("p-cd-ab-cd", "p*ab*cd*"),
        ("pab", None),
        ("q-ab-cd", None),
        ("paba-bab", "p*aba*bab*"),
        ("pabab", None),
        ("p-x-yy-z", "p*x*yy*z*"),
        ("p-yy-x-z", None),
        ("p7y", "p*7y*"),
    ],
)
def test_the_texts_of_a_glob_are_found_in_their_order(name: str, found: str | None) -> None:
    globs = ["p*ab*cd*", "p*aba*bab*", "p*x*yy*z*", *(f"p*{number}y*" for number in range(10))]
    match = Matcher([entry(glob) for glob in globs]).match(name.encode(), b"h", None).entry
    assert (match and match.name) == found


def test_globs_that_differ_in_the_number_of_stars_match_the_same_names() -> None:
    entries = [entry("p*q", ("h",)), entry("p**q", ("*.h",)), entry("p***q", (), ("/a",)), entry("p*x**q", ("h",))]
    matcher = Matcher(entries)
    assert matcher.match(b"p-q", b"h", b"/a").entry is entries[0]
    assert matcher.match(b"p-q", b"x.h", b"/a").entry is entries[1]
    assert matcher.match(b"p-q", b"x", b"/a").entry is entries[2]
    assert matcher.match(b"p-q", b"x", b"/").out_of_scope
    assert matcher.match(b"pxq", b"h", b"/").entry in (entries[0], entries[3])


def test_of_many_entries_of_one_name_the_most_exact_host_and_the_longest_path_apply() -> None:
    hosts = [entry("a", (f"h{number}", f"*.h{number}")) for number in range(MANY)]
    anywhere = [entry("a", (), ("/x",)), entry("a", ("*.h1",), ("/x/y",)), entry("a", ("h2",), ("/x",))]
    matcher = Matcher([*hosts, *anywhere])
    for host, path, found in (
        (b"h1", b"/x", hosts[1]),
        (b"x.h1", b"/", hosts[1]),
        (b"x.h1", b"/x/y/z", anywhere[1]),
        (b"h2", b"/x", anywhere[2]),
        (b"other", b"/x", anywhere[0]),
        (b"other", b"/", None),
    ):
        assert matcher.match(b"a", host, path).entry is found
    assert matcher.match(b"a", b"other", b"/").out_of_scope


def test_the_texts_of_a_few_globs_are_stored_for_a_limited_number_of_sets() -> None:
    globs = [f"{number:03d}*_x_*" for number in range(2 * MAX_FEW_TEXTS)]
    matcher = Matcher([entry(glob) for glob in globs])
    for number, glob in enumerate(globs):
        assert matcher.match(b"%03d-y" % number, b"h", b"/").entry is None
        found = matcher.match(b"%03d_x_" % number, b"h", b"/").entry
        assert found is not None and found.name == glob
        assert len(matcher._globs._few_texts) <= MAX_FEW_TEXTS


def test_of_many_entries_of_one_name_for_other_hosts_or_paths_no_one_applies() -> None:
    matcher = Matcher(entry("a", ("h",), (f"/{number}",)) for number in range(2 * MANY))
    assert matcher.match(b"a", b"h", b"/7/x").entry is not None
    assert matcher.match(b"a", b"other", b"/7/x").out_of_scope
    assert matcher.match(b"a", b"h", b"/x").out_of_scope
