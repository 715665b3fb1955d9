"""Types of keys. A type joins the function that reads a value and the value's JSON Schema."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from cookiewarden.core.policy.policy import (
    ConsentFormat,
    ConsentNeed,
    Evict,
    Flag,
    Gpc,
    Lifetime,
    Mode,
    Moves,
    OnError,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
    SameSite,
    SetBy,
)
from cookiewarden.core.policy.scalars import (
    LANGUAGE,
    MAX_MOVES,
    SAME_SITES,
    check_day,
    check_host,
    check_language,
    check_name,
    check_new_name,
    check_parent,
    check_path,
    check_statement_path,
    day_or_off,
    granting_word,
    include_item,
    one_of,
    parse_domain_rule,
    parse_lifetime,
    parse_path_rule,
    parse_phrase,
    parse_same_site,
    parse_sentence,
    parse_text,
    parse_until,
)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Scalar:
    """Annotation of a type whose values are read by one function.

    It replaces pydantic's PlainValidator and WithJsonSchema. They also inspect the function's signature and
    make a serializer, which took a third of the time needed to build the models.
    """

    read: Callable[[object], Any]
    described: Json
    """The JSON Schema of a value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Json:
        return dict(self.described)


def _text(pattern: str = "", **more: object) -> Json:
    return {"type": "string", **({"pattern": pattern} if pattern else {}), **more}


def _words(*choices: str | int) -> Scalar:
    """Return the type of a closed list of words."""
    return Scalar(one_of({choice: choice for choice in choices}), {"enum": list(choices)})


def _members(of: type[StrEnum]) -> Scalar:
    """Return the type of an enum's values."""
    return Scalar(one_of({choice.value: choice for choice in of}), {"enum": [choice.value for choice in of]})


def _only(verb: str, sites: tuple[str, ...], description: str) -> Json:
    """Return the JSON Schema of a mapping from one verb to a value of SameSite."""
    return {
        "type": "object",
        "properties": {verb: {"enum": list(sites), "description": description}},
        "required": [verb],
        "additionalProperties": False,
    }


def _or_moves(scalar: Json, before: str, after: str) -> Json:
    """Return the JSON Schema of a scalar, a move or a list of moves."""
    move: Json = {
        "type": "object",
        "properties": {
            "from": {"type": "string", "description": f"The application's {before}."},
            "to": {"type": "string", "description": f"The {after} for browsers."},
        },
        "required": ["from", "to"],
        "additionalProperties": False,
    }
    return {"oneOf": [scalar, move, {"type": "array", "items": move, "minItems": 1, "maxItems": MAX_MOVES}]}


_FLAGS = {True: Flag.ON, False: Flag.OFF, "remove": Flag.REMOVE, "keep": Flag.KEEP}
_DAY = _text(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_TEXTS: Json = {
    "oneOf": [
        {"type": "string"},
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
    ]
}
_SAME_SITE: Json = {
    "oneOf": [
        {"enum": [*SAME_SITES, "remove", "keep"]},
        _only("default", SAME_SITES, "Set this value if the application set none."),
        _only("at_least", SAME_SITES[1:], "Raise a weaker value to this one; keep a stricter one."),
    ]
}
_INCLUDE: Json = {
    "oneOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {
                "file": {
                    "type": "string",
                    "description": "Path of the file, relative to this file and inside its folder.",
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

# Names and places

Name = Annotated[str, AfterValidator(check_name), WithJsonSchema(_text(r"^[^\x00-\x1f\x7f;=]+$"))]
NewName = Annotated[Name, AfterValidator(check_new_name)]
Host = Annotated[str, Scalar(check_host, _text())]
ParentDomain = Annotated[str, Scalar(check_parent, _text())]
RequestPath = Annotated[str, Scalar(check_path, _text("^/"))]
StatementPath = Annotated[str, Scalar(check_statement_path, _text("^/"))]
SHORT_INCLUDE = (BeforeValidator(include_item), WithJsonSchema(_INCLUDE))
"""Metadata of an include, which may be given as a path only."""

# Attributes

Secure = Annotated[
    Flag,
    Scalar(
        one_of({**_FLAGS, "https": Flag.HTTPS}),
        {"enum": [True, False, "https", "remove", "keep"]},
    ),
]
FlagVerb = Annotated[Flag, Scalar(one_of(_FLAGS), {"enum": [True, False, "remove", "keep"]})]
SameSiteRule = Annotated[SameSite, Scalar(parse_same_site, _SAME_SITE)]
PathRule = Annotated[str | Moves, Scalar(parse_path_rule, _or_moves(_text("^(/|keep$)"), "path", "path"))]
DomainRule = Annotated[str | Moves, Scalar(parse_domain_rule, _or_moves(_text(), "domain", "domain, or host-only"))]
Priority = Annotated[str, _words("Low", "Medium", "High", "keep")]
Bound = Annotated[
    Lifetime,
    Scalar(
        parse_lifetime,
        _text(r"^(session|[0-9]{1,9}(s|min|h|d|w|mo|y))$", examples=["session", "1y"]),
    ),
]

# Texts and days

Text = Annotated[dict[str, str], Scalar(parse_text, _TEXTS)]
Sentence = Annotated[dict[str, str], Scalar(parse_sentence, _TEXTS)]
Phrase = Annotated[str, Scalar(parse_phrase, _text())]
Language = Annotated[str, Scalar(check_language, _text(LANGUAGE))]
Until = Annotated[float, Scalar(parse_until, _DAY)]
Day = Annotated[str, Scalar(check_day, _DAY)]
DayOrOff = Annotated[str, Scalar(day_or_off, _text(r"^([0-9]{4}-[0-9]{2}-[0-9]{2}|off)$"))]
GrantingWord = Annotated[str, Scalar(granting_word, {"type": ["string", "integer"]})]

# Choices

Bool = Annotated[bool, Scalar(one_of({True: True, False: False}), {"type": "boolean"})]
Version = Annotated[int, _words(1)]
PolicyMode = Annotated[Mode, _members(Mode)]
ErrorChoice = Annotated[OnError, _members(OnError)]
ResponseChoice = Annotated[OnUndeclaredResponse, _members(OnUndeclaredResponse)]
RequestChoice = Annotated[OnUndeclaredRequest, _members(OnUndeclaredRequest)]
EvictChoice = Annotated[Evict, _members(Evict)]
NeedChoice = Annotated[ConsentNeed, _members(ConsentNeed)]
UnknownAnswer = Annotated[str, _words("deny", "grant")]
AnswerFormat = Annotated[ConsentFormat, _members(ConsentFormat)]
GpcChoice = Annotated[Gpc, _members(Gpc)]
Setter = Annotated[SetBy, _members(SetBy)]
LifetimeSource = Annotated[str, _words("stated", "chosen")]
Stage = Annotated[str, _words("enforce", "report")]
TooLarge = Annotated[str, _words("block", "pass")]
