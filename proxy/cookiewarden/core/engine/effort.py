"""Limits of the work for one head.

A memo makes ordinary heads cheap. A hostile head has new names and lines only, so the work for them has limits. Above a
limit, new names and lines are neither judged nor stored, and the policy's `on_error` decides."""

import math

MAX_TRIES = 1000
"""Maximum number of globs with text between two stars that are tried for the names of one Cookie header. Ordinary
headers need fewer than a hundred. Other work for new names counts as tries, too."""
MAX_TRIES_OF_LINES = 500
"""The same number for the Set-Cookie lines of one response, which cost more to judge."""
TRIES_OF_ENDED = 2
"""Number of tries that count for a name that is compared with entries that have ended."""
TRIES_OF_RENAMED = 4
"""Number of tries that count for a name that is compared twice, because an entry gives it to another host's cookie."""
OCTETS_OF_TRY = 32
"""Octets of a Cookie header that count as a try, where the policy reads the visitor's answer from it."""
MAX_EDITS = 500
"""Maximum number of edits for the Set-Cookie lines of one response: the reasons of each new line, and one for each
three attributes. A hundred new lines of four reasons and five attributes each are within the limit."""
EDITS_OF_NAME = 8
"""Number of edits that count for a name that is judged again, because the response changes the visitor's answer."""
EDITS_OF_SUPERSEDING = 4
"""Number of edits that count for a line that expires the previous cookie."""
EDITS_OF_DELETION = 3
"""Number of edits that count for a deletion, which is completed so that browsers obey it."""
EDITS_OF_RENEWAL = 6
"""Number of edits that count for a line under `renew: false`, which is compared with the cookies of the request."""
OCTETS_OF_EDIT = 32
"""Octets of the visitor's answers in a response that count as an edit."""
EDITS_OF_RUN = 5
"""Number of edits that count for each run of new lines. Other fields between two lines part them into runs."""


class TooMuchEffort(Exception):
    """An error for a head above a limit."""


class Effort:
    """The work that may still be done for one head."""

    def __init__(self, tries: float = math.inf, edits: float = math.inf) -> None:
        self.tries = tries
        self.edits = edits

    def spend(self, tries: int) -> None:
        """Count some tries. Raises TooMuchEffort."""
        self.tries -= tries
        if self.tries < 0:
            raise TooMuchEffort

    def begin_run(self) -> None:
        """Count a run of Set-Cookie lines."""
        self.edits -= EDITS_OF_RUN

    def begin_line(self) -> None:
        """Begin to judge a Set-Cookie line. Raises TooMuchEffort."""
        if self.edits < 0:
            raise TooMuchEffort

    def end_line(self, reasons: int, attributes: int, is_superseded: bool, is_deletion: bool) -> None:
        """Count the edits of a line, by the numbers of its reasons and its attributes. `is_superseded`: another line
        expires the previous cookie."""
        self.edits -= reasons + attributes // 3 + EDITS_OF_SUPERSEDING * is_superseded + EDITS_OF_DELETION * is_deletion

    def renew(self) -> None:
        """Count a line that may renew a cookie."""
        self.edits -= EDITS_OF_RENEWAL

    def read_answer(self, octets: int) -> None:
        """Count the visitor's answers in a response."""
        self.edits -= octets // OCTETS_OF_EDIT

    def judges_again(self) -> bool:
        """Count a name that is judged again. Return False above the limit."""
        if self.edits < 0:
            return False
        self.edits -= EDITS_OF_NAME
        return True

    def room(self, names: int) -> int:
        """Return how many of a number of cookies may still be expired. Each counts as an edit."""
        room = int(min(names, max(0, self.edits)))
        self.edits -= room
        return room


UNLIMITED = Effort()
"""The effort for callers without limits."""


def of_request(octets: int = 0) -> Effort:
    """Return the limits of a request. `octets`: of a Cookie header from which the policy reads the visitor's answer."""
    return Effort(MAX_TRIES - octets // OCTETS_OF_TRY)


def of_response() -> Effort:
    """Return the limits of a response."""
    return Effort(MAX_TRIES_OF_LINES, MAX_EDITS)
