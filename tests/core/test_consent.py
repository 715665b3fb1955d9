"""Consent cookies as consent managers write them, and what they mean for a category.

Where each form was found: OneTrust's groups in the documentation of sites that read OptanonConsent; Cookiebot's object, 0 and
-1 in its developers' pages on server-side use; Klaro's in its source (the default storage writes JSON, percent-encoded); the
TC string in IAB Europe's specification and in GDPR::IAB::TCFv2, whose documentation says what its example means;
vanilla-cookieconsent's `categories` (version 3) and `level` (version 2) in its documentation.
"""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.engine.consent import NOTHING, Denied, denied, granted, stricter
from cookiewarden.core.engine.decision import Reason
from cookiewarden.core.policy.policy import Category, Consent, ConsentFormat, Gpc

TC = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0gAAAAAAAAAAAA"
ONETRUST = (
    "isGpcEnabled=0&datestamp=Wed+Nov+25+2026+10%3A00%3A00+GMT%2B0100&version=202405.1.0&isIABGlobal=false&hosts="
    "&consentId=5d0f&interactionCount=1&landingPath=NotLandingPage&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A0"
)
COOKIEBOT = (
    "{stamp:%27f1yVQ==%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:true%2Cmarketing:false"
    "%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1740000000000%2Cregion:%27nl%27}"
)
VANILLA = '{"categories":["necessary","analytics"],"revision":0,"data":null,"services":{"necessary":[],"analytics":["ga"]}}'

