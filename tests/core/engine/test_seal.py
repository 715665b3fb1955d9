"""Sealed values: the format, and values that must not be decrypted."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.cookies.date import clock_at
from cookiewarden.core.engine.decision import Exchange, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.engine.seal import Keyring
from cookiewarden.core.engine.transport import MAX_OPENED
from cookiewarden.core.policy.policy import Mode
from tests.support.policies import policy

NOW = 1_000_000_000
VECTORS = json.loads((Path(__file__).parents[2] / "data" / "seal" / "s1.json").read_text())
KEY, OTHER = bytes(range(32)), bytes(range(100, 132))


def ring(*keys: bytes, nonce: bytes = bytes(12)) -> Keyring:
    return Keyring(keys or (KEY,), lambda: nonce)


@pytest.mark.parametrize("vector", VECTORS)
def test_the_format_has_not_changed(vector: dict[str, str]) -> None:
    """Open known answers: each release must open the values of the previous one."""
    key, nonce, value, name, context = (
        bytes.fromhex(vector[part]) for part in ("key", "nonce", "value", "name", "context")
    )
    keyring = ring(key, nonce=nonce)
    assert keyring.seal(value, name, context).decode() == vector["sealed"]
    assert keyring.open(vector["sealed"].encode(), name, context) == value
    # and built by hand, as the docstring of the module describes
    bound = b"cookiewarden s1\0" + len(name).to_bytes(4, "big") + name + context
    by_hand = nonce + AESGCMSIV(key).encrypt(nonce, value, bound)
    assert "s1." + base64.urlsafe_b64encode(by_hand).decode().rstrip("=") == vector["sealed"]


@given(st.binary(), st.binary(max_size=20), st.binary(max_size=20), st.binary(min_size=12, max_size=12))
def test_a_sealed_value_opens_for_its_name_and_context(value: bytes, name: bytes, context: bytes, nonce: bytes) -> None:
    keyring = ring(nonce=nonce)
    sealed = keyring.seal(value, name, context)
    assert keyring.open(sealed, name, context) == value
    assert keyring.looks_sealed(sealed)
    assert len(sealed) <= 3 + (12 + 16 + len(value)) * 4 / 3 + 1
    assert ring(OTHER, KEY).open(sealed, name, context) == value
    assert ring(OTHER).open(sealed, name, context) is None


@given(
    st.binary(max_size=40),
    st.tuples(st.binary(max_size=8), st.binary(max_size=8)),
    st.tuples(st.binary(max_size=8), st.binary(max_size=8)),
)
def test_it_opens_for_no_other_name_or_context(
    value: bytes, one: tuple[bytes, bytes], other: tuple[bytes, bytes]
) -> None:
    sealed = ring().seal(value, *one)
    assert (ring().open(sealed, *other) is None) == (one != other)


@given(st.binary(max_size=30), st.data())
def test_a_bit_that_is_turned_never_opens(value: bytes, data: st.DataObject) -> None:
    sealed = bytearray(ring().seal(value, b"a", b"b"))
    at = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[at // 8] ^= 1 << at % 8
    assert ring().open(bytes(sealed), b"a", b"b") is None


@given(st.binary(max_size=80))
def test_any_input_is_opened_or_rejected_without_an_error(text: bytes) -> None:
    assert ring().open(text, b"a", b"b") is None
    assert ring().open(b"s1." + text, b"a", b"b") is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"s1.",
        b"s1.A",
        b"s1." + b"A" * 37,
        b"s1." + b"A" * 36,
        b"s2." + b"A" * 40,
        b"s1." + b"A" * 39 + b"=",
    ],
)
def test_a_truncated_value_or_another_version_is_rejected(text: bytes) -> None:
    assert not ring().looks_sealed(text)
    assert ring().open(text, b"a", b"b") is None


def test_keys_are_of_32_octets() -> None:
    for keys in ((), (b"short",), (KEY, b"x" * 33)):
        with pytest.raises(ValueError, match="32 octets"):
            Keyring(keys, lambda: bytes(12))


# In the engine

POLICY = """
version: 1
policy: shop
cookies:
  - {name: sid, seal: true}
  - {name: bound, seal: true, domain: host-only}
  - {name: graced, seal: {accept_plain_until: 2026-12-31, context: all}}
  - {name: staged, seal: true, stage: report}
  - {name: big, seal: {too_large: pass}}
  - {name: moved, seal: true, rename_to: __Host-moved}
  - {name: a}
