"""Print every sentence that breaks a rule of STYLE.md, and the number of faults of each kind:

python -m tests.prose [PATH ...]
"""

import sys
from collections import Counter

from tests.prose.check import found

by_rule: Counter[str] = Counter()
by_file: Counter[str] = Counter()
for fault in found(*sys.argv[1:]):
    print(fault)
    by_rule[fault.rule] += 1
    by_file["/".join(fault.where.split(":")[0].split("/")[:3])] += 1
print(*(f"{count:6} {name}" for name, count in (by_rule + Counter()).most_common()), sep="\n", file=sys.stderr)
print(*(f"{count:6} {name}" for name, count in by_file.most_common(30)), sep="\n", file=sys.stderr)
sys.exit(bool(by_rule))
