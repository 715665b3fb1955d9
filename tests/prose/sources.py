"""The prose of this project: documents, docstrings, comments, help, messages, templates, alerts, dashboard titles."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from tests.prose.rules import CODE, sentences

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Passage:
    """The sentences of one place. `is_docstring`: of a function."""

    where: str
    sentences: tuple[str, ...]
    is_docstring: bool = False


def tracked(*patterns: str) -> list[Path]:
    """List the project's own files, by git."""
    found = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in found.stdout.split("\0") if name]


def plain(text: str) -> str:
    """Replace code, links and addresses in Markdown or reStructuredText by one word each."""
    text = re.sub(r"``[^`]+``|`[^`]+`", CODE, text)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"https?://[^\s)>]+", CODE, text)
    return text.replace("**", "").replace("<br>", " ")


def _passage(where: str, text: str, is_docstring: bool = False) -> Iterator[Passage]:
    found = tuple(sentences(plain(text)))
    if found:
        yield Passage(where, found, is_docstring)


# Markdown


def markdown(path: Path) -> Iterator[Passage]:
    """Yield the paragraphs, list items, headings and cells of a document, without code."""
    name = path.relative_to(ROOT).as_posix()
    paragraph: list[str] = []
    begin, is_code = 0, False

    def end() -> Iterator[Passage]:
        if paragraph:
            yield from _passage(f"{name}:{begin}", " ".join(paragraph))
            paragraph.clear()

    source = path.read_text()
    if "cookiewarden/pages/" in name:
        source = without_jinja(source)
    for number, line in enumerate(source.splitlines(), 1):
        text = line.strip()
        if text.startswith("```"):
            yield from end()
            is_code = not is_code
        elif is_code or (line.startswith("    ") and not paragraph):
            continue
        elif text.startswith("|"):
            yield from end()
            for cell in re.split(r"(?<!\\)\|", text.strip("|")):
                if not re.fullmatch(r"[\s:-]*", cell):
                    yield from _passage(f"{name}:{number}", cell)
        elif not text or text.startswith(("#", "<!--", "- ", "* ")) or re.match(r"\d+\. ", text):
            yield from end()
            stripped = re.sub(r"^(#+|[-*]|\d+\.) ", "", text)
            if stripped.startswith("Before: "):
                continue  # an example of STYLE.md
            if text.startswith("#"):
                yield from _passage(f"{name}:{number}", stripped)
            elif text and not text.startswith("<!--"):
                begin = number
                paragraph.append(stripped)
        else:
            begin = begin if paragraph else number
            paragraph.append(text)
    yield from end()


# Python


def python(path: Path) -> Iterator[Passage]:
    """Yield docstrings, comments, and strings that read like sentences."""
    name = path.relative_to(ROOT).as_posix()
    source = path.read_text()
    tree = ast.parse(source)
    yield from _docstrings(name, tree)
    yield from _comments(name, source)
    if not name.startswith("tests/"):
        yield from _strings(name, tree)
    else:
        yield from _test_names(name, tree)


def _docstrings(name: str, tree: ast.Module) -> Iterator[Passage]:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if not isinstance(body, list):
            continue
        for at, statement in enumerate(body):
            if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
                continue
            if isinstance(text := statement.value.value, str):
                is_function = at == 0 and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
                for paragraph in _paragraphs(text):
                    yield from _passage(f"{name}:{statement.lineno}", paragraph, is_function and not _is_value(node))
                    is_function = False


def _is_value(node: ast.AST) -> bool:
    """Return whether a function is a property or a fixture, whose docstring may begin with a noun."""
    found = {ast.unparse(each).partition("(")[0].rpartition(".")[2] for each in getattr(node, "decorator_list", ())}
    return bool(found & {"property", "cached_property", "fixture", "contextmanager", "asynccontextmanager"})


def _paragraphs(text: str) -> Iterator[str]:
    """Yield paragraphs and list items of a docstring, without indented examples and commands."""
    lines = text.expandtabs().splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    kept: list[str] = []
    for line in [lines[0] if lines else "", *(line[indent:] for line in lines[1:])]:
        stripped = line.strip()
        if not stripped or line.startswith("    ") or stripped.startswith((">>>", "- ", "* ", "|")):
            yield " ".join(kept)
            kept = []
        if line.startswith(("- ", "* ")):
            kept = [stripped[2:]]
        elif stripped and not line.startswith("    ") and not stripped.startswith((">>>", "|")):
            kept.append(stripped)
    yield " ".join(kept)


_DIRECTIVE = re.compile(r"#\s*(?:type:|noqa|fmt:|mypy:|pragma|ruff:|!|-\*-)")


def _comments(name: str, source: str) -> Iterator[Passage]:
    block: list[str] = []
    first = last = 0
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or _DIRECTIVE.match(token.string):
            continue
        line = token.start[0]
        follows = block and line == last + 1 and lines[line - 1].lstrip().startswith("#")
        if not follows and block:
            yield from _passage(f"{name}:{first}", " ".join(block))
            block = []
        if not block:
            first = line
        block.append(token.string.lstrip("# ").strip())
        last = line
    if block:
        yield from _passage(f"{name}:{first}", " ".join(block))


