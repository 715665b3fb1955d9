"""`cookiewarden statement` as users call it: write, compare and import; files, formats, exit codes."""

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import run
from tests.support.policies import entries
from tests.support.site import site

POLICY = "statement: {languages: [en, nl], title: {en: Shop, nl: Winkel}}\n" + entries(
    "name: sid, lifetime: session, purpose: {en: The session., nl: De sessie.}"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(POLICY)
    (tmp_path / "own.html").write_text("<b>{{ s.title }}</b>{% for k in s.stated %}{{ k.name }}{% endfor %}")
    return tmp_path


def test_it_is_written_in_each_form_and_language(folder: Path) -> None:
    code, text, _ = run("statement", "--policy", "p.yaml", cwd=folder)
    assert code == 0 and text.startswith("# Shop\n") and "| sid | The session. |" in text
    code, text, _ = run("statement", "--policy", "p.yaml", "--language", "nl", "--format", "html", cwd=folder)
    assert code == 0 and '<html lang="nl">' in text and "De sessie." in text
    code, text, _ = run("statement", "--policy", "p.yaml", "--format", "json", cwd=folder)
    assert code == 0 and json.loads(text)["categories"][0]["cookies"][0]["lifetime"]["text"] == "session"
    jsonschema.validate(json.loads(text), json.loads(run("schema", "statement")[1]))
    code, text, _ = run("statement", "--policy", "p.yaml", "--template", "own.html", cwd=folder)
    assert (code, text) == (0, "<b>Shop</b>sid")


def test_it_is_written_for_officers_tools(folder: Path) -> None:
    code, text, _ = run("statement", "--policy", "p.yaml", "--format", "csv", "--language", "nl", cwd=folder)
    assert code == 0 and text.startswith('"policy","sha256",') and '"De sessie."' in text
    code, text, _ = run("statement", "--policy", "p.yaml", "--format", "ropa", cwd=folder)
    assert code == 0 and '"in the browser: until the browser closes; enforced by the proxy"' in text
    code, text, told = run("statement", "--policy", "p.yaml", "--format", "wat", "--output", "kb.json", cwd=folder)
    assert (code, text, told) == (0, "", "kb.json: 1 cookie\n")
    assert json.loads((folder / "kb.json").read_text())["knowledges"][0]["name"] == "sid"


def test_it_is_written_to_a_file(folder: Path) -> None:
    code, text, told = run("statement", "--policy", "p.yaml", "--output", "s.md", cwd=folder)
    assert (code, text, told) == (0, "", "s.md: 1 cookie\n")
    assert (folder / "s.md").read_text().startswith("# Shop")
    assert run("statement", "--policy", "p.yaml", "--check", "s.md", cwd=folder)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "Missing option '--policy'"),
        (("--policy", "p.yaml", "--template", "t.html", "--format", "html"), 2, "--format has no effect with --template"),
        (("--policy", "p.yaml", "--check", "page.html", "--language", "nl"), 2, "--language has no effect with --check"),
        (("--policy", "none.yaml"), 3, 'the file "none.yaml" does not exist'),
        (("--policy", "p.yaml", "--language", "de"), 2, '"de" is not a supported language; en and nl ship'),
        (("--policy", "p.yaml", "--format", "csv", "--language", "de"), 2, '"de" is not a supported language; en and nl ship'),
        (("--policy", "p.yaml", "--format", "onetrust"), 2, "'onetrust' is not one of"),
        (("--policy", "p.yaml", "--template", "none.html"), 3, 'cannot read the template "none.html": no such file'),
        (("--policy", "p.yaml", "--template", "bad.html"), 2, "cannot render the template bad.html:1: "),
        (("--policy", "p.yaml", "--output", "none/s.md"), 3, 'cannot write "none/s.md": no such file'),
        (("--policy", "p.yaml", "--check", "none.html"), 3, 'cannot read "none.html": no such file'),
        (("--policy", "p.yaml", "--check", "p.yaml"), 3, '"p.yaml" is not a statement that can be read: no cookies found'),
        (("--policy", "p.yaml", "--check", "http://127.0.0.1:1/"), 3, "cannot connect to"),
        (("--policy", "p.yaml", "--check", "htp://x/"), 3, '"htp://x/" is not an HTTP URL'),
        (("--policy", "p.yaml", "--template", "bin.html"), 2, 'the template "bin.html" is not UTF-8'),
        (("import", "own.html"), 3, "is not a statement that can be read"),
        (("import",), 2, "Missing argument"),
    ],
)  # fmt: skip
def test_errors_are_reported(folder: Path, arguments: tuple[str, ...], code: int, told: str) -> None:
    (folder / "bad.html").write_text("{% if %}")
    (folder / "bin.html").write_bytes(b"\xff")
    found, out, err = run("statement", *arguments, cwd=folder)
    assert found == code and told in err and out == ""


def test_differences_are_reported_with_both_places(folder: Path) -> None:
    (folder / "page.txt").write_text("Our cookies:\n\n* sid: The session. Valid for 1 year.\n* _fbp: ads\n")
    code, out, _ = run("statement", "--policy", "p.yaml", "--check", "page.txt", cwd=folder)
    assert code == 1
    assert out == (
        "On the page but undeclared:\n  _fbp: on the page, but not in the register\n    page.txt:4\n\n"
        "Different lifetime:\n  sid: the page has 1y, and the policy has session\n    page.txt:3, p.yaml:4:6\n\n"
        "page.txt: 2 cookies on the page; 2 differences\n"
    )


