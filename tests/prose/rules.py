"""The rules of STYLE.md that a program can check, for one sentence at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_WORDS = 25
MAX_COLONS = 1

CODE = "`code`"
"""Stands for a piece of code in a sentence; it counts as one word."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A turn to avoid, and the better one."""

    name: str
    pattern: re.Pattern[str]
    instead: str


def _rule(name: str, pattern: str, instead: str, flags: re.RegexFlag = re.IGNORECASE) -> Rule:
    return Rule(name, re.compile(pattern, flags), instead)


_THING = r"(?:what|whatever|who|whoever|whom|whomever)"

OPENING = re.compile(
    r"^[\W_]*(?:(?:What|Whatever|Who|Whoever|Whom|Whether|That which|Those (?:that|who)|None that|Nothing|Nobody)\b"
    r"|As (?!a |an |the |of |in |with |soon |long |well |JSON|HTML|YAML|CSV|text))"
)

RULES = (
    _rule("free-relative", rf"(?:[,;:(]|\b(?:of|for|to|with|by|at|from|on|in|into|than|and|or|is|are|as|that|but|not|about|after|like|all|just))\s+{_THING}\b(?! (?:is|are|does|do|was|were)\b[^.]*\?)", "name the thing"),
    _rule("free-relative", rf"^[^?]*\b(?:see|sees|show|shows|print|prints|find|finds|know|knows|read|reads|hold|holds|keep|keeps|decide|decides|ask|asks|answer|answers|prove|proves|report|reports|compare|compares|list|lists|remember|remembers|record|records) {_THING}\b", "name the thing"),
    _rule("free-relative", r"\bthat of\b|\bthose of\b|\bthat which\b|\b(?:one|ones|some) that is (?:something|nothing)\b|\bnone that\b|\bin which one is\b", "name the thing"),
    _rule("saying", r"\b(?:tells?|told|telling|says?|said|saying)\b", "log, report, print, show, return, state, mean"),
    _rule("negated-noun", r"\b(?:is|are|was|were|be|being|means?|sends?|answers?|begins? with|ends? with|takes?|gives?|finds?|sees?|knows?|holds?|makes?|brings?) no (?!longer\b|more\b|other\b|problems?\b|effect\b|one\b|difference\b|matter\b|token\b|content\b|action\b)", "is not a X; has no X only where the X is counted"),
    _rule("negated-noun", r"\bno (?:proxy|page|parser|browser|body|policy|file|name|value|entry|cookie|client|host|process|connection|request|rule|test|place|program|line|head|header|order|worker|thread|plan|key) (?:is|are|was|were|can|does|do|has|have|may|might|looks|gets|keeps|holds|knows|sees|comes|goes|needs|must|outlives|answers|on)\b", "make the sentence positive"),
    _rule("negated-noun", r"\bnothing (?:left|but|else|enforces|of|is|that|to say|so)\b|\bnobody\b|\b(?:something|anything|another \w+) (?:else )?than\b|\bnone (?:is|are|was|from|of)\b", "state the true thing, then the fix"),
    _rule("idiom", r"\bby (?:itself|themselves)\b|\bof its own\b|\bof their own\b", "automatically, separate"),
    _rule("idiom", r"\banew\b|\bof before\b|\bof then\b|\bfor ever\b|\bbe it\b|\bever so\b", "again, previous, at that time, forever"),
    _rule("idiom", r"\b(?:goes|go|going|went|gone) (?:on|back|out of|away)\b", "continue, revert, leave"),
    _rule("idiom", r"\bmend(?:s|ed|ing)?\b", "fix"),
    _rule("idiom", r"\b(?:comes?|came|becomes?|became) of (?:it|them|this|that|a|the|each)\b|\bmade of (?:it|the same)\b", "result"),
    _rule("idiom", r"\b(?:is|are|was|were) to be\b|\b(?:has|have|had) (?:\w+ )?to be (?:of|at|in) ", "will be, must be"),
    _rule("idiom", r"\ball the same\b|\bagain and again\b|\bas they came\b|\bas it came\b|\bas it is\b|\bas they are\b|\bstays as\b|\btakes? no part\b|\bon and on\b|\bonce in (?:a while|\w+ seconds)\b|\bat most in\b|\bsome (?:\d+|hundred|ten)\b|\bdo(?:es)? not open\b|\bstands? (?:behind|in|at|beside|there|among|once)\b|\bfor want of\b|\bis ended\b|\btell what\b|\bso long as\b|\bhence\b|\bthence\b|\bthereof\b|\bwhereof\b|\bupon\b|\bbesides\b", "plain words"),
    _rule("wit", r"\bclothes\b|\baffairs\b|\bburns?\b|\bnot far\b|\btravels?\b(?! (?:time|agency))|\bwrite down\b|\bpromise[sd]? (?:itself|nothing)\b", "no metaphor in reference text"),
    _rule("inverted", r"\bthe (?:one|ones) (?:goes|go|comes|is|was) that\b|\b(?:goes|go|comes|is|are) that (?:asked|came|was|has|have)\b|\bthat the \w+ is enforced is\b|\bfor one more\b|\bcame beyond\b|\bkept from\b|\bwhich of them\b", "subject, verb, object"),
)  # fmt: skip

_VERBLESS = re.compile(r"^(?:The|A|An|Its|Of|Whether|As|That|What|Those|Not|With|For|By|In|On|At|From|To)\b")


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence against a rule."""

    rule: str
    where: str
    sentence: str
    instead: str

    def __str__(self) -> str:
        return f"{self.where}: [{self.rule}] {self.sentence} ({self.instead})"


def words(sentence: str) -> int:
    """How many words a sentence has; a piece of code is one."""
    return len(re.findall(r"[\w'’%§@/.+-]*\w(?:[\w'’%§@/.+-]|,(?=\d))*", sentence.replace(CODE, "code")))


def faults(sentence: str, where: str = "") -> Iterator[Fault]:
    """Check one sentence, in which code is written as `CODE`."""
    text = re.sub(r"[\"“«]([^\"“”«»]*)[\"”»]", CODE, " ".join(sentence.split()))
    if text.endswith("?"):
        return
    if OPENING.search(text):
        yield Fault("opening", where, text, "name the thing")
    for rule in RULES:
        if found := rule.pattern.search(text):
            yield Fault(rule.name, where, text, f"{found[0].strip()!r}: {rule.instead}")
    if (count := words(text)) > MAX_WORDS:
        yield Fault("long", where, text, f"{count} words, at most {MAX_WORDS}")
    if len(re.findall(r":(?=\s|$)", text.rstrip(":"))) > MAX_COLONS:
        yield Fault("colons", where, text, f"at most {MAX_COLONS} colon")


def mood(docstring: str, where: str = "") -> Iterator[Fault]:
    """Check that the docstring of a function begins with a verb."""
    first = docstring.strip().split("\n")[0]
    if _VERBLESS.search(first):
        yield Fault("mood", where, first, "begin with a verb: Return, Parse, Raise")


def sentences(text: str) -> list[str]:
    """Cut a paragraph into its sentences."""
    held = re.sub(r"\b(e\.g|i\.e|etc|vs|cf|approx|No|Art|art|par|Nr|nr|bijv|enz)\.", r"\1․", text)
    pieces = re.split(r"(?<=[.!?])[\"”)*_]*\s+(?=[\"“(*_`]*[A-Z0-9`])", " ".join(held.split()))
    return [piece.replace("․", ".").strip() for piece in pieces if piece.strip()]