def _strings(name: str, tree: ast.Module) -> Iterator[Passage]:
    """Yield strings with three words or more that are not code."""
    documented = {
        id(statement.value)
        for node in ast.walk(tree)
        for statement in (getattr(node, "body", None) if isinstance(getattr(node, "body", None), list) else ())
        if isinstance(statement, ast.Expr)
    }
    inner = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    for node in ast.walk(tree):
        if id(node) in documented or id(node) in inner:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else CODE for v in node.values)
        else:
            continue
        for paragraph in re.split(r"\n\s*\n|\n(?=\s*[-*#|])", text):
            if _is_prose(paragraph):
                yield from _passage(f"{name}:{node.lineno}", paragraph)


def _is_prose(text: str) -> bool:
    found = re.findall(r"(?<![\w`<])[A-Za-z][a-z'’]+(?![\w`=(])", text)
    if len(found) < 3 or re.search(r"[{}]\s*$|<\w+[ >]|^\s*[.(\[{^\\]|;\s*$|\(\?|\\d|==|::|(?:\w\|\w.*){3}", text):
        return False
    return sum(map(len, found)) > 0.5 * len(re.sub(r"\s|`[^`]*`", "", text))


def _test_names(name: str, tree: ast.Module) -> Iterator[Passage]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            text = node.name.removeprefix("test_").replace("_", " ")
            yield Passage(f"{name}:{node.lineno}", (text[:1].upper() + text[1:],))


# Others


class _Html(HTMLParser):
    """Collects the text between block elements."""

    INLINE = frozenset({"a", "b", "i", "em", "strong", "code", "span", "time", "abbr", "small"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._text, self._skipped = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skipped += tag in ("script", "style")
        if tag not in self.INLINE:
            self.flush()
        for key, value in attrs:
            if key in ("title", "alt", "aria-label", "placeholder") and value:
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        self._skipped -= tag in ("script", "style")
        if tag not in self.INLINE:
            self.flush()

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._text += data

    def flush(self) -> None:
        if self._text.strip():
            self.found.append((self.getpos()[0], self._text))
        self._text = ""


def without_jinja(text: str) -> str:
    """Remove comments and statements of a Jinja template, and replace its expressions by code."""
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}", lambda m: "\n" * m[0].count("\n"), text, flags=re.DOTALL)
    return re.sub(r"\{\{.*?\}\}", CODE, text, flags=re.DOTALL)


def template(path: Path) -> Iterator[Passage]:
    """Yield the text of a Jinja template."""
    name = path.relative_to(ROOT).as_posix()
    parser = _Html()
    parser.feed(without_jinja(path.read_text()))
    parser.flush()
    for line, found in parser.found:
        yield from _passage(f"{name}:{line}", found)


def hashed(path: Path) -> Iterator[Passage]:
    """Yield the comments of a file in which they begin with `#`: YAML, make, TOML, shell."""
    name = path.relative_to(ROOT).as_posix()
    block: list[str] = []
    first = 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        found = re.match(r"\s*#+ ?(.*)", line)
        if found and found[1].strip() and not found[1].startswith(("!", "yaml-language-server")):
            first = first if block else number
            block.append(found[1])
        elif block:
            text = " ".join(block)
            if _is_prose(text):
                yield from _passage(f"{name}:{first}", text)
            block = []
        trailing = None if found else re.search(r"\s#+ (.*)", line)
        if trailing and _is_prose(trailing[1]):
            yield from _passage(f"{name}:{number}", trailing[1])


def script(path: Path) -> Iterator[Passage]:
    """Yield the comments of JavaScript and CSS."""
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text()
    for found in re.finditer(r"/\*(.*?)\*/|((?:(?m:^)[ \t]*//[^\n]*\n)+)", text, re.DOTALL):
        body = re.sub(r"\n\s*\*?", " ", found[1] or re.sub(r"(?m)^[ \t]*//", "", found[2]))
        yield from _passage(f"{name}:{text.count(chr(10), 0, found.start()) + 1}", body)


LEFT_OUT = ("tests/data/", "tests/tools/data/", "deploy/prometheus/prometheusrule.yaml", "LICENSE")
"""Inputs of tests, among them bad sentences; and generated copies."""

_READERS = {
    "*.md": markdown,
    "*.py": python,
    "*.html": template,
    "*.js": script,
    "*.css": script,
    "*.yaml": hashed,
    "*.toml": hashed,
    "Makefile": hashed,
    ".ci/run": hashed,
}


def passages(*prefixes: str) -> Iterator[Passage]:
    """Yield all prose of the project, or of the files whose path begins with a prefix."""
    for pattern, read in _READERS.items():
        for path in tracked(pattern):
            name = path.relative_to(ROOT).as_posix()
            if path.exists() and not name.startswith(LEFT_OUT) and (not prefixes or name.startswith(prefixes)):
                yield from read(path)
