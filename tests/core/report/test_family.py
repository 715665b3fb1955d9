"""Families are conservative, and each states its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cookiewarden.core.report.family import families


@pytest.mark.parametrize(
    ("names", "globs"),
    [
        # realistic
        (["intercom-id-abc123", "intercom-id-def456"], ["intercom-id-*"]),
        (["_pk_id.1.1fff", "_pk_id.2.77ab", "_pk_ses.1.1fff"], ["_pk_id.*"]),
        (["_hjSession_3304455", "_hjSession_1904412", "_hjid"], ["_hjSession_*"]),
        (["wp-settings-time-1", "wp-settings-time-2"], []),
        (["ph_phc_xKjQwZpLmNbVxx_posthog", "ph_phc_aBcDeFgHiJkLmM_posthog"], ["ph_phc_*"]),
        (["mp_0123456789abcdef0123_mixpanel", "mp_fedcba98765432100123_mixpanel"], []),
        (["session-deadbeef00", "session-cafebabe11"], ["session-*"]),
        # names chosen by people
        (["theme-dark", "theme-light"], []), (["intercom-id-abc123"], []), (["user_name", "user_mail", "user_role"], []),
        (["sid", "sid2"], []), (["a-abc123", "a-def456"], []), (["utm_source", "utm_medium"], []), (["opt-2026", "opt-2027"], []),
        (["consent-analytics", "consent-marketing"], []), (["dashboardLayoutVersion-x", "dashboardLayoutVersion-y"], []),
        (["myCookie-someLongCamelCaseName", "myCookie-otherLongCamelCaseName"], []),
        # pathological
        (["---", "--*"], []), (["pre-" + "-" * 9, "pre-" + "." * 9], []), (["abc-*x123", "abc-*y456"], []), ([], []),
    ],
)  # fmt: skip
def test_similar_random_names_are_a_family(names: list[str], globs: list[str]) -> None:
    assert [family.glob for family in families(names)] == globs


def test_a_family_lists_its_names() -> None:
    (family,) = families([f"intercom-id-{n}abc{n}" for n in range(10, 15)])
    assert (
        family.why
        == "5 names differ only in what looks random: intercom-id-10abc10, intercom-id-11abc11, intercom-id-12abc12, …"
    )


@given(st.lists(st.text("ab1-_.*", max_size=12)))
def test_each_name_is_in_at_most_one_family_and_every_member_is_matched(names: list[str]) -> None:
    found = families(names)
    members = [member for family in found for member in family.members]
    assert len(members) == len(set(members)) and set(members) <= set(names)
    for family in found:
        assert len(family.members) >= 2 and all(m.startswith(family.glob[:-1]) for m in family.members)
        assert "*" not in family.glob[:-1]
