"""Documents: their links resolve, they have one sentence per line, and their prose is plain."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.prose.counts import counts
from tests.prose.rules import sentences
from tests.prose.sources import ROOT, plain, tracked

DOCUMENTS = [path for path in tracked("*.md") if path.exists() and "{%" not in path.read_text()]
"""All tracked Markdown files, without templates."""

ONE_SENTENCE_PER_LINE = tuple(path.relative_to(ROOT).as_posix() for path in DOCUMENTS)
"""Documents that are held to one sentence per line."""

HELD_TO_COUNTS = tuple(name for name in ONE_SENTENCE_PER_LINE if name != "STYLE.md" and "/pages/" not in name)
"""Documents that are held to `HIGHEST`. STYLE.md names the words; the pages are templates."""

HIGHEST = {"what": 0.0, "told": 0.0, "who": 0.0, "whoever": 0.0, "which": 5.2, "is no X": 0.0}
"""Counts per 1,000 words: for each term the highest of three documents, which tests/README.md names."""


def lines_of_prose(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and text of each line outside code blocks."""
    fence = ""
    for number, line in enumerate(text.splitlines(), 1):
        opened = re.match(r"\s*(`{3,})", line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
        elif not fence:
            yield number, line


def slug(heading: str) -> str:
    """Return the anchor that GitHub gives to a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(text: str) -> set[str]:
    """Return all anchors of a document; a repeated heading has a number."""
    found: dict[str, int] = {}
    names = set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))
    for _, line in lines_of_prose(text):
        if heading := re.match(r"#+ (.*)", line):
            name = slug(heading[1])
            count = found[name] = found.get(name, -1) + 1
            names.add(f"{name}-{count}" if count else name)
    return names


def broken_links(path: Path) -> list[str]:
    """Return the relative links of a document whose file or anchor does not exist."""
    broken = []
    for number, line in lines_of_prose(path.read_text()):
        for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", line)):
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            file = path.parent / name if name else path
            is_good = file.exists() and (not anchor or (file.suffix == ".md" and anchor in anchors(file.read_text())))
            if not is_good:
                broken.append(f"{path.relative_to(ROOT)}:{number}: {target}")
    return broken


def misplaced_sentences(text: str) -> list[str]:
    """Return the lines of prose with several sentences, or with a part of one."""
    wrong, previous = [], ""
    for number, line in [*lines_of_prose(text), (0, "")]:
        starts = not line.strip() or re.match(r"\s*([-*] |\d+\. |[#|]|<!--|```| {4})", line)
        if previous and not starts and not re.search(r"[.!?:][\"”)*_`]*$", previous):
            wrong.append(f"{number}: {line.strip()}")
        is_prose = line.strip() and not re.match(r"\s*(#|\||<!--)| {4}", line)
        previous = line.strip() if is_prose else ""
        text_of_line = plain(re.sub(r"^\s*([-*]|\d+\.) ", "", line))
        if is_prose and len(sentences(text_of_line)) > 1:
            wrong.append(f"{number}: {line.strip()}")
    return wrong


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_resolves(path: Path) -> None:
    assert broken_links(path) == []


@pytest.mark.parametrize("name", ONE_SENTENCE_PER_LINE)
def test_a_line_has_one_sentence(name: str) -> None:
    assert misplaced_sentences((ROOT / name).read_text()) == []


@pytest.mark.parametrize("name", HELD_TO_COUNTS)
def test_prose_is_as_plain_as_in_other_projects(name: str) -> None:
    found = counts((ROOT / name).read_text())
    assert {term: count for term, count in found.items() if count > HIGHEST.get(term, float("inf"))} == {}


def test_misplaced_sentences_and_broken_links_are_found(tmp_path: Path) -> None:
    assert misplaced_sentences("One. Two.\n") == ["1: One. Two."]
    assert misplaced_sentences("A sentence that\ncontinues.\n") == ["2: continues."]
    assert misplaced_sentences("- One.\n  Two, e.g. this:\n\n```sh\na. B\n```\n| a. B. |\n# H. I\n") == []
    assert anchors("# A `b` c!\n# A b c\n") == {"a-b-c", "a-b-c-1"}


def test_terms_are_counted_per_1000_words_without_code_and_questions() -> None:
    text = "This is what `what` means.\nWhat is it?\n\n```\nwhat\n```\nThere is no bread, and it is no cat.\n"
    assert counts(text) == {
        "words": 14, "what": 71.4, "told": 0.0, "who": 0.0, "whoever": 0.0, "which": 0.0, "is no X": 142.9,
    }  # fmt: skip


def test_the_differences_in_the_tests_document_have_the_reasons_of_the_suite() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "tests" / "conformance").glob("*.py"))
    suite = " ".join(sources.split())
    section = (ROOT / "tests" / "README.md").read_text().partition("### Differences")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)[1:]
    assert len(rows) > 10
    for sentence, reason in rows:
        function = f"test_{sentence.partition(':')[0].replace(' ', '_').replace('.', '_').replace('/', '_').lower()}"
        assert f'"{sentence}"' in suite or function in suite, sentence
        assert reason in suite, reason
