"""Answers of visitors in the forms of consent managers, each with the words that it grants; None if unreadable."""

import base64
import json
from pathlib import Path
from urllib.parse import quote

from tests.support.bits import base64url, bit_field, gpp_header, ranges, tc

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
TC_CORE = TC.partition(".")[0]
TC_WORDS = {"1", "3", "9", "10"} | {
    f"vendor:{number}"
    for number in (
        2, 3, 6, 7, 8, 10, 12, 13, 14, 15, 16, 21, 25, 27, 30, 31, 34, 35, 37, 38, 39, 42, 43, 49, 52, 54, 55, 56, 57, 59, 60, 63, 64,
        65, 66, 67, 68, 69, 73, 74, 76, 78, 83, 86, 87, 89, 90, 92, 96, 99, 100, 106, 109, 110, 114, 115,
    )
}  # fmt: skip
"""Words of the specification's example, as `@iabtcf/core` of IAB Tech Lab decodes it."""

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
    ("json", "1" * 4_000, None),
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
    ("tcf", TC, TC_WORDS),
    ("tcf", TC_CORE, TC_WORDS),
    ("tcf", TC[:29], None),  # 174 bits: cut within the purposes
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
    ("json", '{"m": true, "x": ' + "1" * 4070 + "}", {"m"}),
    ("json", '{"m": true, "x": ' + "1" * 4100 + "}", None),  # longer than any cookie
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
    ("tcf", TC[:32], None),
    ("tcf", TC_CORE[:50], None),  # cut within the vendors
    ("tcf", TC_CORE + "%2E", None),
    ("tcf", TC_CORE + ".", None),
    ("tcf", TC_CORE + "=", None),
    ("tcf", TC_CORE + "é", None),
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
    "tcf": TC_WORDS,
    "gpp": {"1", "3", "4", "vendor:2", "vendor:755", "vendor:1126", "us:sale", "us:sharing"},
    "cookieyes": {"necessary", "analytics"},
    "didomi": {
        "p4em9a8m", "partenaire-cAsDe8jC", "CL-T1Rgm7", "M9NRHJe3G", "q4zlJqdcD", "vendor:amazon", "vendor:google",
        "vendor:c:reseauxso-VFepKrLR", "vendor:c:partenaire-X9SDWkg2", "vendor:c:personnali-X3VcxzRD",
        "vendor:c:googleana-h7Kc3e7Y", "vendor:c:publicite-tFRF4d39",
    },
    "axeptio": {"google_analytics", "vimeo"},
    "cookieconsent": {"necessary", "analytics", "analytics:ga"},
    "consent_mode": {"analytics_storage", "security_storage"},
}  # fmt: skip
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
    ("tcf", f'"{TC}"', TC_WORDS),
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
    ("tcf", "s:" + TC + SIGNATURE, TC_WORDS),
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


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ALL_PURPOSES = {str(purpose) for purpose in range(1, 25)}
READ += [
    # TC strings of version 2, with vendors as bits or ranges; the first two are examples of the specification
    ("tcf", "COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw", {"1", "2", "3", "vendor:2", "vendor:6", "vendor:8"}),
    ("tcf", "COw4XqLOw4XqLAAAAAENAXCAAAAAAAAAAAAAAAAAAAAA.IFukWSQgAIQwgI0QEByFAAAAeIAACAIgSAAQAIAgEQACEABAAAgAQFAEAIAAAGBAAgAAAAQAIFAAMCQAAgAAQiRAEQAAAAANAAIAAggAIYQFAAARmggBC3ZCYzU2yIA.QFukWSQgAIQwgI0QEByFAAAAeIAACAIgSAAQAIAgEQACEABAAAgAQFAEAIAAAGBAAgAAAAQAIFAAMCQAAgAAQiRAEQAAAAANAAIAAggAIYQFAAARmggBC3ZCYzU2yIA.YAAAAAAAAAAAAAAAAAA", set()),
    ("tcf", "CQuci4AQuci4AAAAAAENAAFgAKAAAAAAAAAAGMwAwABALzAYyAAAAAAA.IHCQAwABALzAcIAA.YAAAAAAAAAAA", {"1", "3", "vendor:2", "vendor:755"}),
    ("tcf", tc(bit_field(0, []), range(1, 25)), ALL_PURPOSES),
    ("tcf", tc(bit_field(0, []), []), set()),
    ("tcf", tc(bit_field(755, [2, 755])), {"1", "vendor:2", "vendor:755"}),
    ("tcf", tc(ranges(755, 2, 755)), {"1", "vendor:2", "vendor:755"}),
    ("tcf", tc(ranges(755, (2, 4), 755)), {"1", "vendor:2", "vendor:3", "vendor:4", "vendor:755"}),
    ("tcf", tc(ranges(755, 755, (2, 3), 3)), {"1", "vendor:2", "vendor:3", "vendor:755"}),  # in any order
    ("tcf", tc(ranges(755)), {"1"}),
    ("tcf", tc(ranges(755, (4, 4))), {"1", "vendor:4"}),
    ("tcf", tc(ranges(755, (4, 3))), None),
    ("tcf", tc(ranges(755, 0)), None),
    ("tcf", tc(ranges(755, 756)), None),  # above MaxVendorId
    ("tcf", tc(ranges(755, (755, 756))), None),
    ("tcf", tc(ranges(755, 2, count=2)), None),
    ("tcf", tc(ranges(755, (2, 3), count=2)), None),
    ("tcf", tc(ranges(755, 2)[:-4]), None),
    ("tcf", tc(ranges(755, (2, 3))[:-8]), None),
    ("tcf", tc(ranges(755)[:-8]), None),
    ("tcf", tc(bit_field(755, [2])[:-8]), None),
    ("tcf", tc(bit_field(755, [2])[:12]), None),
    ("tcf", tc(bit_field(4096, [4096])), {"1", "vendor:4096"}),
    ("tcf", tc(bit_field(4097, [2])), None),
    ("tcf", tc(ranges(4097, 2)), None),
    ("tcf", tc(ranges(755, *[2] * 241)), {"1", "vendor:2"}),
    ("tcf", tc(ranges(755, *[2] * 242)), None),
    ("tcf", tc(bit_field(3, [2]), version=1), None),
    ("tcf", tc(bit_field(3, [2]), version=3), None),
    # disclosed vendors
    ("tcf", tc(bit_field(755, [2, 755]), disclosed=bit_field(755, [2, 3])), {"1", "vendor:2"}),
    ("tcf", tc(bit_field(755, [2, 755]), disclosed=ranges(2, 2)), {"1", "vendor:2"}),
    ("tcf", tc(ranges(3, 2), disclosed=ranges(755, 755, 2)), {"1", "vendor:2"}),
    ("tcf", tc(bit_field(3, [2]), disclosed=bit_field(0, [])), {"1"}),
    ("tcf", tc(bit_field(3, [2]), disclosed=bit_field(755, [2])[:-9]), None),
    ("tcf", tc(bit_field(3, [2]), disclosed=""), None),
    ("tcf", tc(bit_field(3, [2]), disclosed=bit_field(3, [2])) + "." + base64url("001" + bit_field(3, [2])), None),  # twice
    ("tcf", tc(bit_field(3, [2])) + ".YAAA." + base64url("001" + bit_field(3, [])), {"1"}),  # in any order
    ("tcf", tc(bit_field(3, [2])) + ".YAAA.QAAA", {"1", "vendor:2"}),
    ("tcf", tc(bit_field(3, [2])) + ".YAAA.YAAA", None),
    ("tcf", tc(bit_field(3, [2])) + ".AAAA", None),  # segments of unknown types
    ("tcf", tc(bit_field(3, [2])) + ".gAAA", None),
    ("tcf", tc(bit_field(3, [2])) + ".YA+A", None),
    ("tcf", tc(bit_field(3, [2])) + ".YAAA.QAAA.IAAA.YAAA", None),
    ("tcf", tc(bit_field(3, [2])) + ".YAAA.QAAA.IAAA.YAAA.YAAA", None),
    # GPP strings, as IAB Tech Lab's encoder (@iabgpp/cmpapi 3.2.0) writes them
    ("gpp", "DBACNYA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN", {"us:sale"}),  # the specification's examples
    ("gpp", "DBABjw~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA~1YNN", {"us:sale"}),
    ("gpp", "DBABMA~CPXxRfAPXxRfAAfKABENB-CgAAAAAAAAAAYgAAAAAAAA", set()),
    ("gpp", "DBABMA~CQuci4AQuci4AAAAAAENAAFgAKAAAAAAAAAAGMwAwABALzAYyAAAAAAA.IHCQAwABALzAcIAA.YAAAAAAAAAAA", {"1", "3", "vendor:2", "vendor:755"}),
    ("gpp", "DBADMZg~CQuci4AQuci4AAAAAAENAAFgAOAAAAAAAAAAF5wAwABAAMAXmAAAAAAA.IAAA.YAAAAAAAAAAA~BQufHwdQufHwdAAAAAENAACAAQAAAAAAAAAAAAAAAA.YAAAAAAAAAA~CAAqAAAAAABA.QA", {"1", "2", "3", "us:sale", "us:sharing", "us:targeted-advertising"}),
    ("gpp", "DBABLA~CVQVAAAAAACA.QA", set()),  # opted out of all
    ("gpp", "DBABLA~CVQqAAAAAACA.QA", {"us:sale", "us:sharing", "us:targeted-advertising"}),
    ("gpp", "DBABLA~BAAhAAAAAgA.QA", {"us:sale"}),  # version 1; sharing is not applicable
    ("gpp", "DBABLA~BVVqAAAAAmA", {"us:sale", "us:sharing", "us:targeted-advertising"}),
    ("gpp", "DBABBg~BUoAAACA.QA", {"us:sale", "us:sharing"}),
    ("gpp", "DBABrw~CAAqAAAAAABA.QA~BAYAAABA.QA", {"us:sharing", "us:targeted-advertising"}),  # no sale in California
    ("gpp", "DBABTA~1YNN", {"us:sale"}),
    ("gpp", "DBABTA~1YYN", set()),
    ("gpp", "DBABTA~1---", set()),
    ("gpp", "DBABTA~1YN", None),
    ("gpp", "DBABTA~2YNN", None),
    ("gpp", "DBABTA~1ynn", None),
    ("gpp", "DBABRg~BAkAABA", {"us:sale"}),  # states from Virginia, opted out of advertising
    ("gpp", "DBABJg~BAkAAEA.QA", {"us:sale"}),
    ("gpp", "DBABFg~BAJAAAQA", {"us:sale"}),
    ("gpp", "DBABVg~BAkAAAEA.QA", {"us:sale"}),
    ("gpp", "DBABAw~BAkAAABA", {"us:sale"}),
    ("gpp", "DBABQw~BAkAAABA.QA", {"us:sale"}),
    ("gpp", "DBABIw~BAkAAAABAA.QA", {"us:sale"}),
    ("gpp", "DBABEw~BAkAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABUw~BAkAAAABAA.QA", {"us:sale"}),
    ("gpp", "DBABCw~BAJAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABSw~BAkAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABKw~BAkAAABA.QA", {"us:sale"}),
    ("gpp", "DBABAYA~BAkAAAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABQYA~BAkAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABIYA~BAkAAAQA.QA", {"us:sale"}),
    ("gpp", "DBABEYA~BQCA.QA", None),  # Maryland
    ("gpp", "DBABRg~BA0AABA", None),  # 3 is not a value
    ("gpp", "DBABLA~CAA_AAAAAABA", None),
    ("gpp", "DBABRg~CAkAABA", None),  # version 2 is not known
    ("gpp", "DBABLA~DVQqAAAAAACA", None),
    ("gpp", "DBABLA~AVQqAAAAAACA", None),
    ("gpp", "DBABRg~BAkAA", None),
    ("gpp", "DBABRg~", None),
    ("gpp", "DBABRg~BAkAABA.", None),
    ("gpp", "DBABRg~BAkAABA.QA.QA", None),
    ("gpp", "DBABRg~BAk=ABA", None),
    ("gpp", "DBABMA~BQuci4AQuci4AAAAAAENAAFgAKAAAAAAAAAAGMwAwABALzAYyAAAAAAA", None),  # TCF of version 1
    ("gpp", "DBABRg", None),
    ("gpp", "DBABRg~BAkAABA~BAkAABA", None),
    ("gpp", "DBAA", None),  # without sections, and so without an answer
    ("gpp", "DBAA~BAkAABA", None),
    ("gpp", "", None),
    ("gpp", "~", None),
    ("gpp", "1YNN", None),
    ("gpp", "DBABRg%7EBAkAABA", {"us:sale"}),
    ("gpp", TC, None),
    ("gpp", gpp_header((5, 1)) + "~BAAA~1YNN", {"us:sale"}),
    ("gpp", gpp_header(5, 1) + "~BAAA~1YNN", {"us:sale"}),
    ("gpp", gpp_header(5, 1, count=3) + "~BAAA~1YNN", None),
    ("gpp", gpp_header(5, 1, count=1) + "~BAAA", None),  # more bits than items
    ("gpp", gpp_header(5) + "AAA~BAAA", set()),
    ("gpp", gpp_header(5) + "A" * 100 + "~BAAA", None),
    ("gpp", gpp_header(24) + "~BAAA", None),
    ("gpp", gpp_header(100) + "~BAAA", None),
    ("gpp", gpp_header((20, 4)) + "~BAAA" * 5, None),
    ("gpp", gpp_header(1) + "~BAAA", None),  # sections that are deprecated, or not defined
    ("gpp", gpp_header(3) + "~BAAA", None),
    ("gpp", gpp_header(5, start="000100000001") + "~BAAA", None),  # another type, another version
    ("gpp", gpp_header(5, start="000011000010") + "~BAAA", None),
    ("gpp", "DBA~BAAA", None),
    ("gpp", "DBAB~BAAA", None),
    ("gpp", "DBAB__~BAAA", None),
    ("gpp", "DBABQ~BAAA", None),
    # CookieYes
    ("cookieyes", "consentid:MGxVTmZMQUlaZkpCcWFV,consent:no,action:yes,necessary:yes,functional:no,analytics:no", {"necessary"}),
    ("cookieyes", "consentid:MGxVTmZM,consent:yes,action:yes,necessary:yes,analytics:yes,lastRenewedDate:1734509533000", {"necessary", "analytics"}),
    ("cookieyes", "consentid:MGxVTmZM,consent:,action:,necessary:,functional:,analytics:,lastRenewedDate:1734509533000", None),  # not answered
    ("cookieyes", "consentid:MGxVTmZM,consent:yes,action:yes,necessary:yes,new-one:", {"necessary"}),
    ("cookieyes", "consentid:MGxVTmZM,consent:yes,action:,analytics:yes", None),
    ("cookieyes", "action:yes", set()),
    ("cookieyes", "action:no,analytics:yes", None),
    ("cookieyes", "action:yes,analytics:maybe", None),
    ("cookieyes", "action:yes,analytics:Yes", None),
    ("cookieyes", "action:yes,analytics:yes,analytics:no", None),
    ("cookieyes", "action:yes,analytics", None),
    ("cookieyes", "action:yes,", None),
    ("cookieyes", "action:yes, analytics:yes", None),
    ("cookieyes", "action:yes,m:yes,__proto__:yes,constructor:no", {"m", "__proto__"}),
    ("cookieyes", "action:yes%2Cm:yes", {"m"}),
    ("cookieyes", "action:yes%2C+m:yes", None),
    ("cookieyes", "", None),
    # Didomi
    ("didomi", in_base64('{"user_id":"1784114c","purposes":{"enabled":["m","x"],"disabled":["x","y"]},"vendors":{"enabled":[],"disabled":["google"]}}'), {"m"}),
    ("didomi", in_base64('{"vendors":{"enabled":["m"]}}'), {"vendor:m"}),
    ("didomi", in_base64('{"vendors":{"enabled":["m"]}}').rstrip("="), {"vendor:m"}),
    ("didomi", in_base64('{"vendors":{"enabled":["m"]}} ').replace("=", "%3D"), {"vendor:m"}),
    ("didomi", in_base64('{"purposes":{},"purposes_li":{"enabled":["m"]},"vendors_li":{"enabled":["m"]}}'), set()),
    ("didomi", in_base64('{"user_id":"1784114c","created":"2026-03-17T16:46:32.344Z","version":2}'), None),  # not answered
    ("didomi", in_base64('{"purposes":{"enabled":["é","m","m>?~"]}}'), {"é", "m", "m>?~"}),
    ("didomi", in_base64('{"purposes":{"enabled":["?>~?>~?"]}}'), {"?>~?>~?"}),
    ("didomi", in_base64('{"purposes":{"enabled":"m"}}'), None),
    ("didomi", in_base64('{"purposes":{"disabled":[1]}}'), None),
    ("didomi", in_base64('{"purposes":["m"]}'), None),
    ("didomi", in_base64('{"purposes":{"enabled":["m"]},"vendors":null}'), None),
    ("didomi", in_base64('{"purposes":null,"vendors":{"enabled":["m"]}}'), None),
    ("didomi", in_base64('{"__proto__":{"purposes":{"enabled":["m"]}}}'), None),
    ("didomi", in_base64('["m"]'), None),
    ("didomi", in_base64("m"), None),
    ("didomi", base64.b64encode(b'{"purposes":{"enabled":["\xe9"]}}').decode(), None),
    ("didomi", in_base64('{"purposes":{"enabled":["m"]}}') + "=", {"m"}),
    ("didomi", in_base64('{"purposes":{"enabled":["m"]}}') + "===", None),
    ("didomi", in_base64('{"purposes":{"enabled":["m"]}}') + "A", None),
    ("didomi", in_base64('{"purposes":{"enabled":["m"]}}')[:7] + " " + in_base64('{"purposes":{"enabled":["m"]}}')[7:], None),
    ("didomi", "=", None),
    ("didomi", "-_-_", None),
    ("didomi", "", None),
    # Axeptio
    ("axeptio", "{%22$$token%22:%22h1gr263utwgrlqk71r2ii%22%2C%22$$date%22:%222021-08-08T10:41:59.523Z%22%2C%22$$completed%22:true%2C%22ContentSquare%22:false%2C%22google_analytics%22:true}", {"google_analytics"}),
    ("axeptio", "{%22$$token%22:%22t1v1w821zpyn4r5rvtwdd%22%2C%22$$date%22:%222024-06-16T05:19:22.179Z%22%2C%22$$cookiesVersion%22:{}%2C%22$$completed%22:false}", None),  # not answered
    ("axeptio", '{"$$completed":true}', set()),
    ("axeptio", '{"$$completed":true,"m":true,"$m":true,"$$m":true}', {"m", "$m"}),
    ("axeptio", '{"$$completed":true,"m":1}', None),
    ("axeptio", '{"$$completed":1,"m":true}', None),
    ("axeptio", '{"m":true}', None),
    ("axeptio", '{"$$completed":true,"$$completed":false,"m":true}', None),
    ("axeptio", '{"$$completed":true,"__proto__":true,"m":false}', {"__proto__"}),
    ("axeptio", '["$$completed"]', None),
    ("axeptio", "null", None),
    # orestbida's CookieConsent
    ("cookieconsent", VANILLA, {"necessary", "analytics", "analytics:ga"}),
    ("cookieconsent", quote(VANILLA), {"necessary", "analytics", "analytics:ga"}),
    ("cookieconsent", '{"categories":["necessary"],"level":["necessary","analytics"],"revision":0,"data":null,"rfc_cookie":false}', {"necessary"}),
    ("cookieconsent", '{"level":["necessary","analytics"],"revision":0,"data":null,"rfc_cookie":false}', {"necessary", "analytics"}),
    ("cookieconsent", '{"categories":[],"services":{}}', set()),
    ("cookieconsent", '{"categories":[],"services":{"m":["x","y"]}}', {"m:x", "m:y"}),
    ("cookieconsent", '{"categories":null,"level":["m"]}', None),
    ("cookieconsent", '{"categories":["m"],"services":null}', None),
    ("cookieconsent", '{"categories":["m"],"services":["x"]}', None),
    ("cookieconsent", '{"categories":["m"],"services":{"m":"x"}}', None),
    ("cookieconsent", '{"categories":["m"],"services":{"m":[1]}}', None),
    ("cookieconsent", '{"categories":["m"],"services":{"__proto__":["x"]}}', {"m", "__proto__:x"}),
    ("cookieconsent", '{"__proto__":{"categories":["m"]}}', None),
    ("cookieconsent", '{"categories":"m"}', None),
    ("cookieconsent", '{"m":true}', None),
    ("cookieconsent", '["m"]', None),
    ("cookieconsent", "null", None),
    # Google's Consent Mode
    ("consent_mode", '{"ad_storage":"granted","analytics_storage":"denied"}', {"ad_storage"}),
    ("consent_mode", quote('{"ad_storage":"denied","ad_user_data":"denied","ad_personalization":"denied","analytics_storage":"granted","functionality_storage":"granted","personalization_storage":"granted","security_storage":"granted"}'), {"analytics_storage", "functionality_storage", "personalization_storage", "security_storage"}),
    ("consent_mode", '{"ad_storage":"denied"}', set()),
    ("consent_mode", '{"ad_storage":"granted","wait_for_update":500}', None),
    ("consent_mode", '{"ad_storage":true}', None),
    ("consent_mode", '{"ad_storage":["granted"]}', None),
    ("consent_mode", '{"ad_storage":"Granted"}', None),
    ("consent_mode", '{"analytics":"granted"}', None),
    ("consent_mode", '{"ad_storage":"denied","ad_storage":"granted"}', {"ad_storage"}),
    ("consent_mode", "{}", None),
    ("consent_mode", '["ad_storage"]', None),
    ("consent_mode", "granted", None),
]  # fmt: skip
