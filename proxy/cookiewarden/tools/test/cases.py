"""Policy tests: headers and their expected results, in a file beside the policy. The engine of the proxy runs them.

Example:

    policy: shop.yaml
    cases:
      - name: the session cookie gets the declared attributes
        url: https://shop.example/login
        set_cookie:
          - {in: "sid=1; Path=/", out: "sid=1; Path=/; SameSite=Lax; Secure; HttpOnly"}
          - {in: "_fbp=1", out: null, reasons: [undeclared]}
        cookie: {in: "sid=1; _fbp=2", out: "sid=1"}
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
)

from cookiewarden.core.engine.decision import Action, Exchange, Header, Judged, Reason
from cookiewarden.core.engine.engine import Engine
from cookiewarden.core.policy.policy import Mode, Policy
from cookiewarden.core.policy.problem import Code, Place, Problem, printable
from cookiewarden.core.policy.scalars import wrong
from cookiewarden.core.policy.source import Source, parse_source
from cookiewarden.core.policy.validation import problem_of
from cookiewarden.tools.redact import without_value

SEALED = "<sealed>"
"""Placeholder for a sealed value in expectations, because encryption is not deterministic."""
_SEALED_IN = re.compile(rb"([^=;\s]+)=<sealed:([^>]*)>")
DEFAULT_URL = "https://localhost/"


def _moment(value: object) -> float:
    """Parse a time as seconds since the epoch. Raises a validation error."""
    try:
        at = datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except ValueError:
        raise wrong(Code.WRONG_VALUE, f'"{value}" is not a valid time, such as 2026-06-01T12:00:00Z') from None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _url(value: str | None) -> str:
    if value is None:
        raise wrong(Code.WRONG_VALUE, "the URL is empty; give one such as https://shop.example/login")
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        raise wrong(Code.WRONG_VALUE, f'"{value}" is not a valid URL, such as https://shop.example/login')
    host = value.split("/")[2]
    if not host.isascii():
        raise wrong(Code.WRONG_VALUE, f'"{host}" is not a valid host; write it in its xn--… form')
    return value


def _set_cookie(value: str) -> str:
    if not value.strip():
        raise wrong(Code.WRONG_VALUE, 'the Set-Cookie value is empty; give one such as "sid=1; Path=/"')
    return value


def _no_cookies(headers: dict[str, str]) -> dict[str, str]:
    for name in headers:
        if name.lower() in ("cookie", "set-cookie"):
            raise wrong(Code.WRONG_VALUE, f"{name} is not valid here; use the key {name.lower().replace('-', '_')}")
    return headers


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True)


class LineModel(_Model):
    """Set-Cookie value with its expected result."""

    in_: Annotated[
        str,
        AfterValidator(_set_cookie),
        Field(alias="in", description="Set-Cookie value of the application."),
    ]
    out: Annotated[str | None, Field(description="Set-Cookie value for browsers; null if blocked.")] = None
    first: Annotated[str | None, Field(description="Set-Cookie value that the proxy adds before this one.")] = None
    entry: Annotated[str | None, Field(description="Name of the entry that decides; null if undeclared.")] = None
    action: Annotated[Action | None, Field(description="Action of the decision.")] = None
    reasons: Annotated[list[Reason] | None, Field(description="Reasons of the decision, in any order.")] = None


class CookieModel(_Model):
    """Cookie header with its expected result."""

    in_: Annotated[str, Field(alias="in", description="Cookie header of the browser.")]
    out: Annotated[str | None, Field(description="Cookie header for the application; null if removed.")] = None
    reasons: Annotated[dict[str, list[Reason]] | None, Field(description="Reasons by cookie name, in any order.")] = (
        None
    )


class CaseModel(_Model):
    """One case."""

    name: Annotated[str, Field(min_length=1, description="Sentence that the case proves.")]
    url: Annotated[str | None, AfterValidator(_url), Field(description="URL of the request.")] = None
    method: Annotated[str, Field(description="Method of the request.")] = "GET"
    headers: Annotated[
        dict[str, str],
        AfterValidator(_no_cookies),
        Field(description="Further request headers, such as Sec-GPC and Sec-Fetch-Dest."),
    ] = {}
    response_headers: Annotated[
        dict[str, str],
        AfterValidator(_no_cookies),
        Field(description="Further response headers, such as Content-Type and Cache-Control."),
    ] = {}
    mode: Annotated[Mode | None, Field(description="Mode that overrides the policy's mode.")] = None
    now: Annotated[
        float | None,
        BeforeValidator(_moment),
        WithJsonSchema({"type": "string", "examples": ["2026-06-01T12:00:00Z"]}),
        Field(description="Time of the exchange, such as 2026-06-01T12:00:00Z."),
    ] = None
    cookie: Annotated[CookieModel | None, Field(description="Cookie header of the request.")] = None
    set_cookie: Annotated[list[LineModel], Field(description="Set-Cookie lines of the response, in order.")] = []
    evicted: Annotated[list[str] | None, Field(description="Names of the cookies that the proxy expires.")] = None


class CasesModel(_Model):
    """A file of policy tests."""

    policy: Annotated[str, Field(min_length=1, description="Policy file, relative to this file.")]
    url: Annotated[str | None, AfterValidator(_url), Field(description="URL of cases without their own.")] = None
    now: Annotated[
        float | None,
        BeforeValidator(_moment),
        WithJsonSchema({"type": "string", "examples": ["2026-06-01T12:00:00Z"]}),
        Field(description="Time of cases without their own."),
    ] = None
    cases: Annotated[list[CaseModel], Field(min_length=1, description="Cases of this file.")]


@dataclass(frozen=True, slots=True)
class Cases:
    """Test file. `model` is None if the file has problems."""

    model: CasesModel | None
    problems: list[Problem]
    source: Source


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Expectation of a case that was not met."""

    what: str
    expected: str
    got: str
    place: Place
    """Place of the expectation."""
    decided: Place | None = None
    """Place of the entry that decided."""
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Result of one case."""

    name: str
    place: Place
    differences: list[Mismatch]
    entries: frozenset[str]
    """Names of the entries that decided on a cookie of the case."""

    @property
    def passed(self) -> bool:
        return not self.differences


def read_cases(path: str, raw: bytes) -> Cases:
    """Read a test file. Problems have their places, but not their source lines, which can have cookie values."""
    cases = _read_cases(path, raw)
    return replace(cases, problems=[_without_values(problem) for problem in cases.problems])


_FIRST = re.compile(r"first given on line [0-9]+")


def _without_values(problem: Problem) -> Problem:
    """Return a problem without its source line, and without a repeated key that may contain a cookie value."""
    message = problem.message
    if problem.code is Code.DUPLICATE_KEY and "=" in message:
        first = _FIRST.findall(message)
        message = ", ".join(["duplicate key (not shown, because it may contain a value)", *first[-1:]])
    return replace(problem, message=message, excerpt="")


def _read_cases(path: str, raw: bytes) -> Cases:
    source = parse_source(path, raw)
    if source.data is None and source.problems:
        return Cases(None, source.problems, source)
    if isinstance(source.data, dict) and "cookies" in source.data and "cases" not in source.data:
        told = "this is a policy, not a test file; a test file has cases, and its name ends in .test.yaml"
        return Cases(None, [source.problem(Code.WRONG_TYPE, source.key_pos(("cookies",)), told)], source)
    try:
        model = CasesModel.model_validate(source.data)
    except ValidationError as error:
        problems = [
            problem_of(source, detail, CasesModel, has_values=True) for detail in error.errors(include_url=False)
        ]
        return Cases(None, [*source.problems, *problems], source)
    problems = [*source.problems, *_told_twice(model, source), *_told_nothing(model, source)]
    return Cases(None if problems else model, problems, source)


def _told_nothing(model: CasesModel, source: Source) -> Iterable[Problem]:
    """Find cases and lines without an expectation, which cannot fail."""
    for number, case in enumerate(model.cases):
        path = ("cases", number)
        if not case.set_cookie and case.cookie is None and case.evicted is None:
            message = f'"{printable(case.name)}" has no expectations; add set_cookie, cookie or evicted'
            yield source.problem(Code.MISSING_KEY, source.value_pos(path), message)
        for at, line in enumerate(case.set_cookie):
            if not line.model_fields_set - {"in_"}:
                message = "the line has no expectations; add out, first, entry, action or reasons"
                yield source.problem(Code.MISSING_KEY, source.value_pos((*path, "set_cookie", at)), message)
        if case.cookie is not None and not case.cookie.model_fields_set - {"in_"}:
            message = "the header has no expectations; add out (null if the header is removed) or reasons"
            yield source.problem(Code.MISSING_KEY, source.value_pos((*path, "cookie")), message)


def _told_twice(model: CasesModel, source: Source) -> Iterable[Problem]:
    seen: dict[str, int] = {}
    for number, case in enumerate(model.cases):
        if case.name in seen:
            first = source.value_pos(("cases", seen[case.name], "name"))
            message = f"line {first.line} has a case with the same name; rename one of them"
            yield source.problem(Code.DUPLICATE_KEY, source.value_pos(("cases", number, "name")), message)
        seen.setdefault(case.name, number)


Engines = Callable[[Mode | None, float], Engine]
"""Function that makes the engine of the policy for a mode and a time in seconds since the epoch."""


def run_cases(cases: Cases, engines: Engines, now: float, chosen: Callable[[str], bool]) -> list[Result]:
    """Run the cases whose names are chosen. `now` is the time of cases without their own."""
    model = cases.model
    if model is None:
        return []
    return [
        _run(case, number, model, cases.source, engines, now)
        for number, case in enumerate(model.cases)
        if chosen(case.name)
    ]


def _run(case: CaseModel, number: int, model: CasesModel, source: Source, engines: Engines, now: float) -> Result:
    at = next(moment for moment in (case.now, model.now, now) if moment is not None)
    engine = engines(case.mode, at)
    exchange = _exchange(case, model)
    runner = _Runner(case, ("cases", number), source, engine, exchange, at)
    differences = runner.run()
    place = Place(source.path, source.value_pos(("cases", number)))
    return Result(case.name, place, differences, frozenset(runner.entries))


def _exchange(case: CaseModel, model: CasesModel) -> Exchange:
    url = case.url or model.url or DEFAULT_URL
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    headers = [(name.encode(), value.encode()) for name, value in case.headers.items()]
    return Exchange(host.encode(), (slash + path or "/").encode(), scheme == "https", headers, case.method.encode())


class _Runner:
    """Run of one case."""

    def __init__(
        self,
        case: CaseModel,
        path: tuple[str | int, ...],
        source: Source,
        engine: Engine,
        exchange: Exchange,
        now: float,
    ) -> None:
        self.case, self.path, self.source = case, path, source
        self.engine, self.exchange, self.now = engine, exchange, now
        self.entries: set[str] = set()
        self.differences: list[Mismatch] = []

    def run(self) -> list[Mismatch]:
        asked = list(self.exchange.headers)
        if self.case.cookie is not None:
            header = self._sealed(self.case.cookie.in_.encode())
            asked.append((b"Cookie", header))
            self._request(self.case.cookie, asked)
        self._response(asked)
        return self.differences

    def _sealed(self, header: bytes) -> bytes:
        """Replace `name=<sealed:value>` by the sealed cookie that a browser would send."""

        def seal(found: re.Match[bytes]) -> bytes:
            line = found[1] + b"=" + found[2]
            judged = self.engine.on_response([(b"Set-Cookie", line)], self.exchange, self.now).cookies[-1]
            return (judged.after or line).partition(b";")[0]

        return _SEALED_IN.sub(seal, header)

    def _request(self, expected: CookieModel, asked: list[Header]) -> None:
        outcome = self.engine.on_request(asked, self.exchange, self.now)
        self._note(outcome.cookies)
        left = next((value for name, value in outcome.headers if name.lower() == b"cookie"), None)
        got = None if left is None else _text(left)
        if "out" in expected.model_fields_set and got != expected.out:
            changed = [j for j in outcome.cookies if j.after != j.before]
            texts = _told(expected.out, got, _cookies_masked)
            self._differ("the application receives", *texts, ("cookie", "out"), changed[0] if changed else None)
        for name, reasons in (expected.reasons or {}).items():
            judged = [j for j in outcome.cookies if _text(j.name) == name]
            found = {str(reason) for j in judged for reason in j.decision.reasons}
            if found != set(map(str, reasons)):
                told = _listed(found) if judged else "no such cookie in the request"
                self._differ(
                    f"reasons for {name}",
                    _listed(map(str, reasons)),
                    told,
                    ("cookie", "reasons"),
                    judged[0] if judged else None,
                )

    def _response(self, asked: list[Header]) -> None:
        lines = [(b"Set-Cookie", line.in_.encode()) for line in self.case.set_cookie]
        rest = [(name.encode(), value.encode()) for name, value in self.case.response_headers.items()]
        exchange = Exchange(self.exchange.host, self.exchange.target, self.exchange.https, asked, self.exchange.method)
        outcome = self.engine.on_response([*rest, *lines], exchange, self.now)
        self._note(outcome.cookies)
        own = [j for j in outcome.cookies if not j.before]
        if self.case.evicted is not None:
            names = sorted({_text(j.name) for j in own})
            if names != sorted(set(self.case.evicted)):
                self._differ(
                    "evicted cookies",
                    _listed(sorted(set(self.case.evicted))),
                    _listed(names),
                    ("evicted",),
                    None,
                )
        judged = [j for j in outcome.cookies if j.before]
        for at, (line, found) in enumerate(zip(self.case.set_cookie, judged, strict=True)):
            self._line(line, found, ("set_cookie", at))

    def _line(self, expected: LineModel, judged: Judged, path: tuple[str | int, ...]) -> None:
        given, decision = expected.model_fields_set, judged.decision
        got = None if judged.after is None else _text(judged.after)
        if got is not None and Reason.SEALED in decision.reasons:
            got = re.sub(r"=[^;]*", f"={SEALED}", got, count=1)
        if "out" in given and got != expected.out:
            self._differ("browsers receive", *_told(expected.out, got, _line_masked), (*path, "out"), judged)
        if "first" in given and (expected.first or "") != _text(decision.supersedes):
            texts = _told(expected.first, _text(decision.supersedes) or None, _line_masked)
            self._differ("the added line before it", *texts, (*path, "first"), judged)
        entry = decision.entry.name if decision.entry is not None else None
        if "entry" in given and entry != expected.entry:
            self._differ("the entry that decides", expected.entry, entry, (*path, "entry"), judged)
        if expected.action is not None and decision.action is not expected.action:
            self._differ("action", expected.action.value, decision.action.value, (*path, "action"), judged)
        if expected.reasons is not None and set(decision.reasons) != set(expected.reasons):
            self._differ("reasons", _listed(expected.reasons), _listed(decision.reasons), (*path, "reasons"), judged)

    def _note(self, cookies: Iterable[Judged]) -> None:
        self.entries |= {j.decision.entry.name for j in cookies if j.decision.entry is not None}

    def _differ(
        self,
        what: str,
        expected: str | None,
        got: str | None,
        path: tuple[str | int, ...],
        judged: Judged | None,
    ) -> None:
        pos = self.source.value_pos((*self.path, *path))
        decision = judged.decision if judged is not None else None
        decided = decision.entry.place if decision is not None and decision.entry is not None else None
        why = tuple(reason.value for reason in decision.reasons) if decision is not None else ()
        self.differences.append(
            Mismatch(
                what,
                printable(expected or NOTHING),
                printable(got or NOTHING),
                Place(self.source.path, pos),
                decided,
                why,
            )
        )


def _told(expected: str | None, got: str | None, masked: Callable[[str], str]) -> tuple[str, str]:
    """Redact both texts, because output of tests ends up in tickets and in CI logs."""
    one, other = (NOTHING if text is None else masked(text) for text in (expected, got))
    return (one, other) if one != other else (one, f"{other}, with a different value")


NOTHING = "nothing"


def _line_masked(line: str) -> str:
    return without_value(line.encode())


def _cookies_masked(header: str) -> str:
    return "; ".join(without_value(piece.strip().encode()) for piece in header.split(";"))


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(map(str, words))) or "none"


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", "backslashreplace")


def uncovered(policy: Policy, results: Iterable[Result]) -> list[str]:
    """Return the names of the entries that did not decide in any of the results."""
    seen = {entry for result in results for entry in result.entries}
    return [entry.name for entry in policy.entries if entry.name not in seen]
