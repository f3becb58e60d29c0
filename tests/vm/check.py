#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run the tests and count them.

check.py all | debug | coverage | (lint builds sparse SUITE)...

A suite is a section of suites.ini.  It passes when on every kernel the
expected number of tests ran in each round, none failed, those skipped are the
ones that may be, the kernel log is clean, and the checks of its guest script
hold.  Each of these is a test too.  ACCEPT=1 writes the numbers and skips seen
into tests/vm/expect/ instead of comparing them.

"all" is for the stock kernels, "debug" for those built to find mistakes, "coverage" for the
one that counts the lines that run; it ends with the report of coverage.py.  KERNELS names some
of any kind to run on instead.  TIMEOUT is in place of the seconds that a machine has, BOOT
are more arguments for its kernel, of which the last of a name counts.
"""
import concurrent.futures
import configparser
import functools
import os
import re
import subprocess
import sys
import threading
import time

import boot
import coverage
import tap

HERE, TOP, BUILD = boot.HERE, boot.TOP, boot.BUILD
KERNELS = ("6.1", "6.12")
ONLY = os.environ.get("KERNELS", "").split()
LOGS = os.path.join(BUILD, "log")
ACCEPT = os.environ.get("ACCEPT") == "1"


class Tally:
    """Passed, failed, skipped; says what fails as it happens."""

    def __init__(self):
        self.count = {"pass": 0, "fail": 0, "skip": 0}
        self.lock = threading.Lock()

    def add(self, ended, name=None, said=()):
        with self.lock:
            self.count[ended] += 1
            if ended == "fail":
                print("not ok " + name)
                for line in list(said)[-40:]:
                    print("    " + line)
                sys.stdout.flush()

    def say(self, text):
        with self.lock:
            print(text, flush=True)


def command(*cmd, **kw):
    return subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, cwd=TOP, **kw)


def build(kernel, flavour):
    """Returns the path of what was built, or None and the complaints."""
    r = subprocess.run([os.path.join(HERE, "build.sh"), "-k", kernel, flavour],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if r.returncode:
        return None, r.stderr.splitlines()
    return r.stdout.strip().splitlines()[-1], []


def step(tally, name, ok, said, since):
    """One test that is not in a machine."""
    tally.add("pass" if ok else "fail", name, said)
    if ok:
        tally.say("ok %s (%d s)" % (name, time.time() - since))


def script(tally, *cmd):
    """A script that prints "ok NAME" and "not ok NAME", its words above each."""
    since, said, seen = time.time(), [], 0
    name = os.path.relpath(next(w for w in cmd if w.startswith(TOP)), TOP)
    r = command(*cmd)
    for line in r.stdout.splitlines():
        m = re.match(r"(ok|not ok) (.*)", line)
        if not m:
            said.append(line.strip())
            continue
        seen += 1
        tally.add("pass" if m[1] == "ok" else "fail", "%s: %s" % (name, m[2]), said)
        if m[2] == "lengths":
            tally.say("\n".join(said))
        said = []
    if not seen or (r.returncode and "not ok" not in r.stdout):
        tally.add("fail", name + " itself", said)
    if not r.returncode:
        tally.say("ok %s: %d checks (%d s)" % (name, seen, time.time() - since))


def lint(tally):
    kernel_doc = os.path.join(boot.fetch("headers", "6.12"), "scripts/kernel-doc")
    if not os.path.exists(kernel_doc):
        kernel_doc = os.path.join(boot.fetch("source", "6.12"), "scripts/kernel-doc")
    lints = os.path.join(TOP, "tests/lint")
    script(tally, os.path.join(lints, "run.py"), TOP, "--kernel-doc", kernel_doc)
    script(tally, os.path.join(lints, "selftest.sh"), kernel_doc)
    script(tally, sys.executable, "-B", os.path.join(HERE, "selftest.py"))
    script(tally, os.path.join(TOP, "tests/oracle/selftest.sh"), os.path.join(BUILD, "oracle"))
    script(tally, os.path.join(TOP, "tests/bench/selftest.sh"))


def builds_for():
    """The kernels that the module is built for without a machine."""
    return [k for k in KERNELS if not ONLY or k in ONLY]


def builds(tally):
    script(tally, os.path.join(HERE, "build-selftest.sh"))
    for kernel in builds_for():
        for flavour in ("module", "kunit"):
            since = time.time()
            path, said = build(kernel, flavour)
            step(tally, "build %s for %s without a warning" % (flavour, kernel), path, said, since)
            if path and flavour == "module":
                since = time.time()
                r = command(os.path.join(TOP, "tests/lint/layers.py"), TOP, "--objects",
                            os.path.dirname(path))
                step(tally, "symbols of the rooms on %s" % kernel, not r.returncode,
                     r.stdout.splitlines(), since)


def sparse(tally):
    for kernel in builds_for():
        since = time.time()
        path, said = build(kernel, "sparse")
        step(tally, "sparse on %s" % kernel, path, said, since)


def test_programs(folder):
    """Builds the programs of a folder of tests/; returns where they are, or None and the
    compiler's words."""
    out = os.path.join(BUILD, folder)
    source = boot.fetch("source", "6.12")
    r = command("make", "-s", "-j2", "-C", "tests/" + folder, "OUT=" + out,
                "HARNESS=" + os.path.join(source, "tools/testing/selftests"),
                "KDIR=" + boot.fetch("headers", "6.12"))
    return (None if r.returncode else out), r.stdout.splitlines()