READ = [
    ("list", "analytics", {"analytics"}),
    ("list", "analytics,marketing", {"analytics", "marketing"}),
    ("list", "analytics|marketing support", {"analytics", "marketing", "support"}),
    ("list", "analytics%2Cmarketing", {"analytics", "marketing"}),
    ("list", "analytics%252Cmarketing", None),  # decoded once, and no more
    ("list", "", set()),
    ("list", "\x7f\x00", None),
    ("list", "{}", None),
    ("list", "analytics=yes", None),
    ("json", '["analytics"]', {"analytics"}),
    ("json", quote('{"analytics": true, "marketing": false}'), {"analytics"}),
    ("json", '{"analytics_storage":"granted","ad_storage":"denied"}', {"analytics_storage"}),
    ("json", VANILLA, {"necessary", "analytics"}),
    ("json", '{"level":["necessary"],"revision":0,"rfc_cookie":false}', {"necessary"}),
    ("json", "{}", set()),
    ("json", "[]", set()),
    ("json", '{"categories": "all"}', None),
    ("json", '{"analytics": false, "analytics": true}', {"analytics"}),
    ("json", '{"analytics": true, "analytics": false}', set()),
    ("json", '{"analytics": true, "x": NaN}', None),
    ("json", "[1]", None),
    ("json", "7", None),
    ("json", "[" * 10_000, None),
    ("json", "1" * 5_000, None),
    ("json", '{"analytics": tr', None),
    ("klaro", quote('{"matomo":true,"youtube":false}'), {"matomo"}),
    ("klaro", '{"matomo":1}', None),
    ("klaro", "[true]", None),
    ("cookiebot", COOKIEBOT, {"necessary", "statistics"}),
    ("cookiebot", "0", {"necessary"}),
    ("cookiebot", "-1", {"necessary", "preferences", "statistics", "marketing"}),
    ("cookiebot", "{necessary:true}", None),
    ("cookiebot", COOKIEBOT.replace("ver:1", "statistics:false"), None),
    ("cookiebot", COOKIEBOT[:60], None),
    ("cookiebot", "", None),
    ("onetrust", ONETRUST, {"C0001", "C0002"}),
    ("onetrust", ONETRUST.replace("groups", "xgroups"), None),
    ("onetrust", ONETRUST + "&groups=C0004%3A1", None),
    ("onetrust", "groups=C0001%3A1%2CC0002", None),
    ("onetrust", "groups=", None),
    ("onetrust", "landingPath=https%3A%2F%2Fshop%2F%3Fx%3D1%26groups%3DC0002%3A1&v=1", None),
    (
        "onetrust",
        "landingPath=https%3A%2F%2Fs%2F%3F%26groups%3DC0002%3A1&groups=C0001%3A1,C0002%3A0",
        {"C0001"},
    ),
    ("tcf", TC, {"1", "3", "9", "10"}),
    ("tcf", TC.partition(".")[0], {"1", "3", "9", "10"}),
    ("tcf", TC[:29], None),  # 174 bits: cut within the purposes
    ("tcf", TC[:33], None),  # no length of base64
    ("tcf", "B" + TC[1:], None),  # version 1
    ("tcf", "COxS+/", None),
    ("tcf", "", None),
    # where a script and the proxy could differ: tests/browser reads the same table in Chromium
    ("json", '{"categories": null, "level": ["m"]}', {"m"}),
    ("json", '{"level": ["m"], "categories": null}', {"m"}),
    ("json", '{"categories": null, "level": null, "m": true}', {"m"}),
    ("json", '{"categories": null, "m": true}', {"m"}),
    ("json", '{"categories": null}', set()),
    ("json", '{"categories": [], "level": ["m"]}', set()),
    ("json", '{"categories": false, "level": ["m"]}', None),
    ("json", '{"categories": {"m": true}, "m": true}', None),
    ("json", '{"categories": ["m", null]}', None),
    ("json", '{"categories": ["m"], "categories": null, "level": ["x"]}', {"x"}),
    ("json", '{"__proto__": true, "constructor": "granted", "m": true}', {"__proto__", "constructor", "m"}),
    ("json", '{"__proto__": {"categories": ["m"]}}', set()),
    ("json", '{"__proto__": null, "m": true}', {"m"}),
    ("json", '["m", "m"]', {"m"}),
    ("json", '["m", 1]', None),
    ("json", '["m", ["x"]]', None),
    ("json", '{"m": 1, "x": "Granted", "y": "granted"}', {"y"}),
    ("json", "null", None),
    ("json", '"m"', None),
    ("json", '["\\u006d", "\\u00e9"]', {"m", "é"}),
    ("json", '["m\\u12"]', None),
    ("json", '["é", "%C3%A9x"]', {"é", "éx"}),
    ("json", '["m"]\u00a0', None),
    ("json", "\ufeff" + '["m"]', None),
    ("json", '%EF%BB%BF["m"]', None),
    ("json", '[%0A"m"%0D]', {"m"}),
    ("json", '["m"%0B]', None),
    ("json", '["m%0A"]', None),
    ("json", "['m']", None),
    ("json", '["m",]', None),
    ("json", '{"m": true, "x": 1e999, "y": -0, "z": 1.5E+3}', {"m"}),
    ("json", '{"m": true, "x": 01}', None),
    ("json", '{"m": true, "x": -Infinity}', None),
    ("json", '{"m": true, "x": ' + "1" * 2000 + "}", {"m"}),
    ("json", '{"m": true, "x": ' + "1" * 5000 + "}", {"m"}),
    ("json", '{"m": true, "x": ' + "[" * 199 + "]" * 199 + "}", {"m"}),
    ("json", '{"m": true, "x": ' + "[" * 200 + "]" * 200 + "}", None),
    ("json", '["m%ZZ"]', None),
    ("json", '["m%"]', None),
    ("json", '["m%u006d"]', None),
    ("json", '["m%FF"]', None),
    ("json", '["m%ED%A0%80"]', None),  # half of a pair of surrogates
    ("json", '["m%C0%80"]', None),  # more octets than needed
    ("json", '["m\ufffd"]', None),
    ("json", '["m%EF%BF%BD"]', {"m\ufffd"}),
    ("list", "é,%C3%A9x,日本,a€", {"é", "éx", "日本", "a€"}),
    ("list", "٣,²,_", {"٣", "²", "_"}),
    ("list", "𝒳", {"𝒳"}),
    ("list", "a\u00a0b", {"a\u00a0b"}),
    ("list", "a%C2%85b", None),
    ("list", "a%1Cb", None),
    ("list", "a%0Bb%0C%0D%0Ac", {"a", "b", "c"}),
    ("list", "a%E2%80%A8b", {"a\u2028b"}),
    ("list", "|, a ,|", {"a"}),
    ("list", "100%", None),
    ("list", "%e9", None),
    ("list", "a!b", None),
    ("klaro", '{"m": true, "x": null}', None),
    ("klaro", '{"m": true, "m": false}', set()),
    ("klaro", '{"__proto__": true, "m": false}', {"__proto__"}),
    ("klaro", "{}", set()),
    ("klaro", "null", None),
    (
        "cookiebot",
        "{necessary:true,preferences:false,statistics:true,marketing:true}",
        {"necessary", "statistics", "marketing"},
    ),
    (
        "cookiebot",
        "{ necessary : true , preferences:false,%0Bstatistics:false,marketing:false}",
        {"necessary"},
    ),
    ("cookiebot", "{\u00a0necessary:true,preferences:false,statistics:true,marketing:true}", None),
    ("cookiebot", "{%1Cnecessary:true,preferences:false,statistics:true,marketing:true}", None),
    ("cookiebot", "{necessary:true,preferences:false,statistics:true,marketing:true}x", None),
    ("cookiebot", "{necessary:true,preferences:false,statistics:true,marketing:True}", None),
    ("cookiebot", "-1%20", None),
    ("onetrust", "x=%zz&groups=C0001%3A1", None),
    ("onetrust", "x=%&groups=C0001%3A1", None),
    ("onetrust", "x=%FF&groups=C0001%3A1", None),
    ("onetrust", "x=%C3&y=%A9&groups=C0001%3A1", None),
    ("onetrust", "%67roups=C0001%3A1&&&", {"C0001"}),
    ("onetrust", "groups%3DC0001:1", {"C0001"}),
    ("onetrust", "x%26groups=C0002:1&groups=C0001:1", {"C0001"}),
    ("onetrust", "groups=Cé:1", None),
    ("onetrust", "groups=C0001:1,", None),
    ("onetrust", "groups=C0001:1, C0002:1", None),
    ("onetrust", "groups=C0001:1,C0001:0", {"C0001"}),
    ("onetrust", "groups=C0001:1%0A", None),
    ("onetrust", "&" * 500 + "groups=C0001:1", {"C0001"}),
    ("tcf", TC[:28], None),
    ("tcf", TC[:30], {"1", "3", "9", "10"}),
    ("tcf", TC[:32], {"1", "3", "9", "10"}),
    ("tcf", TC[:30] + "%2E", {"1", "3", "9", "10"}),
    ("tcf", TC[:30] + "=", None),
    ("tcf", TC[:30] + "é", None),
]


