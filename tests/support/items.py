"""Texts of policies with many kinds of items, and fragments to edit them with."""

HEAD = """version: 1
include: [more.yaml]
consent: {cookie: answer}
categories:
  need: {basis: x}
  stats: {consent: required}
defaults: {secure: true}
# the list
cookies:
"""
TAIL = "ceiling: 90d\n"
ITEMS = [
    "  - name: answer\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    *(f"  - name: a{n}\n    category: need\n    purpose: Text {n}\n    lifetime: 1h\n" for n in range(6)),
    "  - {name: flow, category: stats, purpose: x, lifetime: 2h}\n",
    '\n  # a comment\n  - name: quoted\n    category: need\n    purpose: "two\n      lines"\n    lifetime: 1h\n',
    "  - name: block\n    category: need\n    lifetime: 1h\n    purpose: |\n      first\n\n      - second\n",
    "  -\n    name: below\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - category: need\n    purpose: x\n    lifetime: 1h\n    name: last\n",
    "  - name: gl*ba\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: warned\n    category: need\n    lifetime: 3y\n    purpose: x\n",
    "  - name: scoped\n    scope: {hosts: [a.example]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: 007\n    category: need\n    purpose: x\n    lifetime: 1h\n",
]
MORE = "version: 1\ncookies:\n" + "".join(
    f"- name: m{n}\n  category: need\n  purpose: x\n  lifetime: 1h\n" for n in range(5)
)
FRAGMENTS = [
    *ITEMS,
    "  - name: scoped\n    scope: {hosts: [b.example]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: scoped\n    scope: {hosts: [a.example], paths: [/x]}\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: gl*b*ba\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: ans*\n    category: stats\n    purpose: x\n    lifetime: 1h\n",
    "  - name: new\n    rename_to: __Host-new\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: __Host-new\n    category: need\n    purpose: x\n    lifetime: 1h\n",
    "  - name: m1\n    category: need\n    purpose: over\n    lifetime: 5h\n",
    "  - name: m2\n    purpose: no category\n",
    '  - name: open\n    purpose: "never closed\n',
    '  - name: open\n    purpose: "closed\n  - on the next line"\n    lifetime: 1h\n    category: need\n',
    "  - name: anchored\n    purpose: &a x\n",
    "  - just text\n",
    "  - [a, b]\n",
    "  -\n",
    "---\n",
    "...\n",
    "# at the edge\n",
    "   # comment\n",
    "\n",
    "    lifetime: 1h\n",
    "    - nested\n",
    "\t- tab\n",
    "gpc_json: 2026-01-01\n",
    "cookies:\n",
    "  - name: cr\r    purpose: x\n",
    "  - name: nel\x85    purpose: x\n",
]
AROUND = [
    "mode: report\n",
    "# a comment\n\n",
    "undeclared: {response: report, evict: host}\n",
    "inject_guard: true\n",
    "  more: {basis: x}\n",
    "statement: {languages: [en, nl]}\n",
    "gpc_json: 2026-01-01\n",
    "policy: other\n",
    "public_hosts: [a.example]\n",
]
FILES = {"p.yaml": HEAD + "".join(ITEMS) + TAIL, "more.yaml": MORE}