@functools.cache
def staged(clients):
    """Puts together what these clients need; returns where it is, or None and the words of
    the script. Once a run: making it anew takes it away from whoever reads it."""
    r = command("tests/clients/stage.sh", *clients.split())
    said = r.stdout.splitlines()
    return (None if r.returncode else said[-1]), said


class Expect:
    """What a suite is to do on a kernel, from expect/.  Of the rows that fit, those of the
    kernel itself count, or else those of its series, or else those of every kernel (*)."""

    def __init__(self, suite, kernel):
        self.suite, self.kernel = suite, kernel

    def _path(self, kind):
        return os.path.join(HERE, "expect", "%s.%s" % (self.suite, kind))

    def _rows(self, kind):
        for line in boot.read(self._path(kind)).splitlines():
            if line.strip() and not line.startswith("#"):
                yield line.split(None, 1)

    def count(self):
        """Tests in each round, or None."""
        rows = dict(self._rows("count"))
        for k in (self.kernel, self.kernel.split("-")[0], "*"):
            if k in rows:
                return int(rows[k])
        return None

    def skips(self):
        """A kernel that only differs in what it skips has rows of its own beside those for
        all; "-" is for a kernel that skips nothing."""
        rows = list(self._rows("skip"))
        for k in (self.kernel, self.kernel.split("-")[0]):
            own = {name for kernel, name in rows if kernel == k}
            if own:
                break
        return own - {"-"} | {name for kernel, name in rows if kernel == "*"}

    def accept(self, count, skips):
        """Writes down what was seen, where that is not what was expected."""
        if count != self.count():
            self._write("count", [str(count)])
        if skips != self.skips():
            self._write("skip", sorted(skips) or ["-"])

    def _write(self, kind, new):
        path = self._path(kind)
        keep = [l for l in boot.read(path).splitlines()
                if l and l.split(None, 1)[0] != self.kernel]
        head = [l for l in keep if l.startswith("#")] or \
            ["# SPDX-License-Identifier: GPL-2.0-only",
             "# kernel, tests in each round" if kind == "count" else
             "# kernel (or *), test that may be skipped; why"]
        body = [l for l in keep if not l.startswith("#")]
        with open(path, "w") as f:
            f.write("\n".join(head + sorted(body + ["%s %s" % (self.kernel, x) for x in new]))
                    + "\n")


