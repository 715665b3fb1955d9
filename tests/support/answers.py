"""Answers of visitors in the forms of consent managers, each with the words that it grants; None if unreadable."""

import json
from pathlib import Path
from urllib.parse import quote

COOKIEBOT = (
    "{stamp:%27f1yVQ==%27%2Cnecessary:true%2Cpreferences:false%2Cstatistics:true%2Cmarketing:false"
    "%2Cmethod:%27explicit%27%2Cver:1%2Cutc:1740000000000%2Cregion:%27nl%27}"
)
VANILLA = (
    '{"categories":["necessary","analytics"],"revision":0,"data":null,"services":{"necessary":[],"analytics":["ga"]}}'
)

ONETRUST = (
    "isGpcEnabled=0&datestamp=Wed+Nov+25+2026+10%3A00%3A00+GMT%2B0100&version=202405.1.0&isIABGlobal=false&hosts="
    "&consentId=5d0f&interactionCount=1&landingPath=NotLandingPage&groups=C0001%3A1%2CC0002%3A1%2CC0004%3A0"
)

TC = "CLcVDxRMWfGmWAVAHCENAXCkAKDAADnAABRgA5mdfCKZuYJez-NQm0TBMYA4oCAAGQYIAAAAAAEAIAEgAA.argAC0gAAAAAAAAAAAA"

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
    ("tcf", TC[:33], None),  # not a length of base64
    ("tcf", "B" + TC[1:], None),  # version 1
    ("tcf", "COxS+/", None),
    ("tcf", "", None),
    # possible differences of script and proxy; tests/browser reads the same table in Chromium
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

SAID = {
    "list": {"necessary", "analytics"},
    "list, blanks": {"necessary", "analytics"},
    "json": {"necessary", "analytics"},
    "json, vanilla": {"necessary", "analytics"},
    "json, words": {"necessary", "statistics é"},
    "klaro": {"necessary", "matomo"},
    "cookiebot": {"necessary", "statistics"},
    "onetrust": {"C0001", "C0002"},
    "tcf": {"1", "3", "9", "10"},
}
"""The words of the answers in tests/data/consent/frameworks.json, by format and kind."""
FRAMEWORKS = json.loads((Path(__file__).parents[1] / "data/consent/frameworks.json").read_text())
"""Answers, and how libraries wrote them. `source` names the call, or the documentation if the library did not run."""
UNREAD = {
    # `é` as an octet that is not valid UTF-8
    ("http.cookies of Python 3.11.7, as Django, Starlette and Tornado use it", "json, words"),
    # a blank as `+` within a word, which js-cookie writes for a `+`
    ("PHP 8.2.36, form-encoded", "json, words"),
    ("Rack 2.2.22 (Rails)", "json, words"),
    ("Tomcat 9.0.70, URLEncoder", "json, words"),
    ("ASP.NET 4, HttpUtility.UrlEncode", "json, words"),
    # OneTrust's own percent-encoding is encoded again, but its separators are not
    ("js-cookie 3.0.8", "onetrust"),
}
"""Writer and kind of the values that stay unknown."""
WRITTEN = [
    (
        each["writer"],
        kind.partition(",")[0],
        value,
        None if (each["writer"], kind) in UNREAD else SAID[kind],
    )
    for each in FRAMEWORKS["writers"]
    for kind, value in each["written"].items()
]
"""Writer, format, value in the cookie, and the words that it grants."""
READ += [(form, value, words) for _, form, value, words in WRITTEN]
SIGNATURE = ".Y78E4tsJIjLsvUitJqOYfFtazxVlShPSNIArtHFgSBc"
READ += [
    # quotes and their escapes
    ("list", '"m"', {"m"}),
    ("list", '"m\\054x"', {"m", "x"}),
    ("list", '"m%2Cx"', {"m", "x"}),
    ("list", "%22m%5C054x%22", {"m", "x"}),
    ("list", '"\\303\\251"', {"é"}),
    ("list", '"\\351"', None),
    ("list", '"é\\054\\360\\235\\222\\263"', {"é", "𝒳"}),
    ("list", '"\\045\\062\\103"', set()),
    ("list", '"m\\54"', None),
    ("list", '"m\\400"', None),
    ("list", '"m\\x"', None),
    ("list", '"m\\', None),
    ("list", '"m\\"', None),
    ("list", '"', None),
    ("list", '""', set()),
    ("list", '""m""', None),
    ("list", '"m', None),
    ("list", 'm"', None),
    ("list", "'m'", None),
    ("json", '"[\\"m\\"]"', {"m"}),
    ("json", '"["m"]"', {"m"}),
    ("json", '"[\\"m\\\\u00e9\\"]"', {"mé"}),
    ("json", '"[\\"m\\\\\\"x\\"]"', {'m"x'}),
    ("json", '"["m\\"x"]"', {'m"x'}),
    ("json", '"[\\"m\\"', None),
    ("json", '"[\\"\\357\\277\\275\\"]"', {"\ufffd"}),
    ("onetrust", '"groups=C0001:1\\054C0002:1"', {"C0001", "C0002"}),
    ("onetrust", '"groups=C0001:1\\046x"', {"C0001"}),
    ("onetrust", '"groups%3DC0001%253A1"', {"C0001"}),
    ("onetrust", "%22groups%3DC0001%253A1%22", {"C0001"}),
    ("onetrust", "x%3D%2526groups%253DC0002%253A1%26groups%3DC0001%3A1", {"C0001"}),
    ("onetrust", "groups%3DC0001%3A1%26groups%3DC0002%3A1", None),
    ("onetrust", "groups%3DC0001%25zz", None),
    ("tcf", f'"{TC}"', {"1", "3", "9", "10"}),
    # Express' prefixes
    ("json", 'j:["m"]', {"m"}),
    ("json", 's:j:["m"]' + SIGNATURE, {"m"}),
    ("json", 's:j:["m"]' + SIGNATURE[:-1], None),
    ("json", 's:j:["m"]', None),
    ("json", 'j:j:["m"]', None),
    ("json", 'j:s:["m"]' + SIGNATURE, None),
    ("json", "j:", None),
    ("json", 'J:["m"]', None),
    ("json", "s:" + SIGNATURE, None),
    ("klaro", 'j:{"m":true}', {"m"}),
    ("list", "s:m,x" + SIGNATURE, {"m", "x"}),
    ("list", "s:" + SIGNATURE, set()),
    ("list", "s:m%0Ax" + SIGNATURE, {"m", "x"}),
    ("list", 'j:["m"]', None),
    ("cookiebot", "s:0" + SIGNATURE, {"necessary"}),
    ("tcf", "s:" + TC + SIGNATURE, {"1", "3", "9", "10"}),
    # a blank that is written as `+`
    ("list", "m+x", None),
    ("list", "m%2C+x", {"m", "x"}),
    ("list", "m%2C%2Bx", None),
    ("json", "%5B+%22m%22+%5D", {"m"}),
    ("json", "%5B%22m+x%22%5D", None),  # `m+x` or `m x`
    ("json", "%7B%22m%22:true,%22x+y%22:false}", {"m"}),
    ("json", "%7B%22m%22:true,%22x%22:1e+5}", {"m"}),
    ("json", "%5B+%22m+x%22%5D", {"m x"}),
    ("json", "%5B+%22m%2Bx%22%5D", {"m+x"}),
    ("json", '[+"m"]', None),
    ("json", "%5B+%22m", None),
    ("cookiebot", "%7Bnecessary:true%2C+preferences:false,statistics:false,marketing:false}", {"necessary"}),
]
