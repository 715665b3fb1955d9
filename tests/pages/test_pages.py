"""Pages escape all foreign text, and their charts match and include all numbers."""

import re
from xml.etree import ElementTree

import pytest

from cookiewarden.core.policy.problem import Severity
from cookiewarden.core.report.promises import evidence
from cookiewarden.core.report.review import PolicyInForce, Series, period, review, without_silence
from cookiewarden.pages.chart import ChartLine, bars, chart, spark
from cookiewarden.pages.render import render
from cookiewarden.pages.report import values_of
from cookiewarden.pages.text import ago, cell, date, number, rounded, setter, severities, shown, span
from tests.support.policies import entries, policy
from tests.support.watched import NONE, NOW, Watched, answered

HOSTILE = (
    "<script>alert(1)</script>",
    "\u202ereversed",
    "a|b",
    "\x1b[31m",
    "`code`",
    "[x](javascript:alert(1))",
)


@pytest.mark.parametrize(("at", "text"), [(NOW, "just now"), (NOW - 60, "60 seconds ago"), (NOW - 600, "10 minutes ago"), (NOW - 86400, "24 hours ago"), (NOW - 9e5, "10 days ago"), (NOW + 9, "just now")])  # fmt: skip
def test_moments(at: float, text: str) -> None:
    assert ago(at, NOW) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.123, "0.12"), (1.25, "1.2"), (99.5, "99.5"), (1234567.0, "1\u2009234\u2009567")])  # fmt: skip
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1.0, 1e300])
def test_an_impossible_time_is_shown_as_invalid(at: float) -> None:
    assert date(at) == "an unknown time"


def test_missing_data_is_not_shown_as_zero() -> None:
    assert (rounded(None), rounded(0.2), rounded(1.6)) == ("no data", "0", "2")


@pytest.mark.parametrize(("lifetime", "text"), [("8334h", "348 days"), ("1y", "1 year"), ("400d", "400 days"), ("session", "browser session"), ("90min", "90 minutes"), ("1h", "1 hour"), ("24h", "24 hours"), ("7200s", "2 hours"), ("600s", "10 minutes"), ("1mo", "1 month"), ("61s", "61 seconds"), ("", ""), ("any", "any")])  # fmt: skip
def test_lifetimes_are_shown_for_people(lifetime: str, text: str) -> None:
    assert span(lifetime) == text


@pytest.mark.parametrize(("value", "text"), [("server", "the application"), ("script", "scripts"), ("both", "the application or scripts"), ("infrastructure", "infrastructure")])  # fmt: skip
def test_setters_are_shown_for_people(value: str, text: str) -> None:
    assert setter(value) == text


def test_names_are_shown_escaped() -> None:
    assert shown("") == "(without a name)" and shown("a\u202eb") == "a\\u202eb"
    assert cell("a|b`c`\n") == "a\\|b\\`c\\`\\\\n"


def points(svg: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]*)"', svg)
    assert found
    return [tuple(map(float, point.split(","))) for point in found[1].split()]  # type: ignore[misc]


def test_a_line_goes_from_one_end_to_the_other_and_its_top_is_the_largest_value() -> None:
    svg = str(chart([ChartLine("a", [0.0, 5.0, 10.0]), ChartLine("b", [0.0, 0.0, 0.0])], ("then", "now"), "/s", "Rate"))
    (x0, y0), (_, y1), (x2, y2) = points(svg)
    assert (x0, x2) == (8, 632) and y0 > y1 > y2 and y1 - y2 == pytest.approx(y0 - y1, abs=0.2)
    assert "Rate: a 10, peak 10; b 0, peak 0; in /s, for the last step" in svg and svg.count("<polyline") == 1
    assert '<p class="top">max 10 /s</p>' in svg
    ElementTree.fromstring(f"<div>{svg}</div>")


def test_charts_without_anything_are_charts() -> None:
    for lines in ([], [ChartLine("a", [])], [ChartLine("a", [0.0])]):
        for svg in (chart(lines, ("a", "b"), "/s", "t"), bars(lines, ("a", "b"), "t"), spark([], "t")):
            ElementTree.fromstring(f"<div>{svg}</div>")


