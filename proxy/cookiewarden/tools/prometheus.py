"""A Prometheus server, asked."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from cookiewarden.core.problem import printable
from cookiewarden.core.report.review import QUESTIONS, Number, Period, Series
from cookiewarden.tools.client import NoAnswer, fetch

SLACK = 0.25
"""Of a step: how far from its time a sample may be."""


def answers(
    url: str, asked: Period, where: str, headers: Mapping[str, str] | None = None
) -> dict[str, list[Series]]:
    """The answers to all QUESTIONS. `where`: label matchers of the proxies, such as `job="shop"`. Raises NoAnswer."""
    return {name: _range(url, question, asked, where, headers or {}) for name, question in QUESTIONS.items()}


def _range(url: str, question: str, asked: Period, where: str, headers: Mapping[str, str]) -> list[Series]:
    expression = question.replace("{where}", "{" + where + "}").replace("{step}", str(asked.step))
    parameters = {"query": expression, "start": asked.ends[0], "end": asked.ends[-1], "step": asked.step}
    status, body = fetch(f"{url.rstrip('/')}/api/v1/query_range?{urlencode(parameters)}", headers=headers)
    try:
        answer: Any = json.loads(body)
        if answer["status"] != "success":
            raise NoAnswer(f"Prometheus at {url} refuses: {printable(str(answer['error']))[:300]}")
        return [_series(found, asked) for found in answer["data"]["result"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NoAnswer(f"{url} does not answer as Prometheus does (status {status})") from None


def _series(found: dict[str, Any], asked: Period) -> Series:
    """Raises ValueError, KeyError, TypeError where it is none."""
    at = {float(moment): float(value) for moment, value in found["values"]}
    values: list[Number] = []
    for end in asked.ends:
        near = min(at, key=lambda moment: abs(moment - end), default=None)
        close = near is not None and abs(near - end) <= SLACK * asked.step
        value = at[near] if close and near is not None else None
        values.append(value if value is None or value == value else None)  # NaN is no number
    labels = {str(name): str(value) for name, value in found["metric"].items()}
    return Series(labels, values)
