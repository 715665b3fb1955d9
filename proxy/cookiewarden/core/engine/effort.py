"""Limits of the work for one head.

A memo makes ordinary heads cheap. A hostile head has new names and lines only, so the work for them has limits. Above a
limit, new names and lines are neither judged nor stored, and the policy's `on_error` decides.

Work is counted in steps of about a hundred of Python's bytecodes. `tests/bench/heads.py` compares the limits with the
bytecodes that expensive heads take."""

import math

MAX_STEPS_OF_REQUEST = 2500
"""Maximum number of steps for up to 300 cookies of a request, of which 300 new names need 2,100. Each further cookie,
which `--max-cookies` may allow, has the steps of a new name. Browsers keep 180 cookies of a site."""
MANY_NAMES = 300
"""Number of cookies above which a request has more steps."""
MAX_STEPS_OF_RESPONSE = 1800
"""Maximum number of steps for the Set-Cookie lines of a response, and for the cookies that it expires. 60 new lines of
ten edits each need less."""
STEPS_OF_NAME = 7
"""Steps for a new name in a request. A glob with text between two stars that is tried takes two steps."""
STEPS_OF_ENDED = 2
"""Steps for a name that is compared with entries that have ended."""
STEPS_OF_RENAMED = 4
"""Steps for a name that is compared twice, because an entry gives it to another host's cookie."""
STEPS_OF_CARRIED = 5
"""Steps for a cookie whose name or value is changed for the application."""
STEPS_OF_RUN = 25
"""Steps for a run of new lines. Other fields between two lines part them into runs."""
STEPS_OF_LINE = 18
"""Steps for a new line. Each reason is another step, and so are three attributes."""
STEPS_OF_REFUSAL = 8
"""Steps for a declared line that is refused after it was edited."""
STEPS_OF_DELETION = 2
"""Steps for a deletion, which is completed so that browsers obey it."""
STEPS_OF_SUPERSEDING = 4
"""Steps for a line that expires the previous cookie."""
STEPS_OF_DOMAIN = 4
"""Steps for a line whose Domain is compared with the public suffixes."""
STEPS_OF_RENEWAL = 6
"""Steps for a line under `renew: false`, which is compared with the cookies of the request."""
STEPS_OF_EVICTION = 6
"""Steps for a cookie that a response may expire, and one for each parent domain."""
MAX_STEPS_ABOVE = 300
"""Further steps for the cookies of a request that have the exact name of an entry, such as a session."""
STEPS_OF_ANSWER = 8
"""Steps for a line of the consent cookie."""
OCTETS_OF_DATE = 3
"""Octets of the dates of a line that take a step."""


USUAL_DATE = 40
"""Octets of a date that cost nothing more than the line."""


def steps_of_dates(octets: int) -> int:
    """Return the steps for dates of a line. Parsers of cookies try each part of a date."""
    return max(0, octets - USUAL_DATE) // OCTETS_OF_DATE


class TooMuchEffort(Exception):
    """An error for a head above its limit."""


class Effort:
    """The work that may still be done for one head."""

    def __init__(self, steps: float = math.inf) -> None:
        self.steps = steps
        """Steps that are left; below 0 if the limit is exceeded."""

    @property
    def is_spent(self) -> bool:
        return self.steps < 0

    @property
    def is_overspent(self) -> bool:
        return self.steps < -MAX_STEPS_ABOVE

    def count(self, steps: int) -> None:
        """Count work that has been done, or that cannot be left out."""
        self.steps -= steps

    def spend(self, steps: int) -> None:
        """Count work that comes next. Raises TooMuchEffort."""
        self.steps -= steps
        if self.steps < 0:
            raise TooMuchEffort

    def room(self, items: int, steps: int) -> int:
        """Count as much of some equal work as is allowed. Return the number of items for which it may be done."""
        room = int(min(items, max(0, self.steps) // steps))
        self.steps -= room * steps
        return room


UNLIMITED = Effort()
"""The effort for callers without limits."""


def of_request(names: int = 0, answers: int = 0) -> Effort:
    """Return the limit of a request with this number of cookies. `answers`: steps for the visitor's answers in it."""
    return Effort(MAX_STEPS_OF_REQUEST + STEPS_OF_NAME * max(0, names - MANY_NAMES) - answers)


def of_response() -> Effort:
    """Return the limit of a response."""
    return Effort(MAX_STEPS_OF_RESPONSE)