"""


def sealing(
    mode: Mode = Mode.ENFORCE, keys: tuple[bytes, ...] = (KEY,), now: float = NOW, text: str = POLICY
) -> Engine:
    return Engine(policy(text), mode, now, ring(*keys))


def set_cookie(engine: Engine, line: bytes, host: bytes = b"shop.example") -> tuple[bytes | None, list[str]]:
    (judged,) = engine.on_response([(b"Set-Cookie", line)], Exchange(host), NOW).cookies
    return judged.after, [reason.value for reason in judged.decision.reasons]


def cookie(engine: Engine, header: bytes, host: bytes = b"shop.example") -> tuple[bytes | None, list[list[str]]]:
    outcome = engine.on_request([(b"Cookie", header)], Exchange(host), NOW)
    scope = engine.scope(Exchange(host))
    after = outcome.headers[0][1] if outcome.headers else None
    assert engine.on_cookies(header, scope)[0] == after == engine.on_cookies(header, scope)[0]
    return after, [[reason.value for reason in judged.decision.reasons] for judged in outcome.cookies]


def test_browsers_get_a_sealed_value_and_the_application_gets_it_back() -> None:
    engine = sealing()
    after, reasons = set_cookie(engine, b" sid = CANARY ; Path=/")
    assert (
        after is not None and after.startswith(b" sid =s1.") and after.endswith(b"; Path=/") and b"CANARY" not in after
    )
    assert reasons == ["sealed"]
    value = after.partition(b"=")[2].partition(b";")[0]
    assert cookie(engine, b"a=1; sid=" + value) == (b"a=1; sid=CANARY", [[], ["opened"]])
    assert set_cookie(engine, after) == (after, [])  # sealed already


@pytest.mark.parametrize("line", [b"sid=", b"sid=; Max-Age=0", b"staged=1", b"a=1"])
def test_deletions_and_empty_values_are_not_sealed(line: bytes) -> None:
    assert set_cookie(sealing(), line)[0] == line
    assert cookie(sealing(), b"sid=")[0] == b"sid="


@pytest.mark.parametrize(
    "line",
    [
        b"sid=CANARY; Max-Age=0",
        b"sid=CANARY; Max-Age=0; Max-Age=x",
        b"sid=CANARY; Max-Age=0; Expires=Fri, 31 Dec 2027",
    ],
)
def test_a_deletion_removes_the_sealed_value(line: bytes) -> None:
    assert set_cookie(sealing(), line)[0] == b"sid=; Max-Age=0"


def test_a_value_that_sealing_makes_too_large_is_blocked() -> None:
    fits = 4096 - len("sid")
    plain = (fits - 3) * 3 // 4 - 28
    assert set_cookie(sealing(), b"sid=" + b"x" * plain)[1] == ["sealed"]
    assert set_cookie(sealing(), b"sid=" + b"x" * (plain + 2)) == (None, ["sealed-too-large"])
    assert set_cookie(sealing(), b"sid=" + b"x" * 4100) == (None, ["too-large"])


def test_report_mode_foretells_that_a_value_is_too_large_to_be_sealed() -> None:
    line = b"sid=" + b"x" * 3500
    assert set_cookie(sealing(Mode.REPORT), line) == (line, ["sealed-too-large"])
    moved = b"moved=" + b"x" * 3041  # the new name decides
    assert set_cookie(sealing(), moved)[0] is None
    assert set_cookie(sealing(Mode.REPORT), moved) == (moved, ["sealed-too-large"])
    assert set_cookie(sealing(Mode.REPORT), moved[:-9]) == (moved[:-9], [])


@pytest.mark.parametrize("mode", Mode)
def test_a_value_that_is_too_large_to_be_sealed_can_pass_in_both_directions(mode: Mode) -> None:
    pair = b"big=" + b"x" * 3500
    assert set_cookie(sealing(mode), pair + b"; Path=/") == (pair + b"; Path=/", ["sealed-too-large"])
    assert cookie(sealing(mode), pair) == (pair, [["sealed-too-large"]])


def test_a_value_that_could_be_sealed_must_be_sealed() -> None:
    assert cookie(sealing(), b"big=" + b"x" * 2000) == (None, [["seal-invalid"]])
    assert cookie(sealing(), b"big=s1." + b"A" * 3600) == (None, [["seal-invalid"]])
    assert set_cookie(sealing(), b"big=" + b"x" * 2000)[1] == ["sealed"]
    assert set_cookie(sealing(), b"big=" + b"x" * 4100) == (None, ["too-large"])


INVALID = ["seal-invalid"]


def test_values_that_cannot_be_decrypted_are_stripped() -> None:
    engine = sealing()
    after, _ = set_cookie(engine, b"sid=1")
    assert after is not None
    sealed = after.partition(b"=")[2]
    assert cookie(engine, b"sid=plain; a=1") == (b"a=1", [INVALID, []])
    assert cookie(engine, b"sid=" + sealed[:-4]) == (None, [INVALID])
    assert cookie(engine, b"bound=" + sealed) == (None, [INVALID])  # replayed under another name
    assert cookie(sealing(keys=(OTHER,)), b"sid=" + sealed) == (None, [INVALID])  # a lost key
    assert cookie(sealing(keys=(OTHER, KEY)), b"sid=" + sealed) == (b"sid=1", [["opened"]])  # a rotated one


def test_a_host_only_cookie_is_bound_to_its_host_and_another_to_the_policy_or_a_context() -> None:
    engine = sealing()
    elsewhere = sealing(text=POLICY.replace("policy: shop", "policy: other"))
    for line, here, there in ((b"bound=1", False, True), (b"sid=1", True, False), (b"graced=1", True, True)):
        after, _ = set_cookie(engine, line)
        assert after is not None
        assert (cookie(engine, after, b"www.shop.example")[0] == line) == here
        assert (cookie(elsewhere, after)[0] == line) == there


def test_unsealed_values_pass_during_the_transition_and_values_sealed_for_another_name_do_not() -> None:
    engine = sealing()
    assert cookie(engine, b"graced=plain") == (b"graced=plain", [[]])
    after, _ = set_cookie(engine, b"sid=1")
    assert after is not None
    assert cookie(engine, b"graced=" + after.partition(b"=")[2]) == (None, [INVALID])
    assert cookie(sealing(now=1_900_000_000), b"graced=plain") == (None, [INVALID])


def test_report_mode_seals_nothing_and_still_opens() -> None:
    reporting = sealing(Mode.REPORT)
    assert set_cookie(reporting, b"sid=1") == (b"sid=1", [])
    after, _ = set_cookie(sealing(), b"sid=1")
    assert after is not None
    assert cookie(reporting, after) == (b"sid=1", [["opened"]])
    assert cookie(reporting, b"sid=plain") == (b"sid=plain", [INVALID])
    staged, _ = set_cookie(sealing(text=POLICY.replace(", stage: report", "")), b"staged=1")
    assert staged is not None
    assert cookie(sealing(), staged + b"; a=1")[0] == b"staged=1; a=1"


def test_a_policy_that_seals_takes_a_key_and_remembers_no_value() -> None:
    with pytest.raises(ValueError, match="keyring"):
        Engine(policy(POLICY))
    engine = sealing()
    scope = engine.scope(Exchange(b"shop.example"))
    for _ in range(3):
        set_cookie(engine, b"sid=CANARY")
        cookie(engine, b"sid=CANARY; a=CANARY")
    assert "CANARY" not in repr((scope.plans, scope.runs, scope.headers, scope.names))
    assert not any(name == b"sid" for name, *_ in scope.plans)


@pytest.mark.parametrize("over", [0, 1])
def test_so_many_sealed_cookies_of_one_request_are_judged(over: int) -> None:
    engine = Engine(policy("version: 1\ncookies:\n  - {name: 'k*', seal: true}\n"), now=NOW, keyring=ring())
    scope = engine.scope(Exchange(b"a.example"))
    lines = [
        engine.on_set_cookie(b"k%d=v%d" % (n, n), scope, clock_at(NOW))[0] or b"" for n in range(MAX_OPENED + over)
    ]
    after, decisions = engine.on_cookies(b"; ".join(line.partition(b";")[0] for line in lines), scope)
    assert after == b"; ".join(b"k%d=v%d" % (n, n) for n in range(MAX_OPENED))
    assert [Reason.POLICY_ERROR in decision.reasons for decision in decisions] == [False] * MAX_OPENED + [True] * over
    assert {decision.entry.name for decision in decisions if decision.entry is not None} == {"k*"}
    assert all(decision.entry is not None for decision in decisions)