class Suite:
    """One suite on one kernel."""

    lock = threading.Lock()

    def __init__(self, name, conf, kernel, tally, machine):
        """@machine: what is special about machines with this kernel."""
        self.name, self.conf, self.kernel, self.tally = name, conf, kernel, tally
        self.machine = machine
        self.title = "%s on %s" % (name, kernel)
        self.seen = {"pass": 0, "fail": 0, "skip": 0}

    def add(self, ended, name, said=()):
        self.seen[ended] += 1
        self.tally.add(ended, "%s: %s" % (self.title, name), said)

    def prepare(self):
        """The modules and programs, or None when something does not build."""
        files = []
        for flavour in self.conf["modules"].split():
            if flavour == "kunit-core" and boot.is_built(self.kernel):
                continue        # it has KUnit
            if flavour == "module" and boot.is_built(self.kernel):
                flavour = self.conf["debug_module"]
            path, said = build(self.kernel, flavour)
            if not path:
                self.add("fail", "build " + flavour, said)
                return None
            files.append((path, "/vm/mod/" + os.path.basename(path)))
        if self.conf.getboolean("programs"):
            with Suite.lock:
                path, said = test_programs(self.conf["folder"])
            if not path:
                self.add("fail", "build the programs", said)
                return None
            files.append((path, "/vm/t"))
        if self.conf["stock"] and self.kernel in KERNELS:
            files.append((boot.stock_modules(self.kernel, self.conf["stock"].split(), self.name),
                          "/vm/stock"))
        if self.conf["clients"]:
            with Suite.lock:
                stage, said = staged(self.conf["clients"])
            if not stage:
                self.add("fail", "get the clients", said)
                return None
            files += [(os.path.join(stage, d), "/" + d) for d in sorted(os.listdir(stage))]
        files.append((os.path.join(HERE, "guest"), "/vm/guest"))
        return files

    def run(self):
        since = time.time()
        try:
            files = self.prepare()
            if files:
                self.judge(self.boot(files))
        except Exception as e:      # a test of the runner's own failing
            self.add("fail", "the runner itself: %r" % e)
        self.tally.say("%s %s: %d passed, %d failed, %d skipped (%d s)" % (
            "not ok" if self.seen["fail"] else "ok", self.title, self.seen["pass"],
            self.seen["fail"], self.seen["skip"], time.time() - since))

    def boot(self, files):
        counts = "counts" in self.machine
        script = "sh /vm/guest/%s %s\n" % (self.conf["guest"], self.conf["clients"])
        if counts:
            script += "status=$?\nsh /vm/guest/coverage.sh\nexit $status\n"

        def archive():
            a = boot.base_archive(script)
            for source, dest in files:
                a.file(source, dest)
            return a
        slower = int(self.machine.get("slower", "1"))
        asked = "".join(" %s=%s" % (name, os.environ[name])
                        for name in self.conf["ask"].split() if name in os.environ)
        asked += " " + os.environ.get("BOOT", "")
        timeout = int(os.environ.get("TIMEOUT") or self.conf.getint("timeout") * slower)
        return boot.boot_retry(self.kernel, archive, timeout,
                               keep=os.path.join(LOGS, "%s-%s" % (self.name, self.kernel)),
                               coverage=counts,
                               tpm=self.conf.getboolean("tpm") and boot.is_built(self.kernel),
                               smp=self.conf.getint("smp"),
                               mem=self.conf.getint("mem") + int(self.machine.get("mem", "0")),
                               append=self.conf["append"] + " " + self.machine.get("append", "") + asked)

    def judge(self, r):
        """Counts everything that is to be seen of one boot."""
        end = {boot.TIMEOUT: "it ran out of time", boot.NO_START: "it never came up",
               boot.DIED: "the kernel died"}.get(r.status)
        tail = r.console.splitlines()[-40:]
        self.add("fail" if end else "pass", "the machine runs to its end" +
                 (": " + end if end else ""), tail)
        bad = (r.dirty(around=(5, 20))[:40] if r.console.strip() else
               ["the console said nothing: nobody has listened"])
        self.add("fail" if bad else "pass", "the kernel log is clean", bad)
        if r.races():
            self.tally.say("# %s: %d data races of the kernel's own" % (self.title, r.races()))
        rounds, ended = {}, []
        for rnd, kind, name, payload in tap.programs(r.output):
            if kind == "check":
                ok, said = payload
                self.add("pass" if ok else "fail", name, said)
                ended.append(ok)
            else:
                rounds.setdefault(rnd, []).extend(self.program(rnd, name, *payload))
        if self.conf["ktap"] == "console":
            for rnd, lines in tap.kernel_rounds(r.console).items():
                rounds[rnd] = self.results(rnd, "", *tap.parse(lines))
        if not end and r.status and all(ended):
            self.add("fail", "the guest script ended with status %d" % r.status,
                     r.output.splitlines()[-20:])
        if not ended:
            self.add("fail", "the guest script did nothing", r.output.splitlines()[-20:])
        if self.conf.getboolean("counted") and (
                self.conf.getboolean("programs") or self.conf["clients"] or
                self.conf["ktap"] == "console"):
            self.compare(rounds)

    def program(self, rnd, name, status, lines):
        tests, complaints = tap.parse(lines)
        if status is None:
            complaints.append("it did not end")
        elif status and not any(t.ended == "fail" for t in tests):
            complaints.append("exit status %d" % status)
        if not tests:
            complaints.append("no results")
        return self.results(rnd, name + " ", tests, complaints, lines)

    def results(self, rnd, prefix, tests, complaints, lines=()):
        for t in tests:
            t.name = prefix + t.name
            self.add(t.ended, "%s (round %d)" % (t.name, rnd), t.said)
        for c in complaints:
            self.add("fail", "%s(round %d): %s" % (prefix, rnd, c), lines)
        return tests

    def compare(self, rounds):
        expect = Expect(self.name, self.kernel)
        counts = {rnd: len(tests) for rnd, tests in rounds.items()}
        skips = {t.name for tests in rounds.values() for t in tests if t.ended == "skip"}
        if ACCEPT and rounds:
            with Suite.lock:
                expect.accept(max(counts.values()), skips)
            self.tally.say("accepted for %s: %s, %d skipped" % (self.title, counts, len(skips)))
            return
        want = expect.count()
        first, last = 1, self.conf.getint("rounds")
        if self.machine.get("builtin") == "no":
            first += self.conf.getint("builtin_rounds")
        ok = want and counts == dict.fromkeys(range(first, last + 1), want)
        self.add("pass" if ok else "fail", "the expected number of tests ran (%s in each of the "
                 "rounds %d to %d; seen %s)" % (want, first, last, counts))
        wrong = sorted(skips ^ expect.skips())
        self.add("fail" if wrong else "pass", "the tests skipped are the ones that may be",
                 ["%s: %s" % ("skipped" if t in skips else "listed but not skipped", t)
                  for t in wrong])


