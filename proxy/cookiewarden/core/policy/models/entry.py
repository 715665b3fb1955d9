"""Which keys does an entry have, and which of them can be defaults?"""

from typing import Annotated

from pydantic import BeforeValidator, Field

from cookiewarden.core.policy.fields import (
    Bool,
    Bound,
    DomainRule,
    FlagVerb,
    Host,
    LifetimeSource,
    Name,
    NewName,
    PathRule,
    Phrase,
    Priority,
    RequestPath,
    SameSiteRule,
    Secure,
    Sentence,
    Setter,
    Stage,
    Until,
)
from cookiewarden.core.policy.models.base import StrictModel, no_items, optional, or_mapping
from cookiewarden.core.policy.scalars import rename_item, seal_item


class RulesModel(StrictModel):
    """The verbs for attributes, given for all cookies under `defaults` or for one in its entry."""

    secure: Secure | None = optional(
        "Secure: true adds it, https adds it where the browser came over HTTPS, false does not "
        "require it, remove takes it off, keep leaves it (default)."
    )
    http_only: FlagVerb | None = optional(
        "HttpOnly: true adds it, false does not require it, remove takes it off, keep leaves it "
        "(default). A default applies to cookies with set_by: server only."
    )
    same_site: SameSiteRule | None = optional(
        "SameSite: Lax means exactly Lax; {default: Lax} only where the application set none; "
        "{at_least: Lax} raises and never lowers; keep leaves it (default)."
    )
    partitioned: FlagVerb | None = optional(
        "Partitioned (CHIPS): true adds it, false does not require it, remove takes it off, keep leaves it (default)."
    )
    path: PathRule | None = optional("Path: exactly this path, or keep (default).")
    domain: DomainRule | None = optional(
        "Domain: the widest domain allowed (wider becomes this, narrower stays), host-only to "
        "take the attribute off, or keep (default)."
    )
    priority: Priority | None = optional("Priority: exactly this value (a Chrome extension), or keep (default).")
    supersede: Bool | None = optional(
        "Whether, where the policy changes path, domain or partition, the cookie that browsers "
        "may still hold under the old ones is expired first (default true)."
    )
    lifetime: Bound | None = optional(
        "The longest time a browser may keep the cookie, counted from each setting: session, or "
        "s, min, h, d, w, mo (730 h), y (365 d)."
    )


class ScopeModel(StrictModel):
    """Where an entry applies."""

    hosts: list[Host] = Field(
        default_factory=no_items,
        description="Hosts of the Host header, without port; *.example.org is any depth below and not "
        "example.org itself.",
        max_length=256,
    )
    paths: list[RequestPath] = Field(
        default_factory=no_items,
        description="Request paths under which the cookie may be set; not looked at when a browser sends it back.",
        max_length=64,
    )


class SealModel(StrictModel):
    """How a cookie's value is sealed."""

    accept_plain_until: Until | None = optional(
        "The last day on which values that were never sealed are let in, as in 2026-12-31 (default: none are)."
    )
    context: str | None = optional(
        "What sealed values are bound to besides the cookie's name, where the cookie is not "
        "host-only; default: the policy's name.",
        min_length=1,
    )


class RenameModel(StrictModel):
    """Under which name browsers keep a cookie."""

    name: NewName = Field(
        description="A name with a prefix that browsers hold it to: __Host-, __Secure-, __Http- or __Host-Http-."
    )
    accept_plain_until: Until | None = optional(
        "The last day on which the application's own name is let in, where the other does not come (default: always)."
    )


ShortSeal = Annotated[Annotated[SealModel, or_mapping("boolean", SealModel)] | None, BeforeValidator(seal_item)]
ShortRename = Annotated[Annotated[RenameModel, or_mapping("string", RenameModel)] | None, BeforeValidator(rename_item)]


class EntryModel(RulesModel):
    """One declared cookie."""

    name: Name = Field(
        description="The cookie's name as it travels, or a glob in which * is zero or more characters; "
        "case-sensitive, never decoded."
    )
    scope: ScopeModel | None = optional("Hosts and paths to which this entry is limited.")
    category: str | None = optional("The category under which the statement lists it.")
    purpose: Sentence | None = optional(
        "What the cookie is for, as the statement says it; one text or one per language."
    )
    lifetime_source: LifetimeSource | None = optional(
        "Whether the published statement gives this lifetime or the policy's author chose it."
    )
    renewed: Sentence | None = optional("When the lifetime starts anew, as the statement says it.")
    set_by: Setter | None = optional(
        "Who sets it: server (default), script, both, or infrastructure (load balancers and firewalls in front)."
    )
    party: Phrase | None = optional("The company whose cookie it is.")
    owner: Phrase | None = optional("Who answers for this entry.")
    reason: Phrase | None = optional("Why this entry is as it is.")
    until: Until | None = optional(
        "The last day of a dated exception (to 24:00 UTC), as in 2026-12-31; afterwards the entry counts as absent."
    )
    forward: Bool | None = optional("Whether the application receives the cookie (default true).")
    seal: ShortSeal = optional(
        "true: browsers get the value encrypted, and the application gets it back as it was (needs --seal-key-file)."
    )
    rename_to: ShortRename = optional(
        "The name under which browsers keep the cookie, such as __Host-sid, with what its "
        "prefix promises; the application sees its own name."
    )
    stage: Stage | None = optional("report: this entry is only reported while the rest is enforced.")
