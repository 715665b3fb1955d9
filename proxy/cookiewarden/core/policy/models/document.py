"""Which keys does a policy file have besides those of its entries?"""

from typing import Annotated

from pydantic import Field

from cookiewarden.core.policy.fields import (
    SHORT_INCLUDE,
    AnswerFormat,
    Bool,
    Bound,
    ConsentNeed,
    Day,
    ErrorChoice,
    EvictChoice,
    GpcChoice,
    GrantingWord,
    Host,
    Language,
    Name,
    ParentDomain,
    Phrase,
    PolicyMode,
    RequestChoice,
    ResponseChoice,
    Sentence,
    StatementPath,
    Text,
    UnknownAnswer,
    Version,
)
from cookiewarden.core.policy.models.base import StrictModel, no_items, optional
from cookiewarden.core.policy.models.entry import EntryModel, RulesModel
from cookiewarden.core.policy.policy import (
    ConsentFormat,
    Evict,
    Gpc,
    Mode,
    OnError,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
)


class CategoryModel(StrictModel):
    """One category of the statement."""

    consent: ConsentNeed = Field(
        default="exempt",
        description="exempt (default): its cookies pass without consent; required: they pass, in both "
        "directions, only when the visitor's consent cookie grants it.",
    )
    granted_by: list[GrantingWord] | None = optional(
        "The consent manager's words for this category (OneTrust groups, Klaro services, TCF "
        "purposes): all of them must be granted; default: the category's own name.",
        min_length=1,
    )
    gpc: GpcChoice = Field(
        default=Gpc.IGNORE,
        description="What Sec-GPC: 1 means: deny (also over a grant), default (deny while the visitor has "
        "not answered), ignore (default).",
    )
    title: Sentence | None = optional("What the statement calls it; one text or one per language (default: its name).")
    description: Text | None = optional("What the statement says of it as a whole.")
    basis: Sentence | None = optional(
        "Why no consent is needed, in the publisher's words; printed as the publisher's claim."
    )


class StatementModel(StrictModel):
    """What the published statement says besides the cookies. Texts are paragraphs with an empty line between them, or lists of
    lines that begin with a dash; one text, or one per language."""  # noqa: E501 (published in the schema)

    path: StatementPath | None = optional("Where the proxy serves it, in place of the application; default: nowhere.")
    edited: Day | None = optional("The day of its last edit, as in 2026-12-31.")
    languages: list[Language] | None = optional(
        "In which it is published (default: [en]); a text given without a language is in the "
        "first. en and nl have their words; others need a template.",
        min_length=1,
    )
    publisher: Phrase | None = optional("Whose statement it is.")
    title: Sentence | None = optional("Its title.")
    introduction: Text | None = optional("What stands first.")
    role: Text | None = optional("The publisher's role in processing data.")
    rights: Text | None = optional("The rights of those whose data are processed.")
    cookies: Text | None = optional("What stands before the cookies.")
    refuse: Text | None = optional("How cookies are refused or deleted.")
    contact: Text | None = optional("Whom to ask.")
    about: Text | None = optional("Who the publisher is.")


class ConsentModel(StrictModel):
    """Where the visitor's answer is found."""

    cookie: Name = Field(
        description="The cookie in which the consent manager keeps the answer; it must be declared, exempt "
        "and forwarded."
    )
    format: AnswerFormat = Field(
        default=ConsentFormat.LIST,
        description="How it is written: list (default; words with , | or blanks between), json, klaro, "
        "cookiebot, onetrust, tcf.",
    )
    unknown: UnknownAnswer = Field(
        default="deny",
        description="What counts while there is no answer, or none that can be read: deny (default) or grant.",
    )


class UndeclaredModel(StrictModel):
    """The decision for cookies that are in no entry, in each direction."""

    response: ResponseChoice = Field(
        default=OnUndeclaredResponse.BLOCK,
        description="A Set-Cookie that is in no entry: block (default), report or pass.",
    )
    request: RequestChoice = Field(
        default=OnUndeclaredRequest.STRIP,
        description="A Cookie that is in no entry, towards the application: strip (default), report or pass.",
    )
    evict: EvictChoice = Field(
        default=Evict.OFF,
        description="Where undeclared cookies that a browser still holds are expired, when it loads a page: "
        "off (default), host, or domain: at the domains above as well.",
    )
    evict_domains: list[ParentDomain] | None = optional(
        "With evict: domain, the domains at which cookies are expired; default: all above the "
        "host that are no public suffix.",
        min_length=1,
    )


class IncludeModel(StrictModel):
    """A file of entries to include."""

    file: str = Field(description="Path of the file, relative to this one and inside its folder.")
    except_: list[str] = Field(default_factory=no_items, description="Names of entries to leave out.", alias="except")


class IncludedFileModel(StrictModel):
    """A file that is included: entries and nothing else."""

    version: Version = Field(default=1, description="Version of the policy language: 1.")
    cookies: list[EntryModel] = Field(default_factory=no_items, description="The declared cookies.")


class PolicyModel(IncludedFileModel):
    """A cookie register that cookiewarden enforces."""

    policy: str | None = optional("The policy's name in metrics and logs; default: the file's name.")
    mode: PolicyMode = Field(
        default=Mode.ENFORCE,
        description="enforce (default), or report: decide everything and change nothing.",
    )
    on_error: ErrorChoice = Field(
        default=OnError.CLOSED,
        description="A cookie that the proxy fails to judge, by a fault of its own: closed (default) drops "
        "it, open lets it pass.",
    )
    include: list[Annotated[IncludeModel, *SHORT_INCLUDE]] = Field(
        default_factory=no_items,
        description="Files whose entries belong to this policy; an entry here of the same name and scope "
        "overlays theirs key by key.",
    )
    ceiling: Bound | None = optional("No cookie outlives this, whatever its entry says.")
    undeclared: UndeclaredModel | None = optional("What happens to cookies that are in no entry.")
    inject_guard: Bool = Field(
        default=False,
        description="true: HTML pages get a small script of the proxy's that refuses undeclared cookies, "
        "and those without consent, where a script of the page sets them (default false).",
    )
    public_hosts: list[Host] | None = optional(
        "Hosts under which browsers know the application: what they would refuse there, for its "
        "Domain, is blocked and not only reported.",
        min_length=1,
    )
    consent: ConsentModel | None = optional(
        "Where the visitor's consent is found; needed where a category requires it."
    )
    statement: StatementModel | None = optional(
        "What the published statement says besides the cookies, and where the proxy serves it."
    )
    categories: dict[str, CategoryModel] = Field(default_factory=dict, description="The statement's categories.")
    defaults: RulesModel | None = optional("Verbs and lifetime for every declared cookie that does not give its own.")
