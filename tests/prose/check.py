"""The rules, applied to the sources."""

from collections.abc import Iterator

from tests.prose.rules import Fault, faults, mood
from tests.prose.sources import passages


def found(*prefixes: str) -> Iterator[Fault]:
    """Yield every fault of the files whose path begins with a prefix, or of all files."""
    for passage in passages(*prefixes):
        for sentence in passage.sentences:
            yield from faults(sentence, passage.where)
        if passage.is_docstring:
            yield from mood(passage.sentences[0], passage.where)
