"""Families: the part that changes becomes a star, words stay, and each family has a reason."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cookiewarden.core.report.family import families

HASH = "5c016e8f0f95f039102cbe8366c5c7f3"


@pytest.mark.parametrize(
    ("names", "globs"),
    [
        # random parts, of one name or of several
        (["intercom-id-abc123", "intercom-id-def456"], ["intercom-id-*"]),
        (["intercom-id-abc123"], ["intercom-id-*"]),
        (["_pk_id.1.1fff", "_pk_id.2.77ab", "_pk_ses.1.8966"], ["_pk_id.*", "_pk_ses.*"]),
        (["_hjSession_3304455", "_hjid"], ["_hjSession_*"]),
        (["ph_phc_xKjQwZpLmNbVxx_posthog"], ["ph_phc_*_posthog"]),
        (["mp_0123456789abcdef0123_mixpanel", "mp_fedcba98765432100123_mixpanel"], ["mp_*_mixpanel"]),
        (["session-deadbeef00"], ["session-*"]),
        (["csrf_token_P23104"], ["csrf_token_*"]),
        (["_ga_ABC1234DEF"], ["_ga_*"]),
        (["_gat_UA-1234567-1"], ["_gat_UA-*"]),
        (["incap_ses_1234_567890", "visid_incap_567890"], ["incap_ses_*", "visid_incap_*"]),
        (["phpbb3_abc12_sid", "phpbb3_abc12_u"], ["phpbb3_*_sid", "phpbb3_*_u"]),
        # hashes, UUIDs, dates, and base64url, which has separators itself
        ([f"wordpress_sec_{HASH}", f"wordpress_logged_in_{HASH}", "wordpress_test_cookie"], ["wordpress_logged_in_*", "wordpress_sec_*"]),
        (["PrestaShop-a30a9934ef476d11b6cc3c983616e364"], ["PrestaShop-*"]),
        ([f"SESS{HASH}", f"SSESS{HASH}"], ["SESS*", "SSESS*"]),
        (["wp-2f0c1e0a-1b2c-4d5e-8f90-123456789abc"], ["wp-*"]),
        (["ab_0123456789abcdef"], ["ab_*"]),
        (["seen-20260601", "promo_2026-06-01"], ["promo_*", "seen-*"]),
        (
            [".AspNetCore.Correlation.kD3v-T0q_Lw9ZcX2-yPb7sJ4", ".AspNetCore.OpenIdConnect.Nonce.CfDJ8NbE2xq0pLk7v3", ".AspNetCore.Antiforgery.9TtSrW0hzOs", ".AspNetCore.Session"],
            [".AspNetCore.Antiforgery.*", ".AspNetCore.Correlation.*", ".AspNetCore.OpenIdConnect.Nonce.*"],
        ),
        (["ASPSESSIONIDCCSDRQTA", "ASPSESSIONIDQQABTRSA", "TS01a2b3c4d5"], ["ASPSESSIONID*", "TS01*"]),
        # numbers that count
        (["__Secure-next-auth.session-token.0", "__Secure-next-auth.session-token.1"], ["__Secure-next-auth.session-token.*"]),
        (["mwPostEditRevision11", "mwPostEditRevision12", "mwPostEditRevision13"], ["mwPostEditRevision*"]),
        (["wp-settings-time-1", "wp-settings-time-2", "wp-settings-1"], ["wp-settings-time-*"]),
        (["_oauth2_proxy_0", "_oauth2_proxy_1", "_oauth2_proxy"], ["_oauth2_proxy_*"]),
        (["mwPostEditRevision11"], []), (["item5", "item6"], []), (["opt-2026", "opt-2027"], []), (["chunk.0"], []),
        # two globs with one beginning and one end become one
        (["app_abc123_x_def456", "app_abc123_y_def456"], ["app_*"]),
        # words
        (["theme-dark", "theme-light"], []), (["user_name", "user_mail", "user_role"], []), (["sid", "sid2"], []),
        (["utm_source", "utm_medium"], []), (["consent-analytics", "consent-marketing"], []), (["i18n_redirected", "i18next", "utf8"], []),
        (["myCookie-someLongCamelCaseName", "myCookie-otherLongCamelCaseName"], []), (["BIGipServer~Common~pool_8080"], []),
        (["PHPSESSID", "JSESSIONID", "ARRAffinitySameSite", "optimizelyEndUserId", "XSRF-TOKEN"], []),
        # too little is left, or a star is there already
        (["a-abc123", "a-def456"], []), (["0123456789abcdef"], []), (["abc-*x123", "abc-*y456"], []),
        (["---", "--*"], []), (["pre-" + "-" * 9, "pre-" + "." * 9], []), ([], []),
    ],
)  # fmt: skip
def test_the_part_that_changes_becomes_a_star(names: list[str], globs: list[str]) -> None:
    assert [family.glob for family in families(names)] == globs


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (
            [f"intercom-id-{n}abc{n}" for n in range(10, 15)],
            "5 names differ only in parts that look random: intercom-id-10abc10, intercom-id-11abc11, intercom-id-12abc12, …",
        ),
        (["chunk.0", "chunk.1"], "2 names differ only in a number: chunk.0, chunk.1"),
        (["tok_P23104"], "a part of the name looks random, so other visits bring other names: tok_P23104"),
        (
            ["ASPSESSIONIDCCSDRQTA"],
            "a part of the name looks random, as Internet Information Services writes it, so other visits bring other "
            "names: ASPSESSIONIDCCSDRQTA",
        ),
    ],
)
def test_a_family_has_its_reason(names: list[str], why: str) -> None:
    assert [family.why for family in families(names)] == [why]


@given(st.lists(st.text("ab1Z-_.*", max_size=12)))
@example(["1", "1.1"])
def test_names_are_in_one_family_at_most_and_their_glob_matches_them(names: list[str]) -> None:
    found = families(names)
    members = [member for family in found for member in family.members]
    assert len(members) == len(set(members)) and set(members) <= set(names)
    ends = [(family.glob.partition("*")[0], family.glob.rpartition("*")[2]) for family in found]
    assert len(ends) == len(set(ends))
    for family in found:
        assert all(fnmatchcase(member, family.glob) for member in family.members)
        assert len(family.glob.replace("*", "")) >= 3
