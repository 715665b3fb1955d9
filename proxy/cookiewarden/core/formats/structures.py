"""Formats in JSON."""

import base64
import json
import re
from typing import Any

MAX_OPENED = 200
"""Maximum number of lists and objects in JSON, because the depth limits of parsers differ."""


def _parsed(text: str) -> Any:
    """Parse JSON like JSON.parse, as the consent manager's script does. Of two equal keys, the last counts.

    Express writes `j:` before it."""
    text = text.removeprefix("j:")
    if text.count("[") + text.count("{") > MAX_OPENED:
        return None
    try:
        # Numbers have no meaning here, and Python's int rejects long ones.
        return json.loads(text, parse_constant=_refuse, parse_int=float)
    except ValueError:
        return None


def _refuse(constant: str) -> None:
    """Reject NaN and Infinity, which Python accepts although they are not valid JSON."""
    raise ValueError


def read_json(text: str) -> frozenset[str] | None:
    """Parse `["analytics"]`, `{"analytics": true}` or `{"analytics": "granted"}`.

    A list may be under `categories` or `level`, as in vanilla-cookieconsent. A null counts as absent."""
    data = _parsed(text)
    if isinstance(data, dict):
        listed = data.get("categories")
        if listed is None:
            listed = data.get("level")
        if listed is None:
            return frozenset(word for word, answer in data.items() if answer is True or answer == "granted")
        data = listed
    return _words(data)


def _words(data: Any) -> frozenset[str] | None:
    """Return the words of a list. Return None for other values."""
    return frozenset(data) if isinstance(data, list) and all(isinstance(word, str) for word in data) else None


def read_klaro(text: str) -> frozenset[str] | None:
    """Parse answers by service, such as `{"matomo": true, "youtube": false}`."""
    data = _parsed(text)
    if not isinstance(data, dict) or not all(isinstance(answer, bool) for answer in data.values()):
        return None
    return frozenset(service for service, answer in data.items() if answer)


def read_cookieconsent(text: str) -> frozenset[str] | None:
    """Parse `{"categories": ["analytics"], "services": {"analytics": ["ga"]}, …}` of orestbida's CookieConsent.

    Version 2 writes `level` instead of `categories`, and no services. The words are `analytics` and `analytics:ga`."""
    data = _parsed(text)
    if not isinstance(data, dict):
        return None
    listed, services = _words(data.get("categories", data.get("level"))), _services(data.get("services", {}))
    return None if listed is None or services is None else listed | services


def _services(data: Any) -> frozenset[str] | None:
    if not isinstance(data, dict):
        return None
    found: set[str] = set()
    for category, listed in data.items():
        words = _words(listed)
        if words is None:
            return None
        found.update(f"{category}:{word}" for word in words)
    return frozenset(found)


_BASE64 = re.compile("[A-Za-z0-9+/]+={0,2}")


def read_didomi(text: str) -> frozenset[str] | None:
    """Parse didomi_token, `{"purposes": {"enabled": […]}, "vendors": {"enabled": […]}, …}` in base64.

    The words are purposes, and vendors as `vendor:google` (source: Didomi Cookies, storage). Legitimate interests, in
    `purposes_li` and `vendors_li`, do not count. Without purposes and vendors, the visitor has not answered."""
    digits = text.rstrip("=")
    if not _BASE64.fullmatch(text) or len(digits) % 4 == 1:
        return None
    data = _parsed(base64.b64decode(digits + "=" * (-len(digits) % 4)).decode())
    if not isinstance(data, dict) or not ("purposes" in data or "vendors" in data):
        return None
    purposes, vendors = _enabled(data.get("purposes", {})), _enabled(data.get("vendors", {}))
    if purposes is None or vendors is None:
        return None
    return purposes.union(f"vendor:{vendor}" for vendor in vendors)


def _enabled(data: Any) -> frozenset[str] | None:
    """Return the enabled words. One that is disabled, too, is not."""
    if not isinstance(data, dict):
        return None
    enabled, disabled = _words(data.get("enabled", [])), _words(data.get("disabled", []))
    return None if enabled is None or disabled is None else enabled - disabled


def read_axeptio(text: str) -> frozenset[str] | None:
    """Parse axeptio_cookies, `{"$$token": "…", "$$completed": true, "google_analytics": true, …}`.

    Each name without `$$` is a vendor (sources: Registering User choices, and Axeptio's plugin for WordPress). Before
    the visitor has answered, `$$completed` is false."""
    data = _parsed(text)
    if not isinstance(data, dict) or data.get("$$completed") is not True:
        return None
    answers = {name: answer for name, answer in data.items() if not name.startswith("$$")}
    if not all(isinstance(answer, bool) for answer in answers.values()):
        return None
    return frozenset(vendor for vendor, answer in answers.items() if answer)


CONSENT_MODE_WORDS = frozenset(
    (
        "ad_personalization",
        "ad_storage",
        "ad_user_data",
        "analytics_storage",
        "functionality_storage",
        "personalization_storage",
        "security_storage",
    )
)


def read_consent_mode(text: str) -> frozenset[str] | None:
    """Parse `{"ad_storage": "denied", "analytics_storage": "granted", …}`, the object of Google's consent command.

    Google does not write a cookie with it, but some banners do (source of the words: Set up consent mode on
    websites)."""
    data = _parsed(text)
    if not isinstance(data, dict) or not data or not CONSENT_MODE_WORDS.issuperset(data):
        return None
    if not all(answer in ("granted", "denied") for answer in data.values()):
        return None
    return frozenset(word for word, answer in data.items() if answer == "granted")
