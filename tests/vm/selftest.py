#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The runner judged by planted results: each way to fail must be seen as one."""
import sys

import boot
import check
import tap

DONE = []


def see(what, ok):
    DONE.append(bool(ok))
    print(("ok " if ok else "not ok ") + "runner: " + what)


def ended(text):
    tests, complaints = tap.parse(text.splitlines())
    return [(t.name, t.ended) for t in tests], len(complaints)


FLAT = "TAP version 13\n1..3\n# Starting\nok 1 a.one\nok 2 a.two # SKIP no\nok 3 a.three\n# Totals"
NESTED = """KTAP version 1
1..1
    # Subtest: s
    1..2
        # Subtest: p
        ok 1 x
        ok 2 y
    ok 1 p
    ok 2 q
ok 1 s"""


def parsing():
    see("flat results", ended(FLAT) == (
        [("a.one", "pass"), ("a.two", "skip"), ("a.three", "pass")], 0))
    see("a failure", ended(FLAT.replace("ok 3", "not ok 3"))[0][2][1] == "fail")
    see("a program that stops half-way", ended(FLAT.split("ok 3")[0])[1] == 1)
    see("nested results count leaves", ended(NESTED) == (
        [("s.p.x", "pass"), ("s.p.y", "pass"), ("s.q", "pass")], 0))
    see("a nested failure is one failure", [e for _, e in ended(
        NESTED.replace("ok 2 y", "not ok 2 y").replace("ok 1 p", "not ok 1 p").replace(
            "ok 1 s", "not ok 1 s"))[0]] == ["pass", "fail", "pass"])
    see("a group that fails by itself", ended(NESTED.replace("ok 1 s", "not ok 1 s"))[0][3] ==
        ("s", "fail"))
    see("a missing nested result", ended(NESTED.replace("    ok 2 q\n", ""))[1] == 1)


class Quiet(check.Tally):
    """Counts, prints nothing."""

    def add(self, ended, name=None, said=()):
        self.count[ended] += 1
        self.failures = getattr(self, "failures", []) + ([name] if ended == "fail" else [])

    def say(self, text):
        pass


class Fixed(check.Expect):
    """Expects two tests, one skip, in each round."""

    def count(self):
        return 2

    def skips(self):
        return {"p two"}


ROUND = """@@round %d
@@check ok load
@@prog p
1..2
ok 1 one
ok 2 two # SKIP later
@@done p 0
@@check ok unload
"""
GOOD = ROUND % 1 + ROUND % 2


def failures(output=GOOD, console="[ 1.0] all is well\n", status=0):
    """What a suite finds wrong with a boot like this."""
    conf = check.configparser.ConfigParser()
    conf.read_string("[s]\nprograms = yes\nktap = results\n")
    tally = Quiet()
    suite = check.Suite("s", conf["s"], "6.12", tally)
    suite.judge(boot.Result(status, output, console, True))
    return len(tally.failures)


def judging():
    check.Expect = Fixed
    check.ACCEPT = False
    see("a good boot passes", failures() == 0)
    see("a failed test", failures(GOOD.replace("ok 1 one", "not ok 1 one", 1)) == 1)
    see("a failed check", failures(GOOD.replace("@@check ok unload", "@@check bad unload", 1)) == 1)
    see("a warning in the kernel log", failures(console="[ 2.0] WARNING: CPU: 0 PID: 1\n") == 1)
    see("a kernel that died", failures(GOOD.split("@@check ok unload")[0], status=boot.DIED) > 0)
    see("a machine that hung", failures(status=boot.TIMEOUT) == 1)
    see("a program that crashed", failures(GOOD.replace("@@done p 0", "@@done p 139", 1)) == 1)
    see("a program that never ended", failures(GOOD.replace("@@done p 0\n", "", 1)) > 0)
    see("a missing test", failures(GOOD.replace("ok 1 one\n", "").replace("1..2", "1..1")) > 0)
    see("a missing second round", failures(ROUND % 1) == 1)
    see("an unexpected skip", failures(GOOD.replace("ok 1 one", "ok 1 one # SKIP x")) == 1)
    see("a skip that is no longer one", failures(GOOD.replace(" # SKIP later", "")) == 1)
    see("a boot in which nothing ran", failures("") > 0)
    see("a guest script that failed", failures(status=3) == 1)


if __name__ == "__main__":
    parsing()
    judging()
    sys.exit(not all(DONE))
