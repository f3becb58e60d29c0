# SPDX-License-Identifier: GPL-2.0-only
"""Read test results: TAP of the kselftest harness, and KUnit's nested KTAP.

What counts are the leaves: a result that closes a nested list stands for the
list, and counts by itself only if it failed with every leaf below it passed.
"""
import re

RESULT = re.compile(r"^( *)(ok|not ok) (\d+)(?: - | )?(.*?)(?:\s+# (SKIP|TO" r"DO)\b\s*(.*))?$")
PLAN = re.compile(r"^( *)1\.\.(\d+)(?:\s|$)")


class Test:
    """One leaf: its full name, how it ended (pass, fail, skip), what was said about it."""

    def __init__(self, name, ended, said=(), indent=0):
        self.name, self.ended, self.said, self.indent = name, ended, list(said), indent


def parse(lines):
    """Returns (tests, complaints); a complaint is a plan that was not kept."""
    tests, open_, complaints, said = [], [], [], []
    plans = {}      # indent -> [planned, seen]

    def close(indent):
        for level in [i for i in plans if i >= indent]:
            planned, seen = plans.pop(level)
            if planned != seen:
                complaints.append("%d results where %d were planned" % (seen, planned))

    for line in lines:
        plan, result = PLAN.match(line), RESULT.match(line)
        if plan:
            indent = len(plan[1])
            close(indent)
            plans[indent] = [int(plan[2]), 0]
        elif result:
            indent, name = len(result[1]), result[4].strip() or "#" + result[3]
            close(indent + 1)
            if indent in plans:
                plans[indent][1] += 1
            below = [t for t in open_ if t.indent > indent]
            open_ = [t for t in open_ if t.indent <= indent]
            ended = "fail" if result[2] == "not ok" else "skip" if result[5] else "pass"
            for t in below:
                t.name = name + "." + t.name
                t.indent = indent
            if not below or (ended == "fail" and not any(t.ended == "fail" for t in below)):
                below.append(Test(name, ended, said, indent))
                tests.append(below[-1])
            open_ += below
            said = []
        else:
            said.append(line)
    close(0)
    return tests, complaints


def programs(text):
    """Splits the output of guest/lib.sh: yields (round, kind, name, payload) with kind
    "check" (payload: ok, what it saw) or "prog" (payload: exit status or None, lines)."""
    rnd, prog, lines, check = 0, None, [], None
    for line in text.splitlines() + ["@@end"]:
        if not line.startswith("@@"):
            (check[1] if check else lines).append(line)
            continue
        word = line.split(" ", 2)
        if check:
            yield rnd, "check", check[0], (check[2], check[1])
            check = None
        if word[0] == "@@done" and prog:
            yield rnd, "prog", prog, (int(line.rsplit(" ", 1)[1]), lines)
            prog = None
            continue
        if prog:
            yield rnd, "prog", prog, (None, lines)
            prog = None
        if word[0] == "@@round":
            rnd = int(word[1])
        elif word[0] == "@@prog":
            prog, lines = line.split(" ", 1)[1], []
        elif word[0] == "@@check":
            check = (word[2], [], word[1] == "ok")


def kernel_rounds(console):
    """The kernel log without time stamps, cut at the @@round marks: {round: lines}."""
    rounds, rnd = {}, None
    for line in console.splitlines():
        line = re.sub(r"^\[ *\d+\.\d+\]\s?", "", line)
        mark = re.match(r"@@round (\d+)$", line)
        if mark:
            rnd = int(mark[1])
            rounds[rnd] = []
        elif rnd is not None:
            rounds[rnd].append(line)
    return rounds
