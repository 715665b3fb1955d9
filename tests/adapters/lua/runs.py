"""The compiled engine in a Lua interpreter, on many exchanges at once."""

import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from cookiewarden.adapters.lua.compile import engine_and_policy, literal
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.policy.policy import Policy
from tests.support import exchanges, policies
from tests.support.process import ended

POLICY = (
    exchanges.POLICY.replace(", evict: host", "").replace(", rename_to: __Host-ab", "").replace(", stage: report", "")
)
"""The policy of the exchanges without the rules that are not compiled."""
NOW = 1795600800
DATES = ([], [], [b"Wed, 25 Nov 2026 10:00:00 GMT"], [b"x"], [b"Wed, 25 Nov 2025 10:00:00 GMT"], [b"x", b"y"])
ODD = [
    "Expires=Wed, 25 Nov 2026 23:59:59 GMT", "Expires=Thu, 31-Dec-26 23:59:59 GMT", "expires = 1 Jan 2030 1:2:3", "Max-Age=3600", "Max-Age=03600", "Max-Age = 60",
    "Max-Age=99999999999999", "Domain=", "Domain=a.shop.example", "SameSite", "Path", "Path=", "Max-Age=60\t", "\tSecure", "HttpOnly=1", "Expires=Sat, 30 Feb 2027 00:00:00 GMT",
    "Expires=Thu, 29 Feb 2028 00:00:00 GMT", "Expires=Fri, 31 Dec 9999 23:59:59 GMT", "x" * 1100, "Path=/" + "y" * 1100, "Expires=" + "z" * 1100,
]  # fmt: skip
ANSWERS = [
    b"m", b"f,m", b"f|m", b'"m"', b'"f\\054m"', b"f%2Cm", b"f%2cm+x", b"s:m.%s" % (b"A" * 43), b"%", b"\xff", b"m\xc2\x80", b"\xef\xbf\xbd", b"f m", b"", b'"', b'"f\\"m"', b"caf\xc3\xa9,m",
]  # fmt: skip
DRIVER = """
local out = {}
local function json(text)
  return '"' .. string.gsub(text, '[%z\\1-\\31"\\\\\\127-\\255]', function(c) return string.format("\\\\u%04x", string.byte(c)) end) .. '"'
end
for _, case in ipairs(cases) do
  local function value(name) return function() return case[name] end end
  local scope = engine.request(policy, value("host"), value("target"), case.https, case.cookie, value("gpc"))
  local left = case.cookie and engine.cookie(policy, case.cookie, scope)
  local sent, is_same = engine.set_cookies(policy, case.lines, scope, value("dates"), value("now"))
  assert(is_same == (table.concat(sent, "\0") == table.concat(case.lines, "\0")))
  for at = 1, #sent do sent[at] = json(sent[at]) end
  out[#out + 1] = "[" .. (left and json(left) or "null") .. ",[" .. table.concat(sent, ",") .. "]]"
end
print("[" .. table.concat(out, ",") .. "]")
"""


@dataclass
class Case:
    """An exchange."""

    host: bytes
    target: bytes
    https: bool
    cookie: bytes | None
    lines: list[bytes]
    gpc: list[bytes] = field(default_factory=list)
    dates: list[bytes] = field(default_factory=list)
    now: int = NOW


Result = tuple[bytes | None, list[bytes]]
"""The Cookie field that is left, and the Set-Cookie lines."""


def cases(count: int, seed: int) -> list[Case]:
    """Return random exchanges with ordinary and odd lines."""
    chance = random.Random(seed)
    attributes = exchanges.ATTRIBUTES + ODD
    return [_case(chance, number, attributes) for number in range(count)]


def _case(chance: random.Random, number: int, attributes: list[str]) -> Case:
    fields = [
        (n.lower(), v.strip().encode("latin-1")) for n, _, v in (x.partition(":") for x in exchanges._request(chance))
    ]
    cookie = next((value for name, value in fields if name == "cookie"), None)
    if cookie is not None and chance.random() < 0.3:
        cookie += b"; pref=" + chance.choice(ANSWERS)
    lines = [line.rstrip(" \t") for line in exchanges._response(chance)]
    if chance.random() < 0.3:
        lines = ["; ".join([line, *chance.choices(attributes, k=chance.randrange(7))]).rstrip(" \t") for line in lines]
    host = chance.choice([b"shop.example", b"SHOP.example:8080", b"other.example", b"localhost", b"127.0.0.1", b""])
    gpc = chance.choice([[], [value for name, value in fields if name == "sec-gpc"], [b"1, 1"], [b"1", b"0"], [b""]])
    return Case(host, b"/n/%d?x" % number, chance.random() < 0.6, cookie, [line.encode("latin-1") for line in lines], gpc, chance.choice(DATES))  # fmt: skip


def wanted(policy: str, found: list[Case]) -> list[Result]:
    """Return the results of the engine."""
    engine = policies.engine(policy)
    results: list[Result] = []
    for case in found:
        fields = [(b"sec-gpc", value) for value in case.gpc]
        if case.cookie is not None:
            fields.append((b"cookie", case.cookie))
        of = Exchange(case.host, case.target, case.https, fields, b"GET")
        answered = [*((b"date", date) for date in case.dates), *((b"set-cookie", line) for line in case.lines)]
        left = [value for name, value in engine.on_request(fields, of, case.now).headers if name == b"cookie"]
        sent = [value for name, value in engine.on_response(answered, of, case.now).headers if name == b"set-cookie"]
        results.append((left[0] if left else None, sent))
    return results


def judged(policy: Policy, found: list[Case], folder: Path, interpreter: str) -> list[Result]:
    """Return the results of the compiled policy in an interpreter."""
    assert shutil.which(interpreter), f"{interpreter} is missing; install Debian's {interpreter}"
    path = folder / "engine.lua"
    # A function for each case, because a function in Lua has at most 65,536 constants.
    made = [f"(function() return {literal(vars(case))} end)()" for case in found]
    path.write_text(
        "\n".join(
            [engine_and_policy(policy), "local cases = {}", *(f"cases[#cases + 1] = {one}" for one in made), DRIVER]
        )
    )
    done = ended(interpreter, path)  # an interpreter is another program
    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)
    return [
        (None if left is None else left.encode("latin-1"), [line.encode("latin-1") for line in sent])
        for left, sent in results
    ]
