"""Which sentence says what is wrong where a file is not YAML, in place of libyaml's own?"""

PHRASES = {
    "mapping values are not allowed": (
        'a ":" where none can be: put text that holds one in quotes, or see to the indentation'
    ),
    "did not find expected key": (
        "this line belongs to nothing above it: see to its indentation, or to quotes that are not closed"
    ),
    "did not find expected '-' indicator": (
        "the list above goes on with what is no item of it: begin it with -, or see to the indentation"
    ),
    "did not find expected ',' or ']'": "a list in [ ] is not closed, or a comma is missing",
    "did not find expected ',' or '}'": "a mapping in { } is not closed, or a comma is missing",
    "could not find expected ':'": "a key without its colon, as in key: value",
    "found character that cannot start any token": (
        "nothing begins with this character: indent with blanks and not with tabs, and put text that "
        "begins with @, ` or % in quotes"
    ),
    "alphabetic or numeric character": (
        'a * or & begins an alias or an anchor: put a name that begins so in quotes, as in "*_id"'
    ),
    "unexpected end of stream": "a text in quotes is not closed",
    "invalid Unicode character escape": "this \\u is no character",
    "expected comment or line break": (
        "after | or > the text begins on the next line: put a text that begins so in quotes"
    ),
    "mapping keys are not allowed": "a ? begins a key: put text that begins so in quotes",
    "indentation indicator": "expected a number from 1 to 9 after | or >",
    "directive": "a line that begins with % is a directive, and policies have none: leave it out",
    "unexpected document indicator": "a text in quotes is not closed before ---",
    "unknown escape character": "in double quotes a \\ begins an escape: double it, or use single quotes",
    "tab character": "a tab where only blanks can be: indent with blanks",
    "did not find expected node content": (
        "something is missing here, or begins with a sign that has a meaning in YAML: put it in quotes"
    ),
    "block sequence entries are not allowed": (
        "an item of a list cannot begin here: put it on a line of its own below its key"
    ),
    "incompatible YAML": "this version of YAML is not read: leave the %YAML line out",
    "document start": "the file goes on where its first document has ended: a policy is one document",
    "scanning a tag": "a ! begins a tag, and policies have none: put text that begins so in quotes",
}
"""By a part of what libyaml says; the first row that fits counts."""


def explain(said: str) -> str:
    """What is wrong and what would be right; `said` itself where no row of the table fits."""
    return next((sentence for phrase, sentence in PHRASES.items() if phrase in said), said)
