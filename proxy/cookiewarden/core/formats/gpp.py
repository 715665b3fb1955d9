"""The GPP string of IAB Tech Lab's Global Privacy Platform, with its sections for the EU and for states of the US.

Sources: Global Privacy Platform String, Section Information and the technical specification of each section; the
layouts agree with IAB Tech Lab's encoder. Left out are Maryland, Indiana, Kentucky and Rhode Island (24 to 27):
specification and encoder differ for Maryland and Kentucky. A string with an unknown section is not read at all, because
it may contain an opt-out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cookiewarden.core.formats.bits import bits_of
from cookiewarden.core.formats.tcf import is_tcf_word, read_tcf

_HEADER = "000011" + "000001"
"""Type 3 and version 1."""
_TCF_EU, _TCF_CANADA, _US_PRIVACY = 2, 5, 6
"""Sections that do not have the form of a state's section. The Canadian one is skipped."""

SALE, SHARING, ADVERTISING = "us:sale", "us:sharing", "us:targeted-advertising"
US_WORDS = (SALE, SHARING, ADVERTISING)


@dataclass(frozen=True)
class _Section:
    """Positions in the core of a US section, and the length of its oldest version, in bits."""

    length: int
    opt_outs: tuple[tuple[str, int], ...]
    versions: tuple[int, ...] = (1,)


def _state(length: int, at: int = 12) -> _Section:
    return _Section(length, ((SALE, at), (ADVERTISING, at + 2)))


_US_SECTIONS = {
    7: _Section(60, ((SALE, 18), (SHARING, 20), (ADVERTISING, 22)), (1, 2)),  # national
    8: _Section(46, ((SALE, 12), (SHARING, 14))),  # California
    9: _state(40),  # Virginia
    10: _state(38),  # Colorado
    11: _state(42, 14),  # Utah
    12: _state(44),  # Connecticut
    13: _state(46),  # Florida
    14: _state(46),  # Montana
    15: _state(52),  # Oregon
    16: _state(42),  # Texas
    17: _state(52),  # Delaware
    18: _state(42, 14),  # Iowa
    19: _state(42),  # Nebraska
    20: _state(46),  # New Hampshire
    21: _state(54),  # New Jersey
    22: _state(42),  # Tennessee
    23: _state(42),  # Minnesota
}
_LAST = max(_US_SECTIONS)
_OPTED_OUT, _DID_NOT_OPT_OUT = 1, 2


def is_gpp_word(word: str) -> bool:
    """Check whether a GPP string can have a word."""
    return word in US_WORDS or is_tcf_word(word)


Answers = dict[str, int]
"""Answers of one US section by word: 0 means not applicable."""


def read_gpp(text: str) -> frozenset[str] | None:
    """Parse a GPP string to the words of its TC string, and to `us:sale` and others that the visitor allows.

    The visitor allows a use if a US section states that they did not opt out, and none states that they did."""
    header, *texts = text.split("~", _LAST + 1)
    sections = _sections(header)
    if not sections or len(sections) != len(texts):
        return None
    words: frozenset[str] = frozenset()
    said: list[Answers] = []
    for number, section in zip(sections, texts, strict=True):
        if number == _TCF_EU:
            tcf = read_tcf(section)
            if tcf is None:
                return None
            words = tcf
        elif number != _TCF_CANADA:
            answers = _us_privacy(section) if number == _US_PRIVACY else _us_section(number, section)
            if answers is None:
                return None
            said.append(answers)
    return words.union(_allowed(said))


def _allowed(said: list[Answers]) -> Iterator[str]:
    for word in US_WORDS:
        answers = {answers.get(word, 0) for answers in said}
        if _DID_NOT_OPT_OUT in answers and _OPTED_OUT not in answers:
            yield word


_FIBONACCI = (1, 2, 3, 5, 8, 13, 21)
"""Values of the bits of a number, from the left. A larger one is above all section IDs."""
_ITEM = re.compile("0([01]*?11)|1([01]*?11)([01]*?11)")


def _sections(header: str) -> list[int] | None:
    """Return the section IDs of a header, in their order. Return None for an invalid header."""
    bits = bits_of(header[:100])  # all known sections fit
    if bits is None or len(header) > 100 or not bits.startswith(_HEADER) or len(bits) < 24:
        return None
    at, found = 24, [0]
    for _ in range(int(bits[12:24], 2)):
        item = _ITEM.match(bits, at)
        if item is None:
            return None
        offset, count = _number(item[1] or item[2]), _number(item[3]) if item[3] else 0
        first = found[-1] + offset
        if first + count > _LAST:
            return None
        found += range(first, first + count + 1)
        at = item.end()
    return found[1:] if "1" not in bits[at:] else None  # only padding is left


def _number(code: str) -> int:
    """Return the number of a Fibonacci code, which ends with an additional 1."""
    if len(code) > len(_FIBONACCI) + 1:
        return _LAST + 1
    return sum(value for value, bit in zip(_FIBONACCI, code[:-1], strict=False) if bit == "1")


_US_PRIVACY_STRING = re.compile("1[YN-]([YN-])[YN-]")
_US_PRIVACY_SALE = {"Y": _OPTED_OUT, "N": _DID_NOT_OPT_OUT, "-": 0}


def _us_privacy(text: str) -> Answers | None:
    """Parse `1YNN`: version, notice, opt-out of sale, and coverage by an agreement (US Privacy String)."""
    found = _US_PRIVACY_STRING.fullmatch(text)
    return {SALE: _US_PRIVACY_SALE[found[1]]} if found else None


def _us_section(number: int, text: str) -> Answers | None:
    """Parse a section of the US. Its subsection on GPC is ignored: the proxy reads Sec-GPC itself."""
    section = _US_SECTIONS.get(number)
    core, *others = text.split(".", 2)
    bits = bits_of(core)
    if section is None or bits is None or len(bits) < section.length:
        return None
    if len(others) > 1 or not all(map(bits_of, others)):
        return None
    answers = {word: int(bits[at : at + 2], 2) for word, at in section.opt_outs}
    if int(bits[:6], 2) not in section.versions or max(answers.values()) > _DID_NOT_OPT_OUT:
        return None
    return answers
