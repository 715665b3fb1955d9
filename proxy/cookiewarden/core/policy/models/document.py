"""Keys of a policy file, except those inside entries."""

from typing import Annotated

from pydantic import Field

from cookiewarden.core.policy.fields import (
    SHORT_INCLUDE,
    AnswerFormat,
    Bool,
    Bound,
    Day,
    DayOrOff,
    ErrorChoice,
    EvictChoice,
    GpcChoice,
    GrantingWord,
    Host,
    Language,
    Name,
    NeedChoice,
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
    ConsentNeed,
    Evict,
    Gpc,
    Mode,
    OnError,
    OnUndeclaredRequest,
    OnUndeclaredResponse,
)


class CategoryModel(StrictModel):
    """A category of the statement."""

    consent: NeedChoice = Field(
        default=ConsentNeed.EXEMPT,
        description="Need for consent. With exempt (default), cookies of this category pass without consent. "
        "With required, they pass in both directions only if the visitor's consent cookie grants the category. "
        "With opt-out, they pass until the visitor objects, by a consent cookie that does not grant the category or "
        "by Sec-GPC.",
    )
    unknown: UnknownAnswer | None = optional(
        "Answer for this category if the consent cookie is missing or unreadable, deny or grant. The default is grant "
        "for opt-out, and otherwise the value of unknown in consent."
    )
    granted_by: list[GrantingWord] | None = optional(
        "Names of this category in the consent manager (OneTrust groups, Klaro services, TCF purposes and vendors). "
        "All must be granted. The default is the category's own name.",
        min_length=1,
    )
    gpc: GpcChoice = Field(
        default=Gpc.IGNORE,
        description="Effect of Sec-GPC with the value 1: ignore (default) has no effect, default denies until the "
        "visitor has answered, and deny overrides a grant.",
    )
    title: Sentence | None = optional("Title in the statement, as one text or one per language (default: the name).")
    description: Text | None = optional("Description of the category in the statement.")
    basis: Sentence | None = optional(
        "Reason why no consent is needed; the statement prints it as the publisher's claim."
    )


class StatementModel(StrictModel):
    """Texts of the published statement, in addition to the list of cookies. Each is one text, or one text per language. An
    empty line separates paragraphs; lines that begin with a dash are a list."""  # noqa: E501 (published in the schema)

    path: StatementPath | None = optional(
        "Path at which the proxy serves the statement, in place of the application (default: not served)."
    )
    edited: Day | None = optional("Day of the last edit, such as 2026-12-31.")
    languages: list[Language] | None = optional(
        "Languages of the statement (default: [en]). A text without a language is in the first one. "
        "cookiewarden has its own words in en and nl; other languages need a template.",
        min_length=1,
        max_length=50,
    )
    publisher: Phrase | None = optional("Name of the publisher.")
    title: Sentence | None = optional("Title of the statement.")
    introduction: Text | None = optional("Introduction.")
    role: Text | None = optional("Role of the publisher in processing data.")
    rights: Text | None = optional("Rights of the people whose data are processed.")
    cookies: Text | None = optional("Text before the list of cookies.")
    refuse: Text | None = optional("Ways to refuse or delete cookies.")
    contact: Text | None = optional("Contact for questions.")
    about: Text | None = optional("Description of the publisher.")


class ConsentModel(StrictModel):
    """The cookie that contains the visitor's answer."""

    cookie: Name = Field(
        description="Cookie in which the consent manager stores the answer. It must be declared, forwarded and in a "
        "category that does not require consent."
    )
    format: AnswerFormat = Field(
        default=ConsentFormat.LIST,
        description="Format of the cookie's value: list (default; words separated by commas, | or spaces), json, "
        "klaro, cookiebot, onetrust, tcf, gpp, cookieyes, didomi, axeptio, cookieconsent or consent_mode.",
    )
    unknown: UnknownAnswer = Field(
        default="deny",
        description="Answer for categories that require consent if the cookie is missing or unreadable, deny (default) "
        "or grant.",
    )


class UndeclaredModel(StrictModel):
    """Decisions for undeclared cookies, in each direction."""

    response: ResponseChoice = Field(
        default=OnUndeclaredResponse.BLOCK,
        description="Decision for an undeclared cookie in Set-Cookie: block (default), report or pass.",
    )
    request: RequestChoice = Field(
        default=OnUndeclaredRequest.STRIP,
        description="Decision for an undeclared cookie in a request: strip (default), report or pass.",
    )
    evict: EvictChoice = Field(
        default=Evict.OFF,
        description="Eviction of undeclared cookies and cookies without consent when a page loads: off (default), "
        "host, or domain (also at the domains above the host).",
    )
    evict_domains: list[ParentDomain] | None = optional(
        "Domains at which undeclared cookies are expired if evict is domain (default: all above the host, except "
        "public suffixes).",
        min_length=1,
    )


class IncludeModel(StrictModel):
    """A file of entries to include."""

    file: str = Field(description="Path of the file, relative to this file and inside its folder.")
    except_: list[str] = Field(default_factory=no_items, description="Names of entries to leave out.", alias="except")


class IncludedFileModel(StrictModel):
    """An included file, which has only entries."""

    version: Version = Field(default=1, description="Version of the policy language, always 1.")
    cookies: list[EntryModel] = Field(default_factory=no_items, description="Declared cookies.")


class PolicyModel(IncludedFileModel):
    """A cookie register that cookiewarden enforces."""

    policy: str | None = optional("Name of the policy in metrics and logs (default: the file's name).")
    mode: PolicyMode = Field(
        default=Mode.ENFORCE,
        description="enforce (default) applies decisions; report makes and counts them without changing traffic.",
    )
    on_error: ErrorChoice = Field(
        default=OnError.CLOSED,
        description="Decision for a cookie if an internal error prevents judging it: closed (default) removes it, "
        "open lets it pass.",
    )
    include: list[Annotated[IncludeModel, *SHORT_INCLUDE]] = Field(
        default_factory=no_items,
        description="Files with further entries. An entry in this file overrides the keys of an included entry with "
        "the same name and scope.",
    )
    ceiling: Bound | None = optional(
        "Maximum lifetime of all declared cookies, even if an entry or the defaults allow more."
    )
    undeclared: UndeclaredModel | None = optional("Decisions for undeclared cookies.")
    inject_guard: Bool = Field(
        default=False,
        description="If true, the proxy adds a small script to HTML pages. It stops the page's scripts from setting "
        "undeclared cookies and cookies without consent (default false).",
    )
    public_hosts: list[Host] | None = optional(
        "Hosts under which browsers know the application. Cookies that browsers would reject there because of their "
        "Domain are blocked, not only reported.",
        min_length=1,
        max_length=256,
    )
    consent: ConsentModel | None = optional(
        "Cookie that contains the visitor's consent; necessary if a category requires consent, or is opt-out without "
        "gpc: deny."
    )
    gpc_json: DayOrOff | None = optional(
        "Day of the last change that /.well-known/gpc.json states (default: statement.edited), or off to leave that "
        "resource to the application. The proxy serves it if a category has gpc: deny, in place of the application's "
        "404, and only while the policy is enforced."
    )
    statement: StatementModel | None = optional("Texts of the published statement, and its path on the proxy.")
    categories: dict[str, CategoryModel] = Field(
        default_factory=dict, description="Categories of the statement.", max_length=256
    )
    defaults: RulesModel | None = optional("Verbs and lifetime for declared cookies that do not set their own.")