def test_a_draft_is_printed_and_counted(folder: Path) -> None:
    (folder / "page.txt").write_text("Our cookies:\n\n* sid: The session.\n* _fbp: ads. Kept for 3 months.\n")
    code, out, err = run("statement", "import", "page.txt", "--name", "shop", cwd=folder)
    assert (code, err) == (0, "page.txt: 2 cookies in 1 category, 1 with a lifetime, from 2 of 2 rows\n")
    (folder / "draft.yaml").write_text(out)
    assert run("check", "draft.yaml", cwd=folder)[0] == 0


PARTLY = (
    "<table><tr><th>Cookie<th>Expiry<th>Type\n<tr><td colspan=3>Needed\n<tr><td>sid<td>session<td>HTTP\n"
    "<tr><td>basket<td>-<td>HTML Local Storage\n<tr><td>a b\x1b<td>1 day<td>HTTP\n<tr><td>_fbp<td>forever<td>HTTP</table>"
)


def test_rows_that_are_not_read_are_listed_and_are_not_a_success(folder: Path) -> None:
    (folder / "page.html").write_text(PARTLY)
    told = (
        '4 rows: 2 read, 2 left out\nCategories in tables: "Needed"\nNot understood:\n'
        '  page.html:5: no name of a cookie: "a b\\x1b"\n'
        '  page.html:6: the lifetime "forever" of "_fbp" is not understood\n'
        'Not in the list of cookies:\n  page.html:4: "basket" is not a cookie: local storage\n\n'
    )
    code, out, err = run("statement", "import", "page.html", cwd=folder)
    assert code == 1 and "name: sid" in out and "basket" not in out
    assert err == told + "page.html: 2 cookies in 1 category, 1 with a lifetime, from 2 of 4 rows\n"
    code, out, _ = run("statement", "--policy", "p.yaml", "--check", "page.html", cwd=folder)
    assert code == 1
    assert out.endswith(told + "page.html: 2 cookies on the page; 1 difference; 2 not understood\n")


def test_rows_of_other_storage_do_not_change_the_exit_code(folder: Path) -> None:
    (folder / "page.html").write_text("<table><tr><th>Cookie<th>Type<tr><td>sid<td>HTTP<tr><td>x<td>IndexedDB</table>")
    code, _, err = run("statement", "import", "page.html", cwd=folder)
    assert code == 0 and err.startswith("2 rows: 1 read, 1 left out\nNot in the list of cookies:\n")


def test_columns_that_are_not_read_are_named_and_do_not_change_the_exit_code(folder: Path) -> None:
    (folder / "page.html").write_text("<table><tr><th>Cookie<th>Use<th>Score<tr><td>sid<td>x<td>low</table>")
    code, _, err = run("statement", "import", "page.html", cwd=folder)
    assert (
        code == 0 and 'Columns without names, purposes and lifetimes:\n  page.html:1: column not read: "Score"\n' in err
    )


def test_a_grid_that_is_not_understood_is_not_evidence(folder: Path) -> None:
    (folder / "page.html").write_text(
        "<p>Cookie<p>Purpose<p>Duration<p>sid<p>The session.<p>session<p>theme<p>colours<p>of pages<p>1 year"
    )
    code, out, _ = run("statement", "--policy", "p.yaml", "--check", "page.html", cwd=folder)
    assert code == 1 and "no differences; 1 not understood" in out


def test_long_lists_of_rows_are_cut(folder: Path) -> None:
    rows = "".join(f"<tr><td>a b {number}<td>x" for number in range(60))
    (folder / "page.html").write_text(f"<table><tr><th>Cookie<th>Use<tr><td>sid<td>x{rows}</table>")
    code, _, err = run("statement", "import", "page.html", cwd=folder)
    assert code == 1 and err.count("no name of a cookie") == 50 and "  … 10 more\n" in err


def test_the_charset_of_the_response_is_used(folder: Path) -> None:
    page = "<table><tr><th>Cookie<th>\u00dac\u030cel<tr><td>sid<td>p\u0159ihl\u00e1\u0161en\u00ed</table>".replace(
        "c\u030c", "\u010d"
    )
    answer = (200, {"Content-Type": 'text/html; charset="ISO-8859-2"'}, page.encode("iso-8859-2"))
    with site({"/": answer}) as url:
        code, out, _ = run("statement", "import", f"{url}/", cwd=folder)
    assert code == 0 and "p\u0159ihl\u00e1\u0161en\u00ed" in out


def test_a_page_is_fetched_through_its_redirects(folder: Path) -> None:
    page = b"<p>Cookies in use:</p><ul><li>sid: The session.</ul>"
    pages = {"/": (302, {"Location": "/page"}, b""), "/page": (200, {}, page), "/loop": (302, {"Location": "/loop"}, b"")}  # fmt: skip
    with site(pages) as url:
        code, out, _ = run("statement", "--policy", "p.yaml", "--check", f"{url}/", cwd=folder)
        assert code == 0 and "1 cookie on the page; no differences" in out
        code, _, err = run("statement", "--policy", "p.yaml", "--check", f"{url}/none", cwd=folder)
        assert code == 3 and err.endswith("/none returned status 404\n")
        code, _, err = run("statement", "--policy", "p.yaml", "--check", f"{url}/loop", cwd=folder)
        assert code == 3 and "more than 10)" in err
