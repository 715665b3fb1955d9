"""TC strings, compared with a literal reading of their bits."""

from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.formats.tcf import read_tcf
from tests.support.bits import base64url, bit_field, ranges, tc

PURPOSES = st.sets(st.integers(1, 24))
VENDORS = st.sets(st.integers(1, 1500), max_size=60)


def words(purposes: set[int], vendors: set[int]) -> set[str]:
    return {str(purpose) for purpose in purposes} | {f"vendor:{vendor}" for vendor in vendors}


@given(PURPOSES, VENDORS, st.none() | VENDORS, st.booleans())
def test_a_tc_string_grants_its_purposes_and_its_disclosed_vendors(
    purposes: set[int], vendors: set[int], disclosed: set[int] | None, as_ranges: bool
) -> None:
    section = ranges(1500, *sorted(vendors)) if as_ranges else bit_field(1500, vendors)
    shown = None if disclosed is None else bit_field(max(disclosed, default=0), disclosed)
    expected = words(purposes, vendors if disclosed is None else vendors & disclosed)
    assert read_tcf(tc(section, purposes, shown)) == expected


@given(VENDORS)
def test_ranges_grant_what_bits_grant(vendors: set[int]) -> None:
    groups: list[tuple[int, int]] = []
    for vendor in sorted(vendors):
        if groups and groups[-1][1] == vendor - 1:
            groups[-1] = groups[-1][0], vendor
        else:
            groups.append((vendor, vendor))
    assert read_tcf(tc(ranges(1500, *groups))) == read_tcf(tc(bit_field(1500, vendors)))


@given(st.integers(0, 212 + 17 + 30))
def test_a_core_string_that_is_cut_before_its_end_is_not_read(length: int) -> None:
    bits = f"{2:06b}{'01' * 73}{'1' * 24}{'0' * 37}{bit_field(48, [2])}"
    assert read_tcf(base64url(bits[:length] or "0")) is None


@given(st.text("ABCxyz019-_.", max_size=80))
def test_no_text_makes_reading_fail(text: str) -> None:
    found = read_tcf("C" + text)
    assert found is None or all(word.removeprefix("vendor:").isdecimal() for word in found)