STEPS = {"lint": lint, "builds": builds, "sparse": sparse}


def report(tally):
    """The report of coverage: a test for each thing that is wrong with it, or one."""
    wrong = coverage.report()
    for line in wrong:
        tally.add("fail", "coverage: " + line)
    if not wrong:
        tally.add("pass")


def plan(conf, wanted):
    """What to do: names of steps, and pairs of a suite and a kernel."""
    suites = [s for s in conf.sections() if not s.startswith("kernel ")]
    named = [w for w in wanted if w in suites]
    which = wanted[0] if wanted in (["debug"], ["coverage"]) else "kernels"
    if wanted == ["all"]:
        wanted = [*STEPS, *(s for s in suites if conf[s].getboolean("check"))]
    elif which != "kernels":
        wanted = suites
    unknown = [w for w in wanted if w not in STEPS and w not in suites]
    if unknown or not wanted:
        sys.exit("check.py: no such tests: %s (there are: %s)" % (
            " ".join(unknown), " ".join([*STEPS, *suites])))

    def kernels(suite):
        if ONLY and which == "kernels":
            fit = " ".join(conf[suite][kind] for kind in ("kernels", "debug", "coverage"))
        else:
            fit = conf[suite][which]
        fit = list(dict.fromkeys(fit.split()))
        some = [k for k in fit if not ONLY or k in ONLY]
        if suite in named and not some:
            sys.exit("check.py: %s does not run on %s (it does on: %s)" % (
                suite, " ".join(ONLY), " ".join(fit)))
        return some

    return [w for w in wanted if w in STEPS], [(w, k) for w in wanted if w in suites
                                               for k in kernels(w)]


def main():
    conf = configparser.ConfigParser()
    conf.read(os.path.join(HERE, "suites.ini"))
    steps, suites = plan(conf, sys.argv[1:])
    tally = Tally()
    if sys.argv[1:] == ["coverage"]:
        coverage.forget()
    for s in steps:
        STEPS[s](tally)
    runs = [Suite(s, conf[s], k, tally, conf["kernel " + k] if "kernel " + k in conf else {})
            for s, k in suites]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or 2)) as pool:
        list(pool.map(Suite.run, runs))
    if sys.argv[1:] == ["coverage"]:
        report(tally)
    c = tally.count
    print("%d passed, %d failed, %d skipped" % (c["pass"], c["fail"], c["skip"]))
    return c["fail"] > 0 or c["pass"] == 0


if __name__ == "__main__":
    sys.exit(main())