@pytest.mark.parametrize(("form", "value", "words"), READ)
def test_a_consent_cookie_is_read_as_its_manager_writes_it_or_not_at_all(
    form: str, value: str, words: set[str] | None
) -> None:
    assert granted(ConsentFormat(form), [value.encode()]) == words


@pytest.mark.parametrize("form", ConsentFormat)
@pytest.mark.parametrize("value", [b"\xff\xfe", b"%ff", b"a" * 100_000, b" " * 20_000])
def test_what_is_no_text_or_too_long_is_unknown(form: ConsentFormat, value: bytes) -> None:
    assert granted(form, [value]) is None


@given(st.sampled_from(ConsentFormat), st.binary(max_size=200))
def test_no_value_makes_reading_fail(form: ConsentFormat, value: bytes) -> None:
    words = granted(form, [value])
    assert words is None or all(isinstance(word, str) for word in words)


@given(st.binary(min_size=22, max_size=60))
def test_a_tc_string_says_the_bits_of_its_purposes(octets: bytes) -> None:
    """A literal reading of the bits beside ours."""
    version_2 = bytes([octets[0] & 0b11 | 2 << 2]) + octets[1:]
    number = int.from_bytes(version_2, "big")
    length = len(version_2) * 8
    expected = {str(n) for n in range(1, 25) if number >> (length - 1 - (152 + n - 1)) & 1}
    value = base64.urlsafe_b64encode(version_2).rstrip(b"=")
    assert granted(ConsentFormat.TCF, [value]) == expected


def test_two_values_that_disagree_are_unknown_and_two_that_agree_are_one() -> None:
    assert granted(ConsentFormat.LIST, [b"a,b", b"b|a"]) == {"a", "b"}
    assert granted(ConsentFormat.LIST, [b"a", b"b"]) is None
    assert granted(ConsentFormat.LIST, [b"a", b"{}"]) is None
    assert granted(ConsentFormat.LIST, []) is None


NO, GPC = Reason.NO_CONSENT, Reason.GPC
GATES = [
    # gpc, words, unknown grants, Sec-GPC, why not
    (Gpc.IGNORE, "a,b", False, False, None),
    (Gpc.IGNORE, "a,b", False, True, None),
    (Gpc.IGNORE, "a", False, False, NO),  # all of granted_by
    (Gpc.IGNORE, "", False, True, NO),
    (Gpc.IGNORE, None, False, False, NO),
    (Gpc.IGNORE, None, True, True, None),
    (Gpc.DENY, "a,b", False, False, None),
    (Gpc.DENY, "a,b", False, True, GPC),
    (Gpc.DENY, None, True, True, GPC),
    (Gpc.DEFAULT, "a,b", False, True, None),
    (Gpc.DEFAULT, "", False, True, NO),
    (Gpc.DEFAULT, None, True, True, GPC),
    (Gpc.DEFAULT, None, True, False, None),
]


@pytest.mark.parametrize(("gpc", "words", "unknown_grants", "header", "reason"), GATES)
def test_a_gate_opens_for_all_its_words_and_gpc_closes_it_as_the_policy_says(
    gpc: Gpc, words: str | None, unknown_grants: bool, header: bool, reason: Reason | None
) -> None:
    consent = Consent(
        "c", ConsentFormat.LIST, unknown_grants, (Category("x", "", True, frozenset("ab"), gpc),)
    )
    values = [] if words is None else [words.encode()]
    assert denied(consent, values, header) == ({("x", reason)} if reason else NOTHING)


def test_of_two_states_the_stricter_counts() -> None:
    one: Denied = frozenset({("x", NO)})
    other: Denied = frozenset({("x", GPC), ("y", GPC)})
    assert stricter(one, other) == {("x", NO), ("y", GPC)}
    assert stricter(NOTHING, one) == one
