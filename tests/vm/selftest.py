#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The runner judged by planted results: each way to fail must be seen as one."""
import configparser
import os
import subprocess
import sys

import boot
import check
import coverage
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


EXPECT = check.Expect


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


def failures(output=GOOD, console="[ 1.0] all is well\n", status=0, counted="yes", rounds=2,
             builtin_rounds=0, machine=None):
    """What a suite finds wrong with a boot like this."""
    conf = check.configparser.ConfigParser()
    conf.read_string("[s]\nprograms = yes\ncounted = %s\nrounds = %d\nktap = results\n"
                     "builtin_rounds = %d\n" % (counted, rounds, builtin_rounds))
    tally = Quiet()
    suite = check.Suite("s", conf["s"], "6.12", tally, machine or {})
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
    see("one round where one is asked for", failures(ROUND % 1, rounds=1) == 0)
    see("a round too many", failures(rounds=1) == 1)
    see("no round of the built-in service where there is none",
        failures(ROUND % 2, builtin_rounds=1, machine={"builtin": "no"}) == 0)
    see("one that must not be there", failures(builtin_rounds=1, machine={"builtin": "no"}) == 1)
    see("one that is missing", failures(ROUND % 2, builtin_rounds=1) == 1)
    see("an unexpected skip", failures(GOOD.replace("ok 1 one", "ok 1 one # SKIP x")) == 1)
    see("a skip that is no longer one", failures(GOOD.replace(" # SKIP later", "")) == 1)
    see("a boot in which nothing ran", failures("") > 0)
    see("a guest script that failed", failures(status=3) == 1)
    see("checks alone", failures("@@check ok a\n@@check ok b\n", counted="no") == 0)
    see("checks alone, one bad", failures("@@check ok a\n@@check bad b\n", counted="no") == 1)
    see("not even checks", failures("", counted="no") > 0)


def judged(text, *options):
    """Exit status and output of judge.awk for results of the built-in service."""
    r = subprocess.run(["awk", *options, "-f", os.path.join(boot.TOP, "tests/selftests/judge.awk")],
                       input=text, stdout=subprocess.PIPE, text=True, check=False)
    return r.returncode, r.stdout


BUILTIN = "1..3\nok 1 a.one\nnot ok 2 a.ours_two\nok 3 a.three # SKIP no\n"


def the_builtin_service():
    see("a good run without the module", judged(BUILTIN)[0] == 0)
    see("a common test that fails there", judged(BUILTIN.replace("ok 1", "not ok 1"))[0] == 1)
    see("one of ours that passes there", judged(BUILTIN.replace("not ok 2", "ok 2"))[0] == 1)
    see("one too few there", judged(BUILTIN.replace("ok 1 a.one\n", ""))[0] == 1)
    see("no results there", judged("")[0] == 1)
    see("what is printed of it", ended(judged(BUILTIN, "-v", "tap=1")[1]) == (
        [("a.one", "pass"), ("a.ours_two", "pass"), ("a.three", "skip")], 0))
    see("what is printed of a surprise", ended(judged(
        BUILTIN.replace("not ok 2", "ok 2"), "-v", "tap=1")[1])[0][1] == ("a.ours_two", "fail"))


RACE = """[    7.1] all is well
[    7.2] ==================================================================
[    7.2] BUG: KCSAN: data-race in %(one)s / %(two)s
[    7.2]
[    7.2] write to 0xffff888004 of 8 bytes by task 71 on cpu 1:
[    7.2]  %(one)s+0x10/0x50%(in_one)s
[    7.2]  %(caller)s+0x20/0x90 [keyrings]
[    7.2]
[    7.2] read to 0xffff888004 of 8 bytes by task 72 on cpu 0:
[    7.2]  %(two)s+0x11/0x51%(in_two)s
[    7.2]  do_syscall_64+0x33/0x80
[    7.2]
[    7.2] value changed: 0x1 -> 0x2
[    7.2] ==================================================================
[    7.3] all is still well
"""


def race(one="vfs_x", in_one="", two="vfs_y", in_two="", caller="kr_x"):
    """How many lines are bad, how many reports the kernel's own, in a log with this race."""
    r = boot.Result(0, "", RACE % locals(), True)
    return bool(r.dirty()), r.races()


def races():
    ours = " [keyrings]"
    see("a data race of the kernel's, below a call of ours", race() == (False, 1))
    see("a data race of ours", race("kr_one", ours, "kr_two", ours) == (True, 0))
    see("a data race that is ours on one side", race(two="kr_two", in_two=ours) == (True, 0))
    see("a data race in a copy made for us", race("memcpy") == (True, 0))


NO_CACHE = """[    7.1] __kmem_cache_create_args(%s) failed with error -12
[    7.1] CPU: 0 UID: 0 PID: 611 Comm: fault_load
[    7.1] Call Trace:
[    7.1]  dump_stack_lvl+0x7c/0x90
"""


