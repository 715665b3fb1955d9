"""`renew: false`: a later visit does not extend the life of a cookie that the browser holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookies.cookie import parse_set_cookie
from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.memo import MAX_SEARCHED, SetCookieLines
from cookiewarden.core.engine.seal import Keyring
from cookiewarden.core.engine.transport import MAX_OPENED
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import engine, entries, policy

NOW = 1_000_000_000
DAY = 86_400
KEYRING = Keyring((bytes(range(32)),), lambda: bytes(12))


def visit(tried: Engine, held: str, *lines: str, now: float = NOW) -> list[str]:
    """Return the Set-Cookie values of a response to a browser that holds these cookies."""
    headers = [(b"Cookie", held.encode())] if held else []
    answered = [(b"Set-Cookie", line.encode()) for line in lines]
    return [value.decode() for _, value in tried.on_response(answered, Exchange(headers=headers), now).headers]


VISITS = [
    # entry, cookies of the request, lines of the application, lines for the browser
    ("renew: false", "", ["v=1; Max-Age=60"], ["v=1; Max-Age=60"]),  # the first visit
    ("renew: false", "v=1", ["v=1; Max-Age=60"], []),  # a later visit
    ("renew: false", "v=1", ["v=2; Max-Age=60"], ["v=2; Max-Age=60"]),  # a new life
    ("renew: false", "other=1", ["v=1"], ["v=1"]),
    ("renew: false", "xv=1", ["v=1"], ["v=1"]),
    ("renew: false", "v=12", ["v=1"], ["v=1"]),
    ("renew: false", "v=1", [" v = 1 ; Max-Age=60"], []),  # browsers trim names and values
    ("renew: false", "v=", ["v="], []),
    ("renew: false", 'v="1"', ["v=1"], ["v=1"]),  # quotes are part of a value
    ("renew: false", "v=1", ["v=1; Path=/other; Secure"], []),  # attributes change only with a new value
    ("renew: false", "v=1", ["v=; Max-Age=0"], ["v=; Max-Age=0"]),  # deletions pass
    ("renew: false", "v=1", ["v=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], ["v=; Max-Age=0"]),
    ("renew: false", "v=1", ["v=; Max-Age=0", "v=1; Max-Age=60"], ["v=; Max-Age=0"]),  # not renewed by a deletion before it
    ("renew: false", "v=1", ["v=1; Path=/a", "v=1; Path=/b", "v=2; Path=/c"], ["v=2; Path=/c"]),
    ("renew: false", "v=1; v=2", ["v=1"], []),  # a name held twice: each of the values may be the one that is set
    ("renew: false", "v=1; v=2", ["v=2"], []),
    ("renew: false", "v=1; v=2", ["v=3"], ["v=3"]),
    ("renew: true", "v=1", ["v=1; Max-Age=60"], ["v=1; Max-Age=60"]),
    ("renew: false, lifetime: 1h", "v=1", ["v=1; Max-Age=99999"], []),
    ("renew: false, lifetime: 1h", "v=1", ["v=2; Max-Age=99999"], ["v=2; Max-Age=3600"]),
    ("renew: false, path: /x", "v=1", ["v=1; Path=/"], []),  # without the deletion of a previous identity
    ("renew: false, stage: report", "v=1", ["v=1"], ["v=1"]),
    ("renew: false, rename_to: __Host-v", "__Host-v=1", ["v=1; Path=/; Secure"], []),
    ("renew: false, rename_to: __Host-v, supersede: false", "__Host-v=1", ["v=2; Path=/; Secure"], ["__Host-v=2; Path=/; Secure"]),
    # still held under its own name, and not yet under the new one
    ("renew: false, rename_to: __Host-v, supersede: false", "v=1", ["v=1; Path=/; Secure"], ["__Host-v=1; Path=/; Secure"]),
    ("renew: false, rename_to: __Host-v, supersede: false", "v=1; __Host-v=2", ["v=1; Path=/; Secure"], ["__Host-v=1; Path=/; Secure"]),
    # a value that the same response has replaced is a new value
    ("renew: false", "v=1", ["v=0; Path=/", "v=1; Path=/"], ["v=0; Path=/", "v=1; Path=/"]),
    ("renew: false", "v=1", ["v=1; Path=/", "v=0; Path=/"], ["v=0; Path=/"]),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "held", "lines", "after"), VISITS)
def test_a_visit_does_not_extend_a_life(rule: str, held: str, lines: list[str], after: list[str]) -> None:
    tried = engine(entries(f"name: v, {rule}"))
    for _ in range(3):  # not remembered, and remembered
        assert visit(tried, held, *lines) == after


def test_the_decision_names_the_reason_and_is_only_reported_in_report_mode() -> None:
    text = entries("name: v, renew: false")
    for mode, after in ((Mode.ENFORCE, None), (Mode.REPORT, b"v=1; Max-Age=60")):
        tried = Engine(policy(text), mode)
        for _ in range(2):
            exchange = Exchange(headers=[(b"cookie", b"v=1")])
            (judged,) = tried.on_response([(b"Set-Cookie", b"v=1; Max-Age=60")], exchange, NOW).cookies
            assert (judged.after, judged.decision.enforced) == (after, mode is Mode.ENFORCE)
            assert judged.decision.told.startswith("block (not-renewed)")


def test_all_entries_may_be_bound_by_the_defaults() -> None:
    tried = engine(entries("name: v", "name: w, renew: true", defaults="{renew: false}"))
    assert visit(tried, "v=1; w=1", "v=1", "w=1") == ["w=1"]


def runs(tried: Engine, held: bytes, *values: bytes) -> tuple[bytes, ...]:
    """Return the lines of a head with the cookies a, v and b, as the data plane judges them."""
    names = (b"a=", b"v=", b"b=")
    shape = tuple(part for name in names for part in (b"\r\nSet-Cookie: ", name, b"; Path=/"))
    scope = tried.scope(Exchange())

    def no_fault(error: Exception) -> None:
        raise error

    parts, decisions = tried.on_set_cookies(
        SetCookieLines(shape, list(values)), scope, lambda: clock_at(NOW), no_fault, held
    )
    assert len(decisions) == 3
    return tuple(b"".join(parts).split(b"\r\nSet-Cookie: ")[1:])


def test_a_plan_of_several_lines_never_hides_a_renewal() -> None:
    tried = engine(entries("name: a", "name: v, renew: false", "name: b"))
    every = (b"a=1; Path=/", b"v=1; Path=/", b"b=1; Path=/")
    for held, lines in (
        (b"v=1", every[::2]),
        (b"", every),
        (b"a=1; b=1", every),
        (b"v=1", every[::2]),
        (b"v=2", every),
    ):
        assert runs(tried, held, b"1", b"1", b"1") == lines
        assert runs(tried, held, b"1", b" 1 ", b"1")[-1] == every[-1]


def test_a_plan_of_long_values_never_hides_a_renewal() -> None:
    tried = engine(entries("name: a", "name: v, renew: false", "name: b"))
    long, rest = b"a" * 1000, b"; x=" + b"a" * 3000
    every = b"a=1; Path=/", b"v=" + long + b"; Path=/", b"b=1; Path=/"
    assert len(long) * len(rest) > MAX_SEARCHED
    for _ in range(2):
        assert runs(tried, b"v=2" + rest, b"1", long, b"1") == every
        assert runs(tried, b"xv=" + long + rest, b"1", long, b"1") == every
        sent = b"v=3" + rest
        assert [runs(tried, sent, b"1", long, b"1") for _ in range(2)] == [every, every]  # two runs of one response
        assert runs(tried, b"a=1;  v = " + long + b" " + rest, b"1", long, b"1") == every[::2]


VALUES = st.sampled_from(["1", "2", "", "1=1", '"1"'])


@given(
    st.lists(st.tuples(st.sampled_from("avw"), VALUES), max_size=5),
    st.lists(st.tuples(st.sampled_from("avw"), VALUES, st.sampled_from(["", "; Path=/", "; Max-Age=9"])), max_size=5),
)
def test_no_line_with_a_held_value_leaves(held: list[tuple[str, str]], lines: list[tuple[str, str, str]]) -> None:
    tried = engine(entries("name: a", "name: v, renew: false", "name: w, renew: false, lifetime: 1h"))
    sent = "; ".join(f"{name}={value}" for name, value in held)
    expected, replaced = [], set("a")
    for n, v, tail in lines:
        if n in replaced or (n, v) not in held:
            replaced.add(n)
            expected.append(f"{n}={v}{tail}")
    assert visit(tried, sent, *(f"{n}={v}{tail}" for n, v, tail in lines)) == expected


# Sealed cookies

SEALED = entries("name: v, seal: true, renew: false, lifetime: 10d")


def sealing(text: str = SEALED, mode: Mode | None = None) -> Engine:
    return Engine(policy(text), mode, NOW, KEYRING)


def value_of(line: str) -> str:
    cookie = parse_set_cookie(line.encode())
    assert cookie is not None
    return cookie.value.decode()


def received(tried: Engine, held: str, now: float) -> str | None:
    """Return the Cookie field of the application."""
    for name, value in tried.on_request([(b"Cookie", held.encode())], Exchange(), now).headers:
        return f"{name.decode()}: {value.decode()}"
    return None


def test_a_sealed_cookie_ends_at_a_fixed_time_whatever_its_value() -> None:
    tried = sealing()
    (born,) = visit(tried, "", "v=1; Max-Age=999999999")
    assert born.startswith("v=s2.") and born.endswith("; Max-Age=864000")
    held = f"v={value_of(born)}"
    assert received(tried, held, NOW + 9 * DAY) == "Cookie: v=1"
    # the same value is not renewed, and another one inherits the date of birth
    assert visit(tried, held, "v=1; Max-Age=999999999", now=NOW + 4 * DAY) == []
    (changed,) = visit(tried, held, "v=2; Max-Age=999999999", now=NOW + 4 * DAY)
    assert changed.endswith(f"; Max-Age={6 * DAY}")
    held = f"v={value_of(changed)}"
    assert received(tried, held, NOW + 10 * DAY - 1) == "Cookie: v=2"
    # a browser that keeps it longer is not believed, and the next one begins a new life
    (judged,) = tried.on_request([(b"Cookie", held.encode())], Exchange(), NOW + 10 * DAY).cookies
    assert judged.after is None and judged.decision.told == "strip (seal-expired)"
    (new,) = visit(tried, held, "v=2; Max-Age=999999999", now=NOW + 10 * DAY)
    assert new.endswith("; Max-Age=864000")


def test_an_expires_is_counted_from_the_birth_too() -> None:
    tried = sealing()
    (born,) = visit(tried, "", "v=1")
    (changed,) = visit(tried, f"v={value_of(born)}", "v=2; Expires=Fri, 31 Dec 2038 00:00:00 GMT", now=NOW + DAY)
    assert changed.endswith("; Expires=Wed, 19 Sep 2001 01:46:40 GMT")


def test_a_value_of_the_previous_version_opens_and_gets_its_birth_with_the_next_value() -> None:
    plain = Engine(policy(SEALED.replace(", renew: false", "")), None, NOW, KEYRING)
    (old,) = visit(plain, "", "v=1; Max-Age=60")
    assert old.startswith("v=s1.")
    tried, held = sealing(), f"v={value_of(old)}"
    assert received(tried, held, NOW + 100 * DAY) == "Cookie: v=1"
    assert visit(tried, held, "v=1; Max-Age=60") == []
    (new,) = visit(tried, held, "v=2; Max-Age=999999999", now=NOW + 100 * DAY)
    assert new.startswith("v=s2.") and new.endswith("; Max-Age=864000")
    # without renew: false, a value with a birth opens too
    assert received(plain, f"v={value_of(new)}", NOW + 900 * DAY) == "Cookie: v=2"


def test_without_a_lifetime_a_sealed_cookie_has_a_birth_and_no_end() -> None:
    tried = sealing(SEALED.replace(", lifetime: 10d", ""))
    (born,) = visit(tried, "", "v=1")
    held = f"v={value_of(born)}"
    assert received(tried, held, NOW + 900 * DAY) == "Cookie: v=1"
    assert visit(tried, held, "v=1") == []
    (changed,) = visit(tried, held, "v=2; Max-Age=60", now=NOW + DAY)
    assert changed.startswith("v=s2.") and changed.endswith("; Max-Age=60")
    assert visit(tried, held, "v=") == ["v="]  # an empty value is not sealed


def test_a_value_that_the_application_did_not_receive_is_not_held() -> None:
    tried = sealing()
    assert received(tried, "v=1", NOW) is None  # not sealed
    (line,) = visit(tried, "v=1", "v=1; Max-Age=60")
    assert line.startswith("v=s2.")
    kept = value_of(line)
    assert visit(tried, f"v=1; v={kept}", "v=1") == []


def test_a_value_that_is_too_large_to_be_sealed_passes_unsealed_and_is_held() -> None:
    tried = sealing(SEALED.replace("seal: true", "seal: {too_large: pass}"))
    (small,) = visit(tried, "", "v=1")
    large = "x" * 3500
    assert visit(tried, f"v={value_of(small)}", f"v={large}") == [f"v={large}"]
    assert visit(tried, f"v={large}", f"v={large}") == []


def test_a_limited_number_of_values_is_decrypted_for_a_response() -> None:
    tried = sealing(entries("name: 'v*', seal: true, renew: false"))
    held = []
    for name in ("v1", "v2", "v3"):
        (line,) = visit(tried, "", f"{name}=1")
        held += [line] * (MAX_OPENED - 5)
    assert visit(tried, "; ".join(held), "v1=1", "v2=1") == []
    (line,) = visit(tried, "; ".join(held), "v1=1", "v2=1", "v3=1")
    assert line.startswith("v3=s2.")


def test_births_and_ends_count_by_the_proxys_clock() -> None:
    tried = sealing(SEALED.replace("10d", "1h"))
    old = (b"Date", b"Sun, 09 Sep 2001 00:00:00 GMT")
    found = tried.on_response([old, (b"Set-Cookie", b"v=1; Max-Age=99999")], Exchange(), NOW).headers
    line = found[-1][1].decode()
    assert line.endswith("; Max-Age=3600") and received(tried, f"v={value_of(line)}", NOW + 3599) == "Cookie: v=1"


def test_report_mode_neither_seals_nor_drops_and_still_opens() -> None:
    (born,) = visit(sealing(), "", "v=1")
    held = f"v={value_of(born)}"
    reporting = sealing(mode=Mode.REPORT)
    assert visit(reporting, held, "v=1") == ["v=1"] and visit(reporting, held, "v=2") == ["v=2"]
    assert received(reporting, held, NOW + 900 * DAY) == "Cookie: v=1"


@given(st.binary(max_size=40), st.integers(0, 2**63))
def test_a_birth_is_part_of_the_sealed_value(value: bytes, birth: int) -> None:
    sealed = KEYRING.seal(value, b"v", b"c", birth)
    assert KEYRING.open_dated(sealed, b"v", b"c") == (value, birth)
    assert KEYRING.open(sealed, b"v", b"c") == value and KEYRING.looks_sealed(sealed)
    assert len(sealed) <= KEYRING.sealed_length(len(value), is_dated=True)
    assert KEYRING.open(b"s1." + sealed[3:], b"v", b"c") is None  # the version is bound


@pytest.mark.parametrize("held", [b"caf\xe9", b"caf\xef\xbf\xbd"])
def test_firefox_renews_no_value_whose_octets_it_replaced(held: bytes) -> None:
    """Firefox sends U+FFFD for octets that are not UTF-8."""
    tried = engine(entries("name: held, renew: false, lifetime: 1h"))
    scope = tried.scope(Exchange())
    for _ in range(2):
        after, decision = tried.on_set_cookie(b"held=caf\xe9; Max-Age=9", scope, clock_at(NOW), b"held=" + held, NOW)
        assert after is None and decision.reasons == (Reason.NOT_RENEWED,)
