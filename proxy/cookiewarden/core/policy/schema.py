"""The shape of a policy file: one pydantic model per mapping, one described field per key.

The same models validate a file and produce the JSON Schema that editors read. Scalars with a meaning of
their own (lifetimes, verbs, globs) are parsed here by small functions that say what would be right.
"""

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
)
from pydantic_core import PydanticCustomError

from cookiewarden.core.cookies.scope import canonical_host, name_prefix
from cookiewarden.core.policy.parsed import Parsed
from cookiewarden.core.policy.policy import (
    HOST_ONLY,
    UNITS,
    ConsentFormat,
    Evict,
    Flag,
    Gpc,
    Lifetime,
    Mode,
    OnError,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    SameSite,
    SameSiteVerb,
    SetBy,
)
from cookiewarden.core.policy.problem import Code

Json = dict[str, Any]


def wrong(code: Code, message: str) -> PydanticCustomError:
    """A validation error that carries one of our codes. Braces would be read as placeholders."""
    return PydanticCustomError(code.text, "{message}", {"message": message})


def quote(value: object) -> str:
    """A found value as a short text for a message."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "…"


FEW = 4
"""Choices that are told, where none is nearly what was written."""


def _is_nearly(word: str, choice: str) -> bool:
    return bool(get_close_matches(word, [choice], n=1, cutoff=0.75))


def did_you_mean(word: object, choices: list[str]) -> str:
    """`, did you mean "samesite"?` or the choices where they are few; empty where neither helps."""
    # Comparing takes 20 µs a choice: a register with thousands of wrong names among thousands is told plainly.
    close = get_close_matches(str(word), choices, n=1, cutoff=0.6) if len(choices) <= 100 else []
    if close and (len(choices) > FEW or _is_nearly(str(word).lower(), close[0].lower())):
        return f', did you mean "{close[0]}"?'
    if len(choices) == 1:
        return f", expected {choices[0]}"
    return f", expected one of {', '.join(choices)}" if choices and len(choices) <= 16 else ""


def one_of(choices: Mapping[Any, Any]) -> Callable[[object], Any]:
    """A validator that maps a written value to its meaning; `true` is not 1 and 1 is not `true`."""

    def validate(value: object) -> Any:
        for written, meaning in choices.items():
            if value == written and type(value) is type(written):
                return meaning
        names = [json.dumps(written) if isinstance(written, bool) else str(written) for written in choices]
        raise wrong(Code.WRONG_VALUE, f"found {quote(value)}{did_you_mean(value, names)}")

    return validate


def enum_schema(*choices: object) -> WithJsonSchema:
    return WithJsonSchema({"enum": list(choices)})


def text_schema(pattern: str = "", **more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **({"pattern": pattern} if pattern else {}), **more})


def expect_text(value: object) -> str:
    if not isinstance(value, str):
        raise wrong(Code.WRONG_TYPE, f"expected text, found {kind_of(value)}")
    return value


KINDS = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
}


def kind_of(value: object) -> str:
    return KINDS.get(type(value), type(value).__name__)


# Lifetimes

_LIFETIME = re.compile(r"([0-9]{1,9})(s|min|h|d|w|mo|y)")
LIFETIME_PATTERN = r"^(session|[0-9]{1,9}(s|min|h|d|w|mo|y))$"
_LIFETIME_FORM = (
    "expected session, or a number and a unit: s, min, h, d, w, mo (730 h) or y (365 d), as in 90min"
)


def parse_lifetime(value: object) -> Lifetime:
    """`session`, or a whole number with a unit, as an upper bound in seconds."""
    text = value if isinstance(value, str) else ""
    if text == "session":
        return Lifetime(text, 0)
    matched = _LIFETIME.fullmatch(text)
    if matched and int(matched[1]) > 0:
        return Lifetime(text, int(matched[1]) * UNITS[matched[2]])
    if re.fullmatch(r"[0-9]+m", text):
        raise wrong(Code.BAD_LIFETIME, f'"{text}" could be minutes or months: write {text}in or {text}o')
    if matched:
        raise wrong(
            Code.BAD_LIFETIME,
            f'"{text}" is no lifetime; to let no browser keep the cookie, do not declare it',
        )
    raise wrong(Code.BAD_LIFETIME, f"found {quote(value)}, {_LIFETIME_FORM}")


# Names, hosts and paths

_NOT_IN_NAMES = re.compile(r"[\x00-\x1f\x7f;=]")


def check_name(name: str) -> str:
    """A cookie name or glob: any text a browser could send before the `=`."""
    if not name:
        raise wrong(Code.BAD_NAME, "a cookie needs a name; cookies without one cannot be declared")
    found = _NOT_IN_NAMES.search(name)
    if found:
        raise wrong(Code.BAD_NAME, f"{quote(found[0])} cannot be part of a cookie's name")
    if name != name.strip(" \t"):
        raise wrong(Code.BAD_NAME, "browsers take blanks around a name away: write it without them")
    return name


_HOST = re.compile(r"(\*\.)?([\w-]+\.)*[\w-]+\.?|\[[0-9A-Fa-f:.]+\]", re.ASCII)


def check_host(host: object) -> str:
    """`shop.example`, or `*.shop.example` for everything below it."""
    text = expect_text(host)
    if not _HOST.fullmatch(text):
        raise wrong(
            Code.WRONG_VALUE,
            f"found {quote(text)}, expected a host such as shop.example or *.shop.example, as it travels: without port, and xn--… where it has other letters",
        )
    return ("*." if text.startswith("*.") else "") + canonical_host(text.removeprefix("*.").encode()).decode()


def check_path(path: object) -> str:
    text = expect_text(path)
    if not text.startswith("/") or re.search(r"[\x00-\x1f\x7f;]", text):
        raise wrong(Code.WRONG_VALUE, f"found {quote(text)}, expected a path that begins with /")
    return text


def check_domain(domain: object) -> str:
    text = expect_text(domain)
    return text if text == HOST_ONLY else check_parent(text, f", or {HOST_ONLY}")


def check_parent(domain: object, other: str = "") -> str:
    """A domain with all below it."""
    text = expect_text(domain).removeprefix(".")
    if "*" in text:
        raise wrong(Code.WRONG_VALUE, f"found {quote(domain)}, expected a domain such as shop.example{other}")
    return check_host(text)


# Dates

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


_LAST_DAY = "9999-12-31"
"""After which there is no other: what people write who mean for ever."""


def parse_until(value: object) -> float:
    """The end of a day in UTC, in seconds since the epoch."""
    if isinstance(value, str) and _DATE.fullmatch(value):
        if value == _LAST_DAY:
            raise wrong(Code.WRONG_VALUE, f"{quote(value)} is no end; leave it out for what does not end")
        with contextlib.suppress(ValueError):
            return (datetime.fromisoformat(value).replace(tzinfo=UTC) + timedelta(days=1)).timestamp()
    raise wrong(
        Code.WRONG_VALUE,
        f"found {quote(value)}, expected a day such as 2026-12-31",
    )


def check_day(value: object) -> str:
    parse_until(value)
    return str(value)


# The statement

LANGUAGE = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
RESERVED_PATH = "/.well-known/cookiewarden/"


def check_language(value: object) -> str:
    text = expect_text(value)
    if not re.fullmatch(LANGUAGE, text):
        raise wrong(Code.WRONG_VALUE, f"found {quote(text)}, expected a language such as en, nl or pt-BR")
    return text


def check_statement_path(value: object) -> str:
    text = check_path(value)
    if re.search(r"[?#\s]|//|/\.\.?(/|$)", text) or text.startswith(RESERVED_PATH) or not text.isascii():
        raise wrong(Code.WRONG_VALUE, f"found {quote(text)}, expected a plain path such as /cookies")
    return text


# Verbs

_FLAGS = {True: Flag.ON, False: Flag.OFF, "remove": Flag.REMOVE, "keep": Flag.KEEP}
_SITES = ("None", "Lax", "Strict")


def parse_same_site(value: object) -> SameSite:
    """`Lax` exactly, `{default: Lax}`, `{at_least: Lax}` or `keep`."""
    if value == "keep":
        return SameSite()
    if isinstance(value, str):
        return SameSite(SameSiteVerb.EXACTLY, _site(value, (*_SITES, "keep")))
    if isinstance(value, dict) and len(value) == 1:
        (verb, site), *_ = value.items()
        if verb == "default":
            return SameSite(SameSiteVerb.DEFAULT, _site(site, _SITES))
        if verb == "at_least":
            return SameSite(SameSiteVerb.AT_LEAST, _site(site, _SITES[1:]))
        raise wrong(
            Code.UNKNOWN_KEY, f"unknown key {quote(verb)}{did_you_mean(verb, ['default', 'at_least'])}"
        )
    raise wrong(
        Code.WRONG_VALUE,
        f"found {quote(value)}, expected None, Lax, Strict, keep, {{default: Lax}} or {{at_least: Lax}}",
    )


def _site(value: object, choices: tuple[str, ...]) -> str:
    if isinstance(value, str):
        for site in choices:
            if site == value:
                return site
    raise wrong(Code.WRONG_VALUE, f"found {quote(value)}{did_you_mean(value, list(choices))}")


def parse_text(value: object) -> dict[str, str]:
    """One text, or one per language."""
    if isinstance(value, str):
        return {"": value}
    if isinstance(value, dict) and value and all(isinstance(text, str) for text in value.values()):
        return dict(value)
    raise wrong(
        Code.WRONG_TYPE,
        f"expected text, or a text per language as in {{en: …, nl: …}}, found {kind_of(value)}",
    )


def parse_sentence(value: object) -> dict[str, str]:
    """The same for what is told on one line: a text that was written on several lines has blanks between them."""
    return {language: " ".join(text.split()) for language, text in parse_text(value).items()}


def parse_phrase(value: object) -> str:
    return " ".join(expect_text(value).split())


def granting_word(value: object) -> str:
    """A word of a consent manager; TCF purposes are numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise wrong(Code.WRONG_TYPE, f"expected a word or a number, found {kind_of(value)}")


