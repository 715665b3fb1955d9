"""Registrations of device-bound sessions: the header that begins one, and the JSON that names its cookies.

W3C, Device Bound Session Credentials: "Session registration" and "JSON session instructions"."""

import json

REGISTRATION = frozenset({b"secure-session-registration", b"sec-session-registration"})
"""Header fields that ask a browser to register a session; the second is the older name."""
_MARK = '"session_identifier"'
MAX_TEXT = 65_536
"""Maximum length of a body that is examined, in characters."""


def bound_names(text: str) -> tuple[bytes, ...]:
    """Return the names of the cookies in the JSON of a registration; empty for other texts."""
    if _MARK not in text[:MAX_TEXT] or len(text) > MAX_TEXT:
        return ()
    try:
        data = json.loads(text, parse_int=float)
    except (ValueError, RecursionError):
        return ()
    credentials = data.get("credentials") if isinstance(data, dict) else None
    if not isinstance(credentials, list):
        return ()
    names = [one.get("name") for one in credentials if isinstance(one, dict) and one.get("type") == "cookie"]
    return tuple(name.encode() for name in names if isinstance(name, str) and name)
