# SPDX-License-Identifier: GPL-2.0-only
"""The data races that KCSAN reports in a kernel log.

The whole kernel is watched and has races of its own, some benign, some not yet
known to its maintainers.  A report is ours when one of the two accesses was
made in the module, or in a function of the kernel's that copies, compares or
walks memory for the module.
"""
import re

RULE = re.compile(r"={40,}$")
STAMP = re.compile(r"^\[ *\d+\.\d+\](?:\[ *[TC]\d+\])?\s?")
HEAD = re.compile(r"BUG: KCSAN: (.*)")
ACCESS = re.compile(r"(?:read|write|race|assert)\b.* (?:of|at|to)\b.*")
FRAME = re.compile(r"\s*(?:\? )?([\w.]+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[(\w+)\])?")

# What works on memory that its caller names, and has none of its own.
SERVANTS = re.compile(r"_*(mem(cpy|set|cmp|move|chr|chr_inv)|str[a-z]*|copy_(to|from)_user|"
                      r"list_(add|del)_.*|rb_\w+|xas?_\w+|rht\w*|rhashtable\w*|hsiphash\w*|"
                      r"refcount\w*|kfree_sensitive|kvfree_sensitive|llist\w*)(\.\w+)*$")


def _ours(report):
    """Was an access of this report made by us?  Each begins with a line that tells what it
    is; the frames follow, the innermost first."""
    inner = False
    for line in report:
        if ACCESS.match(line):
            inner = True
            continue
        frame = FRAME.match(line)
        if not frame or not inner:
            continue
        if frame[2] and frame[2].startswith("keyrings"):
            return True
        inner = bool(SERVANTS.match(frame[1]))
    return False


def split(console):
    """Returns (lines outside the reports, reports that are ours, the others' number)."""
    rest, ours, others, report = [], [], 0, None
    for line in console.splitlines():
        text = STAMP.sub("", line)
        if RULE.match(text):
            if report and HEAD.match(report[0]):
                if _ours(report):
                    ours.append(report)
                else:
                    others += 1
            else:
                rest += report or []
            report = [] if report is None or not report else None
        elif report is None:
            rest.append(line)
        else:
            report.append(text)
    return rest + (report or []), ours, others
