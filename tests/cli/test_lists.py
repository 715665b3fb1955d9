"""`cookiewarden learn --from`: drafts from lists of consent managers and scanners; reports, exit codes, options."""

import json
from pathlib import Path

import pytest

from cookiewarden.files import PolicyFiles
from tests.support.command import run

CC_JS = (
    "CookieConsentDialog.cookieTableNecessary = [['sid','shop.example','The session','Session','HTTP','1','','']];\n"
    "CookieConsentDialog.cookieTableStatistics = [['_ga_#','Google','Visits','2 years','HTTP','1','^_ga_',''],\n"
    "['rc::a','Google','Bots','Persistent','HTML','2','','']];\n"
)
RECORDED = {
    "cookies": [
        {"name": "sid", "value": "CANARY", "domain": "shop.example", "session": True, "firstPartyStorage": True},
        {"name": "IDE", "value": "CANARY", "domain": "doubleclick.net", "firstPartyStorage": False},
    ]
}
POLICY = "version: 1\npolicy: shop\ncookies:\n  - name: sid # kept\n    lifetime: 1h\n    purpose: x\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cc.js").write_text(CC_JS)
    (tmp_path / "odd.js").write_text(CC_JS.replace("2 years", "for ever"))
    (tmp_path / "inspection.json").write_text(json.dumps(RECORDED))
    (tmp_path / "same.json").write_text(json.dumps({"services": [{"cookies": ["*", [3]]}]}))
    (tmp_path / "bad.json").write_text(json.dumps({"services": [{"cookies": ["a;b", "sid"]}]}))
    (tmp_path / "empty.json").write_text(json.dumps({"services": [{"name": "map"}]}))
    (tmp_path / "computed.js").write_text("var klaroConfig = {services: [{cookies: ['a']}].concat(more)}")
    (tmp_path / "p.yaml").write_text(POLICY)
    return tmp_path


def names(path: Path) -> list[str]:
    loaded = PolicyFiles(str(path)).load()
    assert loaded.policy is not None, loaded.problems
    return [entry.name for entry in loaded.policy.entries]


def test_a_declaration_is_drafted_and_its_other_rows_are_listed(folder: Path) -> None:
    code, out, err = run("learn", "--from", "cookiebot", "cc.js", "--name", "shop", cwd=folder)
    assert code == 0 and err == (
        'Left out:\n  cc.js: cookieTableStatistics[1]: "rc::a" is not a cookie: HTML\n'
        "cc.js: 2 cookies from 3 items\n3 entries drafted\n"
    )
    assert "policy: shop\n# Drafted from a declaration of Cookiebot, not from traffic.\n" in out
    (folder / "new.yaml").write_text(out)
    assert (
        names(folder / "new.yaml") == ["CookieConsent", "sid", "_ga_*"] and run("check", "new.yaml", cwd=folder)[0] == 0
    )


def test_a_list_that_is_partly_understood_is_not_a_success(folder: Path) -> None:
    code, out, err = run("learn", "--from", "cookiebot", "odd.js", "--output", "new.yaml", cwd=folder)
    assert code == 1 and out == "" and names(folder / "new.yaml") == ["CookieConsent", "sid", "_ga_*"]
    assert 'Not understood:\n  odd.js: cookieTableStatistics[0]: the lifetime "for ever" of "_ga_*" is not under' in err
    assert err.endswith("odd.js: 2 cookies from 3 items; 1 point to review\nnew.yaml: 3 entries drafted\n")


def test_names_that_cannot_be_declared_are_comments_and_not_a_success(folder: Path) -> None:
    code, out, err = run("learn", "--from", "klaro", "bad.json", cwd=folder)
    assert code == 1 and "2 entries drafted; 1 name in comments, to review" in err and "# left out: " in out


def test_a_recording_shows_no_values_and_cookies_of_other_sites_are_comments(folder: Path) -> None:
    code, out, err = run("learn", "--from", "wec", "inspection.json", cwd=folder)
    assert code == 0 and "CANARY" not in out + err and "1 entry drafted; 1 name in comments, to review" in err
    assert "# IDE: a cookie of doubleclick.net, which is another site" in out