def test_bars_stand_on_one_another() -> None:
    drawn = bars([ChartLine("a", [2.0, 0.0]), ChartLine("b", [1.0, 3.0])], ("x", "y"), "t")
    svg = ElementTree.fromstring(f"<div>{drawn}</div>")
    boxes = [{k: float(v) for k, v in r.attrib.items() if k != "class"} for r in svg.iter("rect")]
    a1, b1, a2, b2 = boxes
    assert a1["y"] == pytest.approx(b1["y"] + b1["height"], abs=0.2) and a2["height"] == 0
    assert a1["height"] + b1["height"] == pytest.approx(b2["height"], abs=0.2)


def reviewed(language: str = "en"):
    seen = Watched(entries("name: sid, purpose: '<b>x</b>', lifetime: 1h"))
    for name in HOSTILE:
        if "\x1b" not in name:
            seen.sends(f"{name}=1")
    found = answered(
        [PolicyInForce(HOSTILE[0], HOSTILE[3], NOW, NOW)],
        cookies=[Series({"cookie": "sid", "direction": "response", "action": "pass"}, [3.0, None])],
        proxies=[Series({}, [1.0, None])],
        enforcing=[Series({}, [0.0, None])],
    )
    return values_of(
        review(period(120, NOW), found, seen.engine.policy, seen.inventory, seen.judged, language),
        "p|<i>",
        NOW,
    )


def test_problems_are_counted_by_how_bad_they_are() -> None:
    assert severities([Severity.WARNING, Severity.ERROR, Severity.WARNING]) == "1 error, 2 warnings"
    assert severities([None]) == "1 problem"


@pytest.mark.parametrize("template", ["report.html", "report.md"])
def test_a_report_contains_no_active_content(template: str) -> None:
    text = render(template, reviewed())
    assert "\x1b" not in text and "\u202e" not in text and "\\u202ereversed" in text
    if template == "report.html":
        assert "<script" not in text and "&lt;script&gt;" in text and "<b>x" not in text and "<i>" not in text
    else:
        assert "<script" not in text.replace("\\<script", "") and "\\<b\\>x" in text
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert all(re.fullmatch(r"\|(?:(?:[^|\\]|\\.)*\|)+", row) for row in rows)


def test_a_report_states_its_gaps() -> None:
    text = render("report.md", reviewed())
    assert "No data for 1 minute of 2." in text and "Not enforced all the time in 1 minute." in text
    assert "| no data |" in text


@pytest.mark.parametrize("template", ["report.html", "report.md"])
def test_a_report_states_that_older_data_are_missing(template: str) -> None:
    found = answered(
        proxies=[Series({}, [None, None, 1.0])],
        enforcing=[Series({}, [None, None, 1.0])],
        watched=[Series({}, [None, None, 1.0])],
    )
    shorter, cut = without_silence(period(180, NOW), found)
    text = render(template, values_of(review(shorter, cut, None, None, None, "en"), "", NOW))
    assert "No data for the first 2 minutes of the period." in text
    assert "Every proxy enforced its policy whenever Prometheus has data." in text


def test_a_report_without_an_inventory_explains_how_to_get_the_names() -> None:
    values = values_of(review(period(60, NOW), NONE, None, None, None, "en"), "", NOW)
    for template in ("report.md", "report.html"):
        assert "--inventory" in render(template, values)


@pytest.mark.parametrize("template", ["report.html", "report.md"])
def test_a_report_lists_each_promise_with_its_state(template: str) -> None:
    text = entries("name: sid, lifetime: 1h, renew: false", "name: 'a*', lifetime: session")
    made = review(period(120, NOW), NONE, policy(text), None, None, "en")
    told = render(template, values_of(made, "p", NOW, evidence(made, [], policy(text))))
    for part in (
        "browsers keep it no longer",
        "visits do not extend its life",
        "1 hour",
        "unknown",
        "for 0 % of the period",
    ):
        assert part in told
