"""Every example of policies/coming-from.md."""

import pytest

from cookiewarden.core.engine.decision import Exchange
from tests.support.mappings import Mapping, mappings
from tests.support.policies import engine

SITE = Exchange(b"shop.example", b"/", https=True)


@pytest.mark.parametrize("example", mappings(), ids=lambda example: example.lines or example.policy)
def test_the_policy_gives_the_cookie_of_the_page(example: Mapping) -> None:
    (cookie,) = engine(example.whole_policy()).on_response([(b"Set-Cookie", example.before.encode())], SITE, 0).cookies
    assert (cookie.after or b"").decode() == example.after


def test_the_page_has_examples_of_each_server() -> None:
    assert {example.server for example in mappings()} >= {"nginx", "apache", "haproxy", "caddy"}