def test_missing_entries_are_added_to_a_policy(folder: Path) -> None:
    code, out, err = run("learn", "--from", "cookiebot", "cc.js", "--into", "p.yaml", cwd=folder)
    assert code == 0 and out == "" and "p.yaml: 1 entry drafted: _ga_*" in err
    text = (folder / "p.yaml").read_text()
    assert text.startswith(POLICY) and names(folder / "p.yaml") == ["sid", "_ga_*"]
    assert "# listed; not seen in traffic: cookieTableStatistics[0]" in text and "# category: Statistics" in text
    code, _, err = run("learn", "--from", "cookiebot", "cc.js", "--into", "p.yaml", cwd=folder)
    assert code == 0 and "p.yaml: no entries are missing" in err and (folder / "p.yaml").read_text() == text


def test_hosts_decide_which_cookies_are_comments(folder: Path) -> None:
    row = "['{0}','{1}','x','Session','HTTP','1','','']"
    rows = ",".join(row.format(*pair) for pair in (("sid", "shop.example"), ("uid", "ads.example")))
    (folder / "two.js").write_text(f"CookieConsentDialog.cookieTableNecessary = [{rows}];")
    code, out, err = run("learn", "--from", "cookiebot", "two.js", cwd=folder)
    assert code == 1 and "  two.js: hosts: the list does not show which site is its own" in err
    assert "# sid: a cookie of shop.example; declare it with --host\n" in out
    code, out, err = run("learn", "--from", "cookiebot", "two.js", "--host", "www.shop.example", cwd=folder)
    assert code == 0 and "  - name: sid\n" in out and "# uid: a cookie of ads.example, which is another site" in out


def test_lines_that_would_give_a_policy_problems_are_printed_with_this_reason(folder: Path) -> None:
    (folder / "gated.yaml").write_text(
        "version: 1\npolicy: shop\nconsent: {cookie: c}\ncategories: {a: {consent: required}, b: {consent: exempt, basis: x}}\n"
        "cookies:\n  - {name: c, category: b, lifetime: 1y, purpose: x}\n"
    )  # fmt: skip
    code, out, err = run("learn", "--from", "cookiebot", "cc.js", "--into", "gated.yaml", cwd=folder)
    assert code == 1 and "was not changed, because the result would have problems. Add" in err and "name: sid" in out


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("klaro", "empty.json"), 3, "nothing learned, so the policy is not written; give a list with cookies"),
        (("klaro", "same.json"), 3, "nothing learned, so the policy is not written; fix the items above"),
        (("klaro", "cc.js"), 3, '"cc.js" is not a list that --from klaro can read; it has no list "services" (or "apps"); give'),
        (("wec", "none.json"), 3, '"none.json" is not a list that --from wec can read; no such file or directory'),
        (("wec", "inspection.json", "cc.js"), 2, "with --from, give one source"),
        (("klaro", "bad.json", "--host", "x"), 2, "--host has no effect with --from klaro; remove it"),
        (("klaro", "computed.js"), 3, "its services are computed; save the configuration as JSON"),
        (("wec", "inspection.json", "--host", "https://x/"), 2, '--host: "https://x/" is not a valid host'),
        (("wec", "inspection.json", "--output", "t.yaml", "--tests", "t.test.yaml"), 2, "--tests has no effect with --from"),
        (("wec", "inspection.json", "--catalog", "x"), 2, "--catalog has no effect with --from"),
        (("iubenda", "cc.js"), 2, "'iubenda' is not one of 'cookiebot', 'onetrust', 'cookieyes', 'klaro', 'wec'"),
    ],
)  # fmt: skip
def test_errors_have_a_reason_and_a_fix(folder: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    found, out, err = run("learn", "--from", *arguments, cwd=folder)
    assert found == code and told in err and out == ""


def test_long_lists_of_items_are_cut(folder: Path) -> None:
    (folder / "many.json").write_text(json.dumps({"services": [{"cookies": ["sid", *["a*"] * 60]}]}))
    code, _, err = run("learn", "--from", "klaro", "many.json", cwd=folder)
    assert code == 1 and err.count("write the names yourself") == 50 and "  … 10 more\n" in err