def include_item(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


_SITE_SCHEMA: Json = {
    "oneOf": [
        {"enum": [*_SITES, "keep"]},
        {
            "type": "object",
            "properties": {
                "default": {"enum": list(_SITES), "description": "only where the application set none"}
            },
            "required": ["default"],
            "additionalProperties": False,
        },
        {
            "type": "object",
            "properties": {
                "at_least": {"enum": list(_SITES[1:]), "description": "raises to this value and never lowers"}
            },
            "required": ["at_least"],
            "additionalProperties": False,
        },
    ]
}
_INCLUDE_SCHEMA = WithJsonSchema(
    {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "properties": {
                    "file": {
                        "type": "string",
                        "description": "Path of the file, relative to this one and inside its folder.",
                    },
                    "except": {
                        "type": "array",
                        "items": {"type": "string"},
                        "description": "Names of entries to leave out.",
                    },
                },
                "required": ["file"],
                "additionalProperties": False,
            },
        ]
    }
)
_TEXT_SCHEMA: Json = {
    "oneOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
    ]
}

Name = Annotated[str, AfterValidator(check_name), text_schema(r"^[^\x00-\x1f\x7f;=]+$")]
Host = Annotated[str, Parsed(check_host), text_schema()]
Parent = Annotated[str, Parsed(check_parent), text_schema()]
CookiePath = Annotated[str, Parsed(check_path), text_schema("^/")]
Span = Annotated[Lifetime, Parsed(parse_lifetime), text_schema(LIFETIME_PATTERN, examples=["session", "1y"])]
Text = Annotated[dict[str, str], Parsed(parse_text), WithJsonSchema(_TEXT_SCHEMA)]
Sentence = Annotated[dict[str, str], Parsed(parse_sentence), WithJsonSchema(_TEXT_SCHEMA)]
Phrase = Annotated[str, Parsed(parse_phrase), text_schema()]
Secure = Annotated[
    Flag,
    Parsed(one_of({**_FLAGS, "https": Flag.HTTPS})),
    enum_schema(True, False, "https", "remove", "keep"),
]
Until = Annotated[float, Parsed(parse_until), text_schema(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
OnOff = Annotated[Flag, Parsed(one_of(_FLAGS)), enum_schema(True, False, "remove", "keep")]
Site = Annotated[SameSite, Parsed(parse_same_site), WithJsonSchema(_SITE_SCHEMA)]
Bool = Annotated[bool, Parsed(one_of({True: True, False: False})), WithJsonSchema({"type": "boolean"})]


def word(*choices: str | int) -> tuple[Parsed, WithJsonSchema]:
    """The metadata of a closed list of words."""
    return Parsed(one_of({choice: choice for choice in choices})), enum_schema(*choices)


def member(kind: type[StrEnum]) -> tuple[Parsed, WithJsonSchema]:
    """The metadata of a closed list of words given by an enum."""
    return Parsed(one_of({choice.value: choice for choice in kind})), enum_schema(*(c.value for c in kind))


Version = Annotated[int, *word(1)]
PolicyMode = Annotated[Mode, *member(Mode)]
ErrorChoice = Annotated[OnError, *member(OnError)]
OnResponse = Annotated[OnUndeclaredResponse, *member(OnUndeclaredResponse)]
OnRequest = Annotated[OnUndeclaredRequest, *member(OnUndeclaredRequest)]
EvictChoice = Annotated[Evict, *member(Evict)]
ConsentNeed = Annotated[str, *word("exempt", "required")]
Unknown = Annotated[str, *word("deny", "grant")]
Form = Annotated[ConsentFormat, *member(ConsentFormat)]
GpcChoice = Annotated[Gpc, *member(Gpc)]
Setter = Annotated[SetBy, *member(SetBy)]
Source = Annotated[str, *word("stated", "chosen")]
Stage = Annotated[str, *word("enforce", "report")]
Priority = Annotated[str, *word("Low", "Medium", "High", "keep")]


def empty_list() -> list[Any]:
    """In the place of `list`, for whose signature pydantic would have a text of CPython's parsed."""
    return []


class Model(BaseModel):
    # Built when a file is first validated: a command uses two or three of the models.
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class RulesModel(Model):
    """The verbs for attributes, given for all cookies under `defaults` or for one in its entry."""

    secure: Secure | None = Field(
        default=None, description="Secure: true adds it, https adds it where the browser came over HTTPS, false does not require it, remove takes it off, keep leaves it (default)."
    )  # fmt: skip
    http_only: OnOff | None = Field(
        default=None, description="HttpOnly: true adds it, false does not require it, remove takes it off, keep leaves it (default). A default applies to cookies with set_by: server only."
    )  # fmt: skip
    same_site: Site | None = Field(
        default=None, description="SameSite: Lax means exactly Lax; {default: Lax} only where the application set none; {at_least: Lax} raises and never lowers; keep leaves it (default)."
    )  # fmt: skip
    partitioned: OnOff | None = Field(
        default=None, description="Partitioned (CHIPS): true adds it, false does not require it, remove takes it off, keep leaves it (default)."
    )  # fmt: skip
    path: Annotated[str, Parsed(lambda v: "keep" if v == "keep" else check_path(v)), text_schema("^(/|keep$)")] | None = Field(
        default=None, description="Path: exactly this path, or keep (default)."
    )  # fmt: skip
    domain: Annotated[str, Parsed(lambda v: "keep" if v == "keep" else check_domain(v)), text_schema()] | None = Field(
        default=None, description="Domain: the widest domain allowed (wider becomes this, narrower stays), host-only to take the attribute off, or keep (default)."
    )  # fmt: skip
    priority: Priority | None = Field(
        default=None, description="Priority: exactly this value (a Chrome extension), or keep (default)."
    )
    supersede: Bool | None = Field(
        default=None, description="Whether, where the policy changes path, domain or partition, the cookie that browsers may still hold under the old ones is expired first (default true)."
    )  # fmt: skip
    lifetime: Span | None = Field(
        default=None, description="The longest time a browser may keep the cookie, counted from each setting: session, or s, min, h, d, w, mo (730 h), y (365 d)."
    )  # fmt: skip


class ScopeModel(Model):
    """Where an entry applies."""

    hosts: list[Host] = Field(
        default_factory=empty_list, max_length=256, description="Hosts of the Host header, without port; *.example.org is any depth below and not example.org itself."
    )  # fmt: skip
    paths: list[CookiePath] = Field(
        default_factory=empty_list, max_length=64, description="Request paths under which the cookie may be set; not looked at when a browser sends it back."
    )  # fmt: skip


def _or_mapping(kind: str, model: type[Model]) -> WithJsonSchema:
    """The schema of a scalar that stands for a mapping, or the mapping."""
    mapping = {
        "type": "object",
        "properties": {
            name: {"type": "string", "description": found.description}
            for name, found in model.model_fields.items()
        },
        "required": [name for name, found in model.model_fields.items() if found.is_required()],
        "additionalProperties": False,
    }
    return WithJsonSchema(
        {"oneOf": [{"type": kind}, {key: value for key, value in mapping.items() if value != []}]}
    )


class SealModel(Model):
    """How a cookie's value is sealed."""

    accept_plain_until: Until | None = Field(
        default=None, description="The last day on which values that were never sealed are let in, as in 2026-12-31 (default: none are)."
    )  # fmt: skip
    context: str | None = Field(
        default=None, min_length=1, description="What sealed values are bound to besides the cookie's name, where the cookie is not host-only; default: the policy's name."
    )  # fmt: skip


class RenameModel(Model):
    """Under which name browsers keep a cookie."""

    name: Name = Field(
        description="A name with a prefix that browsers hold it to: __Host-, __Secure-, __Http- or __Host-Http-."
    )
    accept_plain_until: Until | None = Field(
        default=None, description="The last day on which the application's own name is let in, where the other does not come (default: always)."
    )  # fmt: skip

    @field_validator("name")
    @classmethod
    def _has_prefix(cls, name: str) -> str:
        if "*" in name or not name_prefix(name.encode()):
            raise wrong(
                Code.WRONG_VALUE,
                f"found {quote(name)}, expected a name such as __Host-sid: with a prefix that browsers heed, and without *",
            )
        return name


def rename_item(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


_RENAME_SCHEMA = _or_mapping("string", RenameModel)


def seal_item(value: object) -> object:
    """`true`, `false`, or a mapping. Keys are not for files that are in git."""
    if value is True:
        return {}
    if isinstance(value, dict) and {"key", "keys"} & value.keys():
        raise wrong(
            Code.KEY_IN_POLICY,
            "a key does not belong in a policy, which is for many to read: give it with --seal-key-file",
        )
    if isinstance(value, str):
        raise wrong(
            Code.WRONG_TYPE,
            "expected true, or a mapping; keys do not belong in a policy, but are given with --seal-key-file",
        )
    return None if value is False else value


_SEAL_SCHEMA = _or_mapping("boolean", SealModel)


class EntryModel(RulesModel):
    """One declared cookie."""

    # Built here, once: the models of both kinds of files hold it.
    model_config = ConfigDict(defer_build=False)

    _seal = field_validator("seal", mode="before")(seal_item)
    _rename = field_validator("rename_to", mode="before")(rename_item)

    name: Name = Field(
        description="The cookie's name as it travels, or a glob in which * is zero or more characters; case-sensitive, never decoded."
    )  # fmt: skip
    scope: ScopeModel | None = Field(
        default=None, description="Hosts and paths to which this entry is limited."
    )
    category: str | None = Field(default=None, description="The category under which the statement lists it.")
    purpose: Sentence | None = Field(
        default=None,
        description="What the cookie is for, as the statement says it; one text or one per language.",
    )
    lifetime_source: Source | None = Field(
        default=None,
        description="Whether the published statement gives this lifetime or the policy's author chose it.",
    )
    renewed: Sentence | None = Field(
        default=None, description="When the lifetime starts anew, as the statement says it."
    )
    set_by: Setter | None = Field(
        default=None,
        description="Who sets it: server (default), script, both, or infrastructure (load balancers and firewalls in front).",
    )
    party: Phrase | None = Field(default=None, description="The company whose cookie it is.")
    owner: Phrase | None = Field(default=None, description="Who answers for this entry.")
    reason: Phrase | None = Field(default=None, description="Why this entry is as it is.")
    until: Until | None = Field(
        default=None,
        description="The last day of a dated exception (to 24:00 UTC), as in 2026-12-31; afterwards the entry counts as absent.",
    )
    forward: Bool | None = Field(
        default=None, description="Whether the application receives the cookie (default true)."
    )
    seal: Annotated[SealModel, _SEAL_SCHEMA] | None = Field(
        default=None, description="true: browsers get the value encrypted, and the application gets it back as it was (needs --seal-key-file)."
    )  # fmt: skip
    rename_to: Annotated[RenameModel, _RENAME_SCHEMA] | None = Field(
        default=None, description="The name under which browsers keep the cookie, such as __Host-sid, with what its prefix promises; the application sees its own name."
    )  # fmt: skip
    stage: Stage | None = Field(
        default=None, description="report: this entry is only reported while the rest is enforced."
    )


class CategoryModel(Model):
    """One category of the statement."""

    consent: ConsentNeed = Field(
        "exempt",
        description="exempt (default): its cookies pass without consent; required: they pass, in both directions, only when the visitor's consent cookie grants it.",
    )
    granted_by: list[Annotated[str, Parsed(granting_word), WithJsonSchema({"type": ["string", "integer"]})]] | None = Field(
        default=None, min_length=1, description="The consent manager's words for this category (OneTrust groups, Klaro services, TCF purposes): all of them must be granted; default: the category's own name."
    )  # fmt: skip
    gpc: GpcChoice = Field(
        Gpc.IGNORE,
        description="What Sec-GPC: 1 means: deny (also over a grant), default (deny while the visitor has not answered), ignore (default).",
    )
    title: Sentence | None = Field(
        default=None, description="What the statement calls it; one text or one per language (default: its name)."
    )  # fmt: skip
    description: Text | None = Field(default=None, description="What the statement says of it as a whole.")
    basis: Sentence | None = Field(
        default=None,
        description="Why no consent is needed, in the publisher's words; printed as the publisher's claim.",
    )


class StatementModel(Model):
    """What the published statement says besides the cookies. Texts are paragraphs with an empty line between them, or lists of
    lines that begin with a dash; one text, or one per language."""

    path: Annotated[str, Parsed(check_statement_path), text_schema("^/")] | None = Field(
        default=None, description="Where the proxy serves it, in place of the application; default: nowhere."
    )  # fmt: skip
    edited: Annotated[str, Parsed(check_day), text_schema(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = Field(
        default=None, description="The day of its last edit, as in 2026-12-31."
    )
    languages: list[Annotated[str, Parsed(check_language), text_schema(LANGUAGE)]] | None = Field(
        default=None, min_length=1, description="In which it is published (default: [en]); a text given without a language is in the first. en and nl have their words; others need a template."
    )  # fmt: skip
    publisher: Phrase | None = Field(default=None, description="Whose statement it is.")
    title: Sentence | None = Field(default=None, description="Its title.")
    introduction: Text | None = Field(default=None, description="What stands first.")
    role: Text | None = Field(default=None, description="The publisher's role in processing data.")
    rights: Text | None = Field(default=None, description="The rights of those whose data are processed.")
    cookies: Text | None = Field(default=None, description="What stands before the cookies.")
    refuse: Text | None = Field(default=None, description="How cookies are refused or deleted.")
    contact: Text | None = Field(default=None, description="Whom to ask.")
    about: Text | None = Field(default=None, description="Who the publisher is.")


class ConsentModel(Model):
    """Where the visitor's answer is found."""

    cookie: Name = Field(
        description="The cookie in which the consent manager keeps the answer; it must be declared, exempt and forwarded."
    )
    format: Form = Field(
        ConsentFormat.LIST, description="How it is written: list (default; words with , | or blanks between), json, klaro, cookiebot, onetrust, tcf."
    )  # fmt: skip
    unknown: Unknown = Field(
        "deny", description="What counts while there is no answer, or none that can be read: deny (default) or grant."
    )  # fmt: skip


class UndeclaredModel(Model):
    """The decision for cookies that are in no entry, in each direction."""

    response: OnResponse = Field(
        default=OnUndeclaredResponse.BLOCK,
        description="A Set-Cookie that is in no entry: block (default), report or pass.",
    )
    request: OnRequest = Field(
        default=OnUndeclaredRequest.STRIP,
        description="A Cookie that is in no entry, towards the application: strip (default), report or pass.",
    )
    evict: EvictChoice = Field(
        default=Evict.OFF,
        description="Where undeclared cookies that a browser still holds are expired, when it loads a page: off (default), host, or domain: at the domains above as well.",
    )
    evict_domains: list[Parent] | None = Field(
        default=None, min_length=1, description="With evict: domain, the domains at which cookies are expired; default: all above the host that are no public suffix."
    )  # fmt: skip


class IncludeModel(Model):
    """A file of entries to include."""

    file: str = Field(description="Path of the file, relative to this one and inside its folder.")
    except_: list[str] = Field(
        default_factory=empty_list, alias="except", description="Names of entries to leave out."
    )


class IncludedFileModel(Model):
    """A file that is included: entries and nothing else."""

    version: Version = Field(default=1, description="Version of the policy language: 1.")
    cookies: list[EntryModel] = Field(default_factory=empty_list, description="The declared cookies.")


class PolicyModel(IncludedFileModel):
    """A cookie register that cookiewarden enforces."""

    policy: str | None = Field(
        default=None, description="The policy's name in metrics and logs; default: the file's name."
    )
    mode: PolicyMode = Field(
        Mode.ENFORCE, description="enforce (default), or report: decide everything and change nothing."
    )
    on_error: ErrorChoice = Field(
        OnError.CLOSED,
        description="A cookie that the proxy fails to judge, by a fault of its own: closed (default) drops it, open lets it pass.",
    )
    include: list[Annotated[IncludeModel, BeforeValidator(include_item), _INCLUDE_SCHEMA]] = Field(
        default_factory=empty_list, description="Files whose entries belong to this policy; an entry here of the same name and scope overlays theirs key by key."
    )  # fmt: skip
    ceiling: Span | None = Field(
        default=None, description="No cookie outlives this, whatever its entry says."
    )
    undeclared: UndeclaredModel | None = Field(
        default=None, description="What happens to cookies that are in no entry."
    )
    inject_guard: Bool = Field(
        default=False, description="true: HTML pages get a small script of the proxy's that refuses undeclared cookies, and those without consent, where a script of the page sets them (default false)."
    )  # fmt: skip
    public_hosts: list[Host] | None = Field(
        default=None, min_length=1, description="Hosts under which browsers know the application: what they would refuse there, for its Domain, is blocked and not only reported."
    )  # fmt: skip
    consent: ConsentModel | None = Field(
        default=None, description="Where the visitor's consent is found; needed where a category requires it."
    )
    statement: StatementModel | None = Field(
        default=None, description="What the published statement says besides the cookies, and where the proxy serves it."
    )  # fmt: skip
    categories: dict[str, CategoryModel] = Field(
        default_factory=dict, description="The statement's categories."
    )
    defaults: RulesModel | None = Field(
        default=None, description="Verbs and lifetime for every declared cookie that does not give its own."
    )


def json_schema() -> Json:
    """The JSON Schema (draft-07, which editors understand best) of a policy file."""
    schema = PolicyModel.model_json_schema(ref_template="#/definitions/{model}", mode="validation")
    definitions = schema.pop("$defs")
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "cookiewarden policy",
        **_tidy({key: value for key, value in schema.items() if key != "title"}),
        "definitions": _tidy(definitions),
    }


def _tidy(node: Any) -> Any:
    """Drop what pydantic adds and editors only show as noise: titles of fields, null as a choice, null defaults."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {
        key: _tidy(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))
    }
    choices = node.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        del node["anyOf"]
        node.pop("default", None)
        (choice,) = [choice for choice in choices if choice != {"type": "null"}]
        # draft-07 ignores what stands beside a $ref, so the description goes around it
        node |= {"allOf": [choice]} if "$ref" in choice else choice
    return node
