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
    """Send it in one segment only: in pieces, the proxy forwards a part before it sees the fault."""
