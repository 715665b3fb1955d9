"""Search for the most expensive head: `make fuzz`, or

    python -m tests.fuzz.costs --seconds 60 [--seed N]

The search changes the heads of `tests/bench/heads.py` at random. It replaces, doubles or mixes the unit that fills a
field, and tries the result under the policies of all cases. A head that costs more than the worst so far is measured
again, and becomes the start of further changes. The worst is printed as a multiple of a request of the six-cookie
workload."""

import argparse
import logging
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import uvloop

from tests.bench.heads import BAR, CASES, KEYS, ROOM, Case, Proxy, cpu, proxy_of
from tests.bench.inprocess import measured

UNITS = [
    b"a,", b",", b";", b";;a", b" ", b"\t", b"a=b;", b"=", b"=;", b"%41", b"%26&", b"&", b'"', b'a="', b"\\", b"1 ", b"Jan ", b"1:1:1 ", b"2027 ", b"-",
    b"a;q=0.1,", b"s1.", b"groups=", b"{", b"[", b'{"a":', b'"a":true,', b"necessary:true,", b"max-age=9;", b"expires=9;", b"Path=/;", b"Domain=.a;",
    b"__Host-", b"/", b"/a", b"?", b".", b"a.", b"nonce-a ", b"'self' ", b"<!--", b"-->", b"\xc3\xa9", b"\xff", b"no-cache,", b"W/\"a\",", b"trailers,",
]  # fmt: skip
FIELDS = [
    b"Cookie: ", b"Connection: ", b"Accept-Language: ", b"Accept: ", b"If-None-Match: ", b"TE: ", b"X-Forwarded-For: ", b"X-Forwarded-Host: ", b"Forwarded: ",
    b"Upgrade: ", b"Sec-GPC: ", b"Referer: ", b"traceparent: ", b"Keep-Alive: ", b"Accept-Encoding: ", b"Cookie: answer=", b"Cookie: k1=s1.", b"Cookie: p1",
]  # fmt: skip
ANSWERS = [
    b"Set-Cookie: n1=1;", b"Set-Cookie: n1=1; Expires=", b"Set-Cookie: n1=1; Max-Age=", b"Set-Cookie: answer=", b"Set-Cookie: n1", b"Cache-Control: ", b"Connection: ",
    b"Keep-Alive: ", b"Content-Type: ", b"Date: ", b"Vary: ", b"Content-Security-Policy: ", b"Surrogate-Control: ",
]  # fmt: skip


@dataclass
class Found:
    """A policy, a request and an answer, with their cost in CPU seconds."""

    policy: int
    ask: bytes
    answer: bytes
    seconds: float = 0.0


def filled(chance: random.Random) -> bytes:
    """Return units up to the size of a field."""
    unit = b"".join(chance.choice(UNITS) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    numbered = b"".join(b"%d%b" % (at, unit) for at in range(3000)) if chance.random() < 0.3 else unit * 16_000
    return numbered[: chance.choice((ROOM, ROOM, 1000, 4000))]


def made(chance: random.Random, cases: Sequence[Case]) -> Found:
    """Return a new head, from a case or with full fields."""
    case = chance.choice(cases)
    ask, answer = case.heads(chance.randrange(1 << 30))
    if chance.random() < 0.7:
        ask = (
            ask[:-2]
            + b"".join(chance.choice(FIELDS) + filled(chance) + b"\r\n" for _ in range(chance.randrange(3)))
            + b"\r\n"
        )
    if chance.random() < 0.7:
        answer = (
            answer[:-2]
            + b"".join(chance.choice(ANSWERS) + filled(chance) + b"\r\n" for _ in range(chance.randrange(3)))
            + b"\r\n"
        )
    return Found(chance.randrange(len(cases)), ask, answer)


def changed(found: Found, chance: random.Random, cases: Sequence[Case]) -> Found:
    """Return a copy with one piece replaced by a repeated unit."""
    which, other = (found.ask, found.answer)[:: chance.choice((1, -1))]
    begin = chance.randrange(max(len(which) - 4, 1))
    end = min(begin + chance.choice((1, 10, 100, 5000)), len(which) - 4)
    mixed = which[:begin] + (chance.choice(UNITS) * 8000)[: max(end - begin, 1)] + which[end:]
    ask, answer = (mixed, other) if which is found.ask else (other, mixed)
    return Found(found.policy if chance.random() < 0.8 else chance.randrange(len(cases)), ask, answer)


def cost(proxy: Proxy, found: Found) -> float:
    """Return the CPU seconds of the more expensive head. All numbers in it are new, so that memos do not help."""
    fresh = random.randrange(10**6, 10**7)
    ask = re.sub(rb"(?<=[a-z])[0-9]{1,7}(?==)", lambda m: b"%d" % (fresh + int(m[0]) % 1000), found.ask)
    return max(proxy.costs(ask, found.answer, cpu))


async def search(seconds: float, seed: int, cases: Sequence[Case] = CASES) -> float:
    """Return the worst ratio."""
    chance = random.Random(seed)
    one = await measured("a")
    until = time.monotonic() + seconds
    proxies: dict[int, Proxy] = {}
    worst, tried = Found(0, b"", b""), 0
    while time.monotonic() < until:
        found = changed(worst, chance, cases) if worst.ask and chance.random() < 0.5 else made(chance, cases)
        if max(map(len, found.ask.split(b"\r\n"))) > 16_000 or len(found.ask) > 32_000 or len(found.answer) > 32_000:
            continue
        if found.policy not in proxies:
            proxies[found.policy] = proxy_of(cases[found.policy], KEYS)
        tried += 1
        found.seconds = cost(proxies[found.policy], found)
        if found.seconds > worst.seconds:
            found.seconds = min([found.seconds, *(cost(proxies[found.policy], found) for _ in range(3))])
            worst = max(worst, found, key=lambda each: each.seconds)
    for proxy in proxies.values():
        proxy.driver.stop()
    ratio = worst.seconds / one
    print(f"costs     {tried:>9,} heads, the worst costs {ratio:.0f} six-cookie requests (bar {BAR}), seed {seed}")
    print(
        f"          policy of {cases[worst.policy].name!r}; request {_short(worst.ask)}; answer {_short(worst.answer)}"
    )
    return ratio


def _short(head: bytes) -> str:
    return " ".join(f"{line[:40]!r}({len(line)})" for line in head.split(b"\r\n")[:6])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments = parser.parse_args()
    logging.getLogger("cookiewarden").setLevel(logging.CRITICAL)
    if uvloop.run(search(arguments.seconds, arguments.seed)) > 2 * BAR:  # a busy machine may double a time
        sys.exit("costs: a head costs far more than the bar")


if __name__ == "__main__":
    main()
