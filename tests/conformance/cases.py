"""A message, the sentence that it proves, and the answer that it must get: the rows of the wire suite's tables."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    sentence: str
    section: str
    """Of the RFC that asks for the answer."""
    sent: bytes
    answers: frozenset[int]
    why: str = ""
    """Where cookiewarden differs from all others: the reason."""
    whole: bool = False
    """Only in one segment: what comes in pieces has been begun to be told before its fault is seen."""
