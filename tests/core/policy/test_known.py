"""A reload that reads only changed entries gives the same as a complete load."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.policy.compose import load
from cookiewarden.core.policy.known import KnownEntries
from cookiewarden.core.policy.loaded import Loaded, Unread
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code
from tests.support.items import AROUND, FILES, FRAGMENTS


def comparable(policy: Policy | None) -> object:
    """Return a policy without the places of its entries' keys, which a reload does not keep."""
    return policy and replace(policy, entries=tuple(replace(entry, places={}) for entry in policy.entries))


def loads(files: dict[str, str], known: KnownEntries) -> tuple[Loaded, Loaded]:
    def read(name: str) -> bytes | Unread:
        return files[name].encode() if name in files else Unread(Code.INCLUDE_MISSING, "missing")

    return known.load("conf/p.yaml", read), load("conf/p.yaml", read)


def assert_same(files: dict[str, str], known: KnownEntries) -> Loaded:
    found, whole = loads(files, known)
    assert found.problems == whole.problems
    assert comparable(found.policy) == comparable(whole.policy)
    return found


def is_reduced(loaded: Loaded) -> bool:
    """Check whether the last load left out items."""
    return sum(len(source.lines) for source in loaded.sources.values()) < sum(
        text.count("\n") + 1 for text in FILES.values()
    )


@st.composite
def edited(draw: st.DrawFn, text: str) -> str:
    """Return a text with some lines removed, doubled, moved or replaced, and with items added."""
    lines = text.splitlines(keepends=True)
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, 9)), draw(st.sampled_from(AROUND)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines)))
        match draw(st.integers(0, 5)):
            case 0:
                lines[at : at + draw(st.integers(1, 5))] = []
            case 1 | 2:
                lines.insert(at, draw(st.sampled_from(FRAGMENTS)))
            case 3:
                lines[at:at] = lines[draw(st.integers(0, len(lines))) :][: draw(st.integers(1, 9))]
            case 4:
                lines[at : at + 1] = [line.replace("x", "y") for line in lines[at : at + 1]]
            case _:
                item = draw(st.sampled_from(FRAGMENTS))
                starts = [n for n, line in enumerate(lines) if line.startswith("  -")] or [0]
                where = draw(st.sampled_from(starts))
                lines.insert(where, item)
    return "".join(lines)


@given(st.data())
def test_a_reload_gives_the_policy_and_the_problems_of_a_complete_load(data: st.DataObject) -> None:
    known = KnownEntries(fewest=3)
    files = dict(FILES)
    assert_same(files, known)
    for _ in range(3):
        name = data.draw(st.sampled_from(["p.yaml", "p.yaml", "more.yaml"]))
        before = data.draw(st.sampled_from([files[name], FILES[name]]))
        files[name] = data.draw(edited(before))
        assert_same(files, known)


@pytest.mark.parametrize(
    ("old", "new", "reads_less"),
    [
        ("Text 3", "Other text", True),
        ("  - name: a3\n", "\n\n  # moved\n  - name: a3\n", True),
        ("  - name: a3\n", "  - name: b3\n", True),
        ("lifetime: 3y", "lifetime: 4y", True),
        ("version: 1\n", "version: 1\nmode: report\n# why\n", True),
        ("version: 1\n", "version: 1\ndefaults_: {}\n", False),
        ("secure: true", "secure: keep", False),
        ("# the list\n", "undeclared: {evict: host}\n", True),
        ("ceiling: 90d", "ceiling: 91d", False),
        ("  - name: answer\n", "# first\n  - name: answer\n", True),
        ("basis: x", "basis: y", False),
        ("  - name: a3\n", "  - name: a4\n", False),  # twice: an error, so all is read
        ("  - name: a3\n", "  - name: a3\n    rename_to: __Host-a3\n", False),
        ("Text 3", '"a text\n  - of two lines"', False),
    ],
)
def test_only_changed_entries_are_read_unless_something_else_changes(old: str, new: str, reads_less: bool) -> None:
    known = KnownEntries(fewest=3)
    assert_same(FILES, known)
    files = FILES | {"p.yaml": FILES["p.yaml"].replace(old, new, 1)}
    assert is_reduced(assert_same(files, known)) is reads_less
    assert_same(FILES, known)


def test_an_unchanged_file_is_read_without_its_known_entries() -> None:
    known = KnownEntries(fewest=3)
    assert not is_reduced(assert_same(FILES, known))
    again = assert_same(FILES, known)
    assert is_reduced(again) and again.policy is not None
    assert not any(entry.places for entry in again.policy.entries)  # their lines are of another text
    # first and last, the consent cookie, and the entry with a warning
    assert re.findall(r"name: (\S+)", "\n".join(again.sources["conf/p.yaml"].lines)) == ["answer", "warned", "007"]


def test_policies_that_rename_cookies_are_always_read_completely() -> None:
    files = FILES | {"p.yaml": FILES["p.yaml"].replace("- name: a1\n", "- name: a1\n    rename_to: __Host-a1\n")}
    known = KnownEntries(fewest=3)
    assert_same(files, known)
    assert not is_reduced(assert_same(files, known))


def test_other_files_are_compared_as_a_whole() -> None:
    known = KnownEntries(fewest=3)
    small = "version: 1\ncookies:\n  - {name: s, category: need, purpose: x, lifetime: 1h}\n"
    files = FILES | {
        "p.yaml": FILES["p.yaml"].replace("[more.yaml]", "[more.yaml, small.yaml]"),
        "small.yaml": small,
    }
    assert_same(files, known)
    assert is_reduced(assert_same(files, known))
    assert not is_reduced(assert_same(files | {"small.yaml": small.replace("1h", "2h")}, known))
    for name in ("small.yaml", "more.yaml", "p.yaml"):
        assert_same({other: text for other, text in files.items() if other != name}, known)
    assert_same(files, known)
