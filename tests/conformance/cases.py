"""The rows of the wire suite: a message, the sentence that it proves, and the required answer."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    sentence: str
    section: str
    """Section of the RFC that requires the answer."""
    sent: bytes
    answers: frozenset[int]
    why: str = ""
    """The reason, where cookiewarden is stricter than other proxies."""
    whole: bool = False
    """Send it in one segment only: in pieces, the proxy forwards a part before it sees the fault."""
