"""Count the words in documents that a translated voice uses too often, per 1,000 words of prose:

python -m tests.prose.counts FILE ...

Files are Markdown or reStructuredText. Code blocks and questions are left out, and a code span is one word.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.prose.rules import sentences, words
from tests.prose.sources import plain

TERMS = {
    "what": r"\bwhat\b",
    "told": r"\btold\b",
    "who": r"\bwho\b",
    "whoever": r"\bwhoever\b",
    "which": r"\bwhich\b",
    "is no X": r"\b(?:is|are|was|were) no (?!longer\b|more\b)\w+",
}
"""The terms with their patterns."""


def prose(text: str) -> str:
    """Return the prose of a document, without code blocks, questions, directives, link definitions and underlines."""
    blocks = re.split(r"\n\s*\n", plain("\n".join(_lines(text))))
    return "\n".join(each for block in blocks for each in sentences(block) if not each.endswith("?"))


def _lines(text: str) -> Iterator[str]:
    fence = ""
    for line in text.splitlines():
        opened = re.match(r"\s*(`{3,}|~{3,})", line)
        if opened and (not fence or opened[1].startswith(fence)):
            fence = "" if fence else opened[1]
        elif not fence and not re.match(r" {4}| {3}:[\w-]+: |\.\. |\[[^\]]+\]: |[=~^*#|:+ -]+$|<!--|\|\w+\| \|", line):
            yield line


def counts(text: str) -> dict[str, float]:
    """Return the count of each term per 1,000 words, and the number of words."""
    found = prose(text)
    total = words(found)
    rates = {term: len(re.findall(pattern, found, re.IGNORECASE)) for term, pattern in TERMS.items()}
    return {"words": total, **{term: round(1000 * count / max(total, 1), 1) for term, count in rates.items()}}


if __name__ == "__main__":
    for name in sys.argv[1:]:
        print(f"{name}: " + ", ".join(f"{term} {count:g}" for term, count in counts(Path(name).read_text()).items()))
