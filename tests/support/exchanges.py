"""A few hundred fixed exchanges: ordinary and odd cookies of applications and browsers."""

import random

COUNT = 300
NAMES = ["sid", "lang", "pref", "i-1", "i-abc-9", "_ga", "tracker", "SID", "a.b", "%3bx", "__Host-t", "__Secure-u", "only-here"]  # fmt: skip
VALUES = ["1", "", '"q"', "a=b==", "x" * 300, "a b", "\u00e9", "%20", "{1:2}", "CANARY"]
ATTRIBUTES = [
    "Path=/", "Path=/n", "path=/ ", "Domain=shop.example", "Domain=.example", "Secure", "secure=false", "HttpOnly", "SameSite=None", "SameSite=lax", "SameSite=Strict",
    "SameSite=odd", "Max-Age=60", "Max-Age=99999999", "max-age=0", "Max-Age=-1", "Max-Age=x", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Expires=soon", "Partitioned", "Priority=High",
    "Unknown=1", "", " ",
]  # fmt: skip
POLICY = """version: 1
policy: corpus
undeclared: {response: block, request: strip, evict: host}
consent: {cookie: pref}
categories: {f: {basis: x}, m: {consent: required, gpc: deny}}
ceiling: 1y
cookies:
  - {name: sid, category: f, secure: true, http_only: true, same_site: {default: Lax}, path: /, lifetime: session}
  - {name: lang, category: f, same_site: {at_least: Lax}, domain: host-only, lifetime: 1h}
  - {name: pref, category: f, partitioned: true, lifetime: 1y}
  - {name: "i-*", category: m, secure: https, set_by: both}
  - {name: _ga, category: m, set_by: script, forward: false}
  - {name: "a.b", category: f, rename_to: __Host-ab}
  - {name: "__Host-t", category: f, secure: true}
  - {name: only-here, category: f, scope: {hosts: [other.example], paths: [/n/1]}}
  - {name: "%3bx", category: f, stage: report, secure: true, priority: Low}
"""


def exchanges() -> list[tuple[list[str], list[str]]]:
    """Return for each the request's fields except Host, and the Set-Cookie values of the response."""
    seeded = random.Random(20261125)
    return [(_request(seeded), _response(seeded)) for _ in range(COUNT)]


def _request(seeded: random.Random) -> list[str]:
    pairs = [f"{seeded.choice(NAMES)}={seeded.choice(VALUES)}" for _ in range(seeded.randrange(6))]
    pairs += seeded.choice([[], ["pref=m"], ["pref=f,m"], ["pref=none", "pref=m"], ["__Host-ab=1"], ["novalue"]])
    seeded.shuffle(pairs)
    fields = [f"Cookie: {seeded.choice(['; ', ';', '; ; '])}".rstrip() + " " + "; ".join(pairs)] if pairs else []
    fields += seeded.choice([[], [], ["Sec-GPC: 1"], ["Sec-Fetch-Dest: document"]])
    return fields


def _response(seeded: random.Random) -> list[str]:
    lines = []
    for _ in range(seeded.randrange(5)):
        pair = f"{seeded.choice(NAMES)}={seeded.choice(VALUES)}"
        tail = seeded.sample(ATTRIBUTES, seeded.randrange(5))
        lines.append(seeded.choice(["; ", ";"]).join([pair, *tail]).rstrip())
    return lines + seeded.choice([[], [], ["justvalue"], ["=novalue; Path=/"]])
