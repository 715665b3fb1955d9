"""The fields that Envoy sends are all that decisions need."""

import random

import pytest

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.tools.envoy.fields import request_fields, response_fields
from tests.support import exchanges, policies

OTHERS = [(b"user-agent", b"x"), (b"accept", b"text/html"), (b"accept-language", b"nl"), (b"referer", b"https://a.example/"), (b"sec-fetch-mode", b"navigate"), (b"origin", b"https://b.example")]  # fmt: skip
ANSWERS = [(b"content-type", b"text/html"), (b"cache-control", b"no-store"), (b"etag", b'"x"'), (b"expires", b"0"), (b"server", b"x"), (b"date", b"Wed, 25 Nov 2026 10:00:00 GMT"), (b"surrogate-control", b"max-age=5"), (b"last-modified", b"Wed, 25 Nov 2026 10:00:00 GMT")]  # fmt: skip
PLAIN = "version: 1\npolicy: p\ncookies: [{name: sid, secure: true, lifetime: 1h}]\n"


@pytest.mark.parametrize("text", [exchanges.POLICY, PLAIN], ids=["every feature", "plain"])
def test_decisions_are_the_same_without_the_other_fields(text: str) -> None:
    engine = policies.engine(text)
    asked = {name.encode() for name in request_fields(engine.policy)}
    answered = {name.encode() for name in response_fields(engine.policy)}
    chance = random.Random(20)
    for request, response in exchanges.exchanges():
        fields = [
            (n.lower().encode(), v.strip().encode("latin-1")) for n, _, v in (line.partition(":") for line in request)
        ]
        fields += chance.sample(OTHERS, chance.randrange(len(OTHERS)))
        answers = [(b"set-cookie", line.encode("latin-1")) for line in response] + chance.sample(
            ANSWERS, chance.randrange(len(ANSWERS))
        )
        whole = Exchange(b"shop.example", b"/", True, fields, b"GET")
        part = Exchange(b"shop.example", b"/", True, [f for f in fields if f[0] in asked], b"GET")
        now = 1795600800
        assert _set_cookies(engine.on_response(answers, whole, now).headers) == _set_cookies(
            engine.on_response([a for a in answers if a[0] in answered], part, now).headers
        )
        assert _cookie(engine.on_request(fields, whole, now).headers) == _cookie(
            engine.on_request(part.headers, part, now).headers
        )


def _set_cookies(headers) -> list[bytes]:
    return [value for name, value in headers if name.lower() == b"set-cookie"]


def _cookie(headers) -> list[bytes]:
    return [value for name, value in headers if name.lower() == b"cookie"]


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("statement: {path: /cookies}", {"accept-language", "if-none-match"}),
        ("inject_guard: true", {"referer"}),
        ("undeclared: {evict: host}", {"accept", "sec-fetch-mode"}),
    ],
)
def test_each_rule_adds_its_fields(rule: str, names: set[str]) -> None:
    with_rule = request_fields(policies.policy(f"{PLAIN}{rule}\n"))
    assert names == set(with_rule) - set(request_fields(policies.policy(PLAIN)))