def caches():
    ours, other = (boot.Result(0, "", NO_CACHE % name, True) for name in ("kr_key", "dentry"))
    later = boot.Result(0, "", NO_CACHE % "kr_key" + "[    7.2] Call Trace:\n", True)
    see("a cache of ours that was not made", not ours.dirty())
    see("a cache of others that was not made", len(other.dirty()) == 1)
    see("a trace after that", len(later.dirty()) == 1)
    see("and what is before it", len(later.dirty(around=(1, 1))) == 2)


def expecting(kernel, kind, rows):
    """What a file of these rows makes the runner expect of this kernel."""
    class Planted(EXPECT):
        def _rows(self, kind_):
            return [r.split(None, 1) for r in rows] if kind_ == kind else []
    planted = Planted("s", kernel)
    return planted.count() if kind == "count" else planted.skips()


def rows_of_a_kernel():
    counts = ["* 1", "6.12 2", "6.12-debug 3"]
    see("the number for every kernel", expecting("6.1", "count", counts) == 1)
    see("the number for a series", expecting("6.12-kcsan", "count", counts) == 2)
    see("the number for one kernel", expecting("6.12-debug", "count", counts) == 3)
    skips = ["* a", "6.12 b", "6.12-debug -", "6.12-kcsan c"]
    see("skips of every kernel and a series", expecting("6.12", "skip", skips) == {"a", "b"})
    see("a kernel without those of its series",
        expecting("6.12-debug", "skip", skips) == {"a"})
    see("a kernel with other skips", expecting("6.12-kcsan", "skip", skips) == {"a", "c"})


def planned(wanted, only):
    """What is to run where, or what is said instead."""
    conf = configparser.ConfigParser()
    conf.read_string("""
        [DEFAULT]
        kernels = 6.1 6.12
        debug =
        coverage =
        check = yes
        [a]
        debug = 6.12-debug
        [b]
        """)
    check.ONLY, was = only.split(), check.ONLY
    try:
        return check.plan(conf, wanted.split())[1]
    except SystemExit as said:
        return str(said)
    finally:
        check.ONLY = was


def which_kernels():
    see("a suite on its kernels", planned("b", "") == [("b", "6.1"), ("b", "6.12")])
    see("a suite on one kernel", planned("a", "6.12-debug") == [("a", "6.12-debug")])
    see("those suites that run on a kernel", planned("debug", "") == [("a", "6.12-debug")])
    see("a suite on a kernel that it does not run on",
        planned("a b", "6.12-debug") ==
        "check.py: b does not run on 6.12-debug (it does on: 6.1 6.12)")


SOURCE = """int f(void)
{
	if (one)
		return -ENOMEM;
	two();

	if (three)
		goto	out;
	if (four)
		return -EPERM;
}
""".splitlines()
RAN = {3: 5, 4: 0, 5: 5, 7: 0, 8: 0, 9: 0, 10: 1}


def counted(*reports):
    """Counts of f() above in one or more objects."""
    counts = coverage.Counts()
    for lines in reports:
        counts.add({"files": [
            {"file": coverage.os.path.realpath(boot.BUILD) + "/r/module/" + path,
             "lines": [{"line_number": n, "count": c} for n, c in lines.items()],
             "functions": [{"name": "f", "start_line": 1, "end_line": 11}]}
            for path in ("src/key/a.c", "tests/kunit/a.c", "src/../../x.h")]})
    return counts


def explained(rows, *reports):
    """How many blocks have a reason, how many have none, how many rows nobody needs."""
    pairs, unused = coverage.explain(counted(*(reports or [RAN])).blocks(),
                                     coverage.reasons(rows), lambda path: SOURCE)
    return sum(1 for _, why in pairs if why), sum(1 for _, why in pairs if not why), len(unused)


REASON = "# why\n[no memory]\nsrc/key/a.c f return -ENOMEM;\n"


def lines_that_ran():
    see("lines of a room", counted(RAN).rooms() == {"key": (7, 3)})
    see("lines that ran in one suite only",
        counted(RAN, {3: 1, 4: 1, 5: 0}).rooms() == {"key": (7, 4)})
    see("blocks that did not run", [str(b) for b in counted(RAN).blocks()] ==
        ["src/key/a.c:4 f()", "src/key/a.c:7-9 f()"])
    see("a block without a reason", explained(REASON) == (1, 1, 0))
    see("a reason for each block, by its text",
        explained(REASON + "[it cannot be]\nsrc/key/a.c f goto out;\n") == (2, 0, 0))
    see("a reason of another function", explained(REASON.replace(" f ", " g ")) == (0, 2, 1))
    see("a reason for what runs", explained(REASON + "src/key/a.c f return -EPERM;\n") == (1, 1, 1))
    see("a reason for what may run",
        explained("[sometimes: a race]\nsrc/key/a.c f return -EPERM;\n") == (0, 2, 0))


if __name__ == "__main__":
    parsing()
    lines_that_ran()
    races()
    caches()
    rows_of_a_kernel()
    which_kernels()
    judging()
    the_builtin_service()
    sys.exit(not all(DONE))
