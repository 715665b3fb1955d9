"""Policy tests drafted from any traffic pass, because they state the decisions of the policy."""

from hypothesis import given, settings
from hypothesis import strategies as st

from cookiewarden.core.engine.decision import Exchange
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.report.inventory import Inventory, Keeper
from cookiewarden.core.report.judge import judge_all
from cookiewarden.core.report.record import add_exchange
from cookiewarden.keys import throw_away
from cookiewarden.tools.learn.learn import draft, new_policy
from cookiewarden.tools.test.cases import read_cases, run_cases, uncovered
from cookiewarden.tools.test.suite import draft_suite
from tests.support.policies import entries, policy

NOW = 1_780_000_000.0
NAMES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters=";="), min_size=1, max_size=12).map(str.strip).filter(bool)  # fmt: skip
ATTRIBUTES = st.lists(
    st.sampled_from(["Path=/", "Path=/a", "Secure", "HttpOnly", "SameSite=None", "SameSite=Strict", "Max-Age=60", "Max-Age=99999999", "Domain=shop.example", "Partitioned", "Max-Age=0"]),
    max_size=4,
)  # fmt: skip
LINES = st.lists(st.tuples(NAMES, ATTRIBUTES), max_size=5)
SENT = st.lists(NAMES, max_size=4)


def seen(lines: list[tuple[str, list[str]]], sent: list[str], engine: Engine) -> Inventory:
    inventory = Inventory(NOW)
    asked = [(b"Cookie", "; ".join(f"{name}=CANARY" for name in sent).encode())] if sent else []
    answered = [(b"Set-Cookie", "; ".join([f"{name}=CANARY", *more]).encode()) for name, more in lines]
    add_exchange(Keeper(inventory), engine, Exchange(b"shop.example", b"/a?b=CANARY"), asked, answered, NOW)
    return inventory


def failures(text: str, engine: Engine, register: Policy) -> list[str]:
    cases = read_cases("p.test.yaml", text.encode())
    assert cases.model is not None, cases.problems
    results = run_cases(cases, lambda mode, now: engine, NOW, lambda name: True)
    assert uncovered(register, results) == []
    return [f"{r.name}: {d.what}: {d.expected} / {d.got}" for r in results for d in r.differences]


@settings(max_examples=100)
@given(LINES, SENT)
def test_a_drafted_policy_passes_its_drafted_tests(lines: list[tuple[str, list[str]]], sent: list[str]) -> None:
    nothing = Policy("draft", ())
    enforcing = Engine(nothing, Mode.ENFORCE, NOW)
    inventory = seen(lines, sent, enforcing)
    drafted = draft(inventory, judge_all(inventory, enforcing, NOW), nothing, None, NOW)
    text = new_policy("a: draft", drafted)
    register = policy(text)
    engine = Engine(register, Mode.ENFORCE, NOW)
    suite = draft_suite(inventory, engine, "p.yaml", NOW).text
    assert "CANARY" not in suite + text
    assert failures(suite, engine, register) == []


REGISTER = entries(
    "name: sid, category: f, seal: true, secure: true", "name: lang, category: m, lifetime: 1h", "name: 'x*', category: f, rename_to: __Host-x", "name: c, category: f",
    categories="{f: {basis: x}, m: {consent: required}}", consent="{cookie: c}",
).replace("name: 'x*'", "name: xy")  # fmt: skip


def test_sealed_renamed_and_gated_cookies_have_tests_too() -> None:
    register = policy(REGISTER)
    engine = Engine(register, Mode.ENFORCE, NOW, throw_away(register))
    inventory = seen([("sid", ["Path=/"]), ("lang", []), ("xy", []), ("c", [])], ["sid", "other"], engine)
    suite = draft_suite(inventory, engine, "p.yaml", NOW).text
    assert failures(suite, engine, register) == []
    assert 'out: "sid=<sealed>; Path=/; Secure"' in suite and "# The visitor has not answered." in suite


def test_a_result_that_may_break_the_application_is_marked() -> None:
    register = policy(entries("name: PHPSESSID", "name: b, http_only: true", defaults="{http_only: true}"))
    engine = Engine(register, Mode.ENFORCE, NOW)
    suite = draft_suite(seen([("PHPSESSID", []), ("b", [])], [], engine), engine, "p.yaml", NOW)
    assert suite.unsafe == 1 and failures(suite.text, engine, register) == []
    assert suite.text.count("  # may break: HttpOnly added to a cookie without it; state http_only in its entry") == 1
    assert "  # against: set 1 time without HttpOnly\n  # for: the name is of a session" in suite.text
