"""A reload that reads only changed entries gives the same as a complete load."""

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.policy.compose import Loaded, load
from cookiewarden.core.policy.includes import Unread
from cookiewarden.core.policy.known import KnownEntries, items_of
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.policy.problem import Code

HEAD = """version: 1
include: [more.yaml]
consent: {cookie: answer}
categories:
  need: {basis: x}
  stats: {consent: required}
defaults: {secure: true}
# the list
cookies:
"""
TAIL = "ceiling: 90d\n"
ITEMS = [
    "  - name: answer\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    *(f"  - name: a{n}\n    category: need\n    purpose: Text {n}\n    lifetime: 1h\n" for n in range(6)),
    "  - {name: flow, category: stats, purpose: x, lifetime: 2h}\n",
    '\n  # a comment\n  - name: quoted\n    category: need\n    purpose: "two\n      lines"\n    lifetime: 1h\n',
    "  - name: block\n    category: need\n    lifetime: 1h\n    purpose: |\n      first\n\n      - second\n",
    "  -\n    name: below\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - category: need\n    purpose: x\n    lifetime: 1h\n    name: last\n",
    "  - name: gl*ba\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: warned\n    category: need\n    lifetime: 3y\n    purpose: x\n",
    "  - name: scoped\n    scope: {hosts: [a.example]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: 007\n    category: need\n    purpose: x\n    lifetime: 1h\n",
]
MORE = "version: 1\ncookies:\n" + "".join(
    f"- name: m{n}\n  category: need\n  purpose: x\n  lifetime: 1h\n" for n in range(5)
)
FRAGMENTS = [
    *ITEMS,
    "  - name: scoped\n    scope: {hosts: [b.example]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: scoped\n    scope: {hosts: [a.example], paths: [/x]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: gl*b*ba\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: ans*\n    category: stats\n    purpose: x\n    lifetime: 1h\n",
    "  - name: new\n    rename_to: __Host-new\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: __Host-new\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: m1\n    category: need\n    purpose: over\n    lifetime: 5h\n",
    "  - name: m2\n    purpose: no category\n",
    '  - name: open\n    purpose: "never closed\n',
    '  - name: open\n    purpose: "closed\n  - on the next line"\n    lifetime: 1h\n    category: need\n',
    "  - name: anchored\n    purpose: &a x\n",
    "  - just text\n",
    "  - [a, b]\n",
    "  -\n",
    "---\n",
    "...\n",
    "# at the edge\n",
    "   # comment\n",
    "\n",
    "    lifetime: 1h\n",
    "    - nested\n",
    "\t- tab\n",
    "gpc_json: 2026-01-01\n",
    "cookies:\n",
    "  - name: cr\r    purpose: x\n",
    "  - name: nel\x85    purpose: x\n",
]
AROUND = [
    "mode: report\n",
    "# a comment\n\n",
    "undeclared: {response: report, evict: host}\n",
    "inject_guard: true\n",
    "  more: {basis: x}\n",
    "statement: {languages: [en, nl]}\n",
    "gpc_json: 2026-01-01\n",
    "policy: other\n",
    "public_hosts: [a.example]\n",
]
FILES = {"p.yaml": HEAD + "".join(ITEMS) + TAIL, "more.yaml": MORE}


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


@pytest.mark.parametrize("ending", ["\r\n", "\x85", "\u2028"])
def test_files_with_other_line_breaks_are_not_cut(ending: str) -> None:
    assert items_of(FILES["p.yaml"].encode()) is not None
    assert items_of((FILES["p.yaml"] + f"# end{ending}").encode()) is None


def test_the_items_of_a_list_begin_at_their_lines() -> None:
    chosen = random.Random(1)
    for _ in range(200):
        text = HEAD + "".join(chosen.choices(FRAGMENTS, k=chosen.randint(3, 20))) + chosen.choice(["", TAIL])
        raw = text.encode()
        items = items_of(raw)
        if items is not None:
            assert items.lines == [raw.count(b"\n", 0, start) + 1 for start in items.starts]
            assert all(raw[start:].startswith(b" " * items.indent + b"-") for start in items.starts[:-1])
