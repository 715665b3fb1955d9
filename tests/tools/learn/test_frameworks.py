"""Session and CSRF cookies as frameworks write them: the entry that is drafted from one visit serves the next one.

How frameworks write consent cookies is in tests/data/consent/frameworks.json. `keep`: scripts read the cookie, and HttpOnly
must not be added."""

import re
from dataclasses import dataclass

import pytest

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Policy
from cookiewarden.core.report.evidence import Values
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange
from cookiewarden.tools.learn.learn import draft, new_policy
from tests.support.policies import loaded

NOW = 1_780_308_000.0
HOME = Exchange(b"shop.example", b"/", https=True)


@dataclass(frozen=True)
class Writer:
    framework: str
    source: str
    line: str
    entry: str = ""
    """Name of the drafted entry; the cookie's name if empty."""
    later: str = ""
    """The line of another visit, if it has another name."""
    keep: bool = False


MD5 = "0123456789abcdef0123456789abcdef"
WRITERS = [
    Writer("Django, session", "docs.djangoproject.com, settings, SESSION_COOKIE_NAME", "sessionid=a; expires=Mon, 15 Jun 2026 10:00:00 GMT; HttpOnly; Max-Age=1209600; Path=/; SameSite=Lax"),
    Writer("Django, CSRF", "docs.djangoproject.com, settings, CSRF_COOKIE_NAME", "csrftoken=a; expires=Mon, 31 May 2027 10:00:00 GMT; Max-Age=31449600; Path=/; SameSite=Lax", keep=True),
    Writer("Flask", "flask.palletsprojects.com, SESSION_COOKIE_NAME", "session=eyJ.a.b; HttpOnly; Path=/"),
    Writer("Tornado, CSRF", "tornadoweb.org, xsrf_cookies", "_xsrf=2|a|b|1; Path=/", keep=True),
    Writer("Jupyter Server, CSRF", "tests/apps/test_jupyter.py, real", "_xsrf=2|a|b|1; Path=/", keep=True),
    Writer("Laravel, session", "laravel.com/docs/session", "laravel_session=eyJ; expires=Mon, 01 Jun 2026 12:00:00 GMT; Max-Age=7200; path=/; httponly; samesite=lax"),
    Writer("Laravel, CSRF", "laravel.com/docs/csrf, X-XSRF-TOKEN", "XSRF-TOKEN=eyJ; expires=Mon, 01 Jun 2026 12:00:00 GMT; Max-Age=7200; path=/; samesite=lax", keep=True),
    Writer("PHP", "php.net, session.name", "PHPSESSID=a; path=/"),
    Writer("Express", "expressjs/session, README.md", "connect.sid=s%3Aa.b; Path=/; HttpOnly"),
    Writer("Express, csurf", "expressjs/csurf, README.md", "_csrf=a; Path=/", keep=True),
    Writer("Rails", "guides.rubyonrails.org, session_store", "_shop_session=a--b; path=/; HttpOnly; SameSite=Lax"),
    Writer("Servlets", "Servlet specification, 7.1.1", "JSESSIONID=A; Path=/; HttpOnly"),
    Writer("Spring Security, CSRF", "docs.spring.io, CookieCsrfTokenRepository", "XSRF-TOKEN=a; Path=/", keep=True),
    Writer("ASP.NET Core, antiforgery", "learn.microsoft.com, Antiforgery", ".AspNetCore.Antiforgery.9fXoN5jHCXs=a; path=/; samesite=strict; httponly", ".AspNetCore.Antiforgery.*", ".AspNetCore.Antiforgery.VyLW6ORzMgk=a; path=/; samesite=strict; httponly"),
    Writer("ASP.NET Core, OpenID Connect", "issue, one OIDC sign-in", ".AspNetCore.Correlation.kD3vX9qLw2m8ZtBn=N; expires=Mon, 01 Jun 2026 10:15:00 GMT; path=/signin-oidc; secure; samesite=none; httponly", ".AspNetCore.Correlation.*", ".AspNetCore.Correlation.Q7sYb1RfHj4kTzUe=N; expires=Mon, 01 Jun 2026 10:15:00 GMT; path=/signin-oidc; secure; samesite=none; httponly"),
    Writer("ASP", "learn.microsoft.com, IIS, ASP sessions", "ASPSESSIONIDQQTBSARC=A; path=/", "ASPSESSIONID*", "ASPSESSIONIDCCRDTQBT=A; path=/"),
    Writer("Auth.js", "authjs.dev, cookies", "__Host-authjs.csrf-token=a; Path=/; HttpOnly; Secure; SameSite=Lax"),
    Writer("WordPress, login", "developer.wordpress.org, LOGGED_IN_COOKIE", f"wordpress_logged_in_{MD5}=a; path=/; HttpOnly", "wordpress_logged_in_*", f"wordpress_logged_in_{MD5[::-1]}=a; path=/; HttpOnly"),
    Writer("WordPress, settings", "developer.wordpress.org, wp_user_settings", "wp-settings-1=a; expires=Tue, 01 Jun 2027 10:00:00 GMT; Max-Age=31536000; path=/", keep=True),
    Writer("Drupal", "drupal.org, SessionConfiguration", f"SSESS{MD5}=a; path=/; secure; HttpOnly", "SSESS*", f"SSESS{MD5[::-1]}=a; path=/; secure; HttpOnly"),
    Writer("CakePHP, CSRF", "book.cakephp.org, CSRF middleware", "csrfToken=a; path=/", keep=True),
]  # fmt: skip


def drafted(line: str) -> Policy:
    """Draft a policy from a response with this line, and enforce it."""
    policy = Policy("draft", ())
    engine, inventory = Engine(policy, now=NOW), Inventory(NOW)
    add_exchange(Keeper(inventory), engine, HOME, [], [(b"Set-Cookie", line.encode())], NOW, Values(one_browser=True))
    made = draft(inventory, judge_all(inventory, engine, NOW), policy, None, NOW)
    found = loaded(new_policy("draft", made).replace("mode: report", "mode: enforce")).policy
    assert found is not None
    return found


@pytest.mark.parametrize("writer", WRITERS, ids=lambda writer: writer.framework)
def test_the_drafted_entry_serves_the_next_visit(writer: Writer) -> None:
    policy = drafted(writer.line)
    assert [entry.name for entry in policy.entries] == [writer.entry or writer.line.partition("=")[0]]
    line = (writer.later or writer.line).encode()
    (judged,) = Engine(policy, now=NOW).on_response([(b"Set-Cookie", line)], HOME, NOW).cookies
    before, after = parse_set_cookie(line), parse_set_cookie(judged.after or b"")
    assert before is not None and after is not None and (after.name, after.value) == (before.name, before.value)
    is_added = re.search(rb"(?i)httponly", line) is None and after.last(b"httponly") is not None
    assert not (writer.keep and is_added)


def test_each_framework_has_its_source() -> None:
    assert all(len(writer.source) > 6 for writer in WRITERS)
    assert len({writer.framework.partition(",")[0] for writer in WRITERS}) >= 12
