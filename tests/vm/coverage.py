#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Which lines of the module ran in all suites together.

coverage.py      the report, of the machines whose logs are in build/log/

The kernel of a machine that counts lines (GCOV) sends its counts at the end.  gcov turns
them into numbers for each line, which are added up here over all suites and over the two
modules that are made of the same sources, keyrings.ko and keyrings_kunit.ko.

A block is a run of lines of one function with none between them that ran.  Each block that
did not run has its reason in expect/coverage.reasons: a reason in brackets, and below it rows
of file, function and a piece of the block's text.  A row that no block needs is wrong, unless
its reason begins with "sometimes": what runs only when two tasks meet may run or not.
"""
import base64
import glob
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile

import boot

LEAST = 95      # percent of lines
REASONS = os.path.join(boot.HERE, "expect", "coverage.reasons")
LOGS = os.path.join(boot.BUILD, "log", "*-6.12-coverage", "coverage")
OURS = re.compile(r"[^/]+/[^/]+/((?:src|include/keyrings)/.*\.[ch])$")


class Block:
    """Lines of a function that did not run, from the first to the last."""

    def __init__(self, path, function, first):
        self.path, self.function, self.first, self.last = path, function, first, first

    def __str__(self):
        lines = str(self.first) + ("-%d" % self.last if self.last > self.first else "")
        return "%s:%s %s()" % (self.path, lines, self.function)


class Counts:
    """How often each line ran."""

    def __init__(self):
        self.lines = {}         # path -> {line: times}
        self.functions = {}     # path -> {(first line, last line): name}

    def add(self, report):
        """One object's report in gcov's JSON."""
        for f in report["files"]:
            m = OURS.match(os.path.relpath(f["file"], os.path.realpath(boot.BUILD)))
            if not m:
                continue
            lines = self.lines.setdefault(m[1], {})
            for l in f["lines"]:
                lines[l["line_number"]] = lines.get(l["line_number"], 0) + l["count"]
            functions = self.functions.setdefault(m[1], {})
            for fn in f["functions"]:
                functions[fn["start_line"], fn["end_line"]] = fn["name"]

    def function(self, path, line):
        return next((name for (first, last), name in self.functions[path].items()
                     if first <= line <= last), "-")

    def rooms(self):
        """{room: (lines, those of them that ran)}; a room is a folder of src/."""
        rooms = {}
        for path, lines in self.lines.items():
            room = path if path == "src/main.c" else path.split("/")[path.startswith("src/")]
            all_, ran = rooms.get(room, (0, 0))
            rooms[room] = all_ + len(lines), ran + sum(1 for c in lines.values() if c)
        return rooms

    def blocks(self):
        """The blocks that did not run."""
        blocks = []
        for path in sorted(self.lines):
            block = None
            for n in sorted(self.lines[path]):
                function = self.function(path, n)
                if self.lines[path][n]:
                    block = None
                elif block and block.function == function:
                    block.last = n
                else:
                    block = Block(path, function, n)
                    blocks.append(block)
        return blocks


def gcov(archive, counts):
    """Adds what one machine has sent; returns complaints."""
    with tempfile.TemporaryDirectory(prefix="gcov-", dir=boot.BUILD) as work:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            tar.extractall(work)
        names = []
        for folder, _, files in os.walk(work):
            for f in files:
                data = os.path.join(folder, f)
                notes = "/" + os.path.relpath(data, work)[:-len("gcda")] + "gcno"
                if OURS.match(os.path.relpath(notes, os.path.realpath(boot.BUILD))[:-4] + "c"):
                    os.symlink(notes, data[:-len("gcda")] + "gcno")
                    names.append(data)
        r = subprocess.run(["gcov", "--json-format", "--stdout", *sorted(names)], cwd=work,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    for line in r.stdout.splitlines():
        if line.startswith("{"):
            counts.add(json.loads(line))
    return [l.replace(work, "") for l in r.stderr.splitlines()]


def reasons(text):
    """The rows of the list: (path, function, piece of text, reason)."""
    rows, why = [], None
    for line in text.splitlines():
        if line.startswith("["):
            why = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            rows.append((*line.split(None, 2), why))
    return rows


def explain(blocks, rows, source):
    """Finds the reason of each block; @source gives the lines of a file.  Returns pairs of a
    block and its reason, if any, and the rows that none needed."""
    unused, pairs = set(rows), []
    for b in blocks:
        text = [" ".join(l.split()) for l in source(b.path)[b.first - 1:b.last]]
        fit = [r for r in rows if r[:2] == (b.path, b.function) and any(r[2] in l for l in text)]
        unused -= set(fit)
        pairs.append((b, fit[0][3] if fit else None))
    return pairs, [r for r in rows if r in unused and not r[3].startswith("sometimes")]


def table(rooms):
    """The rooms, and all of them, as lines of text; and the percentage of all."""
    all_, ran = (sum(column) for column in zip(*rooms.values()))
    out = ["%-12s %6s %6s %7s" % ("room", "lines", "ran", "percent")]
    for room, (n, r) in [*sorted(rooms.items()), ("all", (all_, ran))]:
        out.append("%-12s %6d %6d %7.1f" % (room, n, r, 100 * r / n))
    return out, 100 * ran / all_


def collect():
    """Adds up what all machines have sent; returns the counts and complaints."""
    counts, wrong = Counts(), []
    for path in sorted(glob.glob(LOGS)):
        try:
            wrong += gcov(base64.b64decode("".join(boot.read(path).split())), counts)
        except (ValueError, tarfile.TarError, EOFError) as e:
            wrong.append("%s: %s" % (os.path.relpath(path, boot.TOP), e))
    return counts, wrong


def forget():
    """Nothing of an earlier run counts."""
    for path in glob.glob(LOGS):
        os.unlink(path)


def report():
    """Prints it; returns whether all is well, and what is not."""
    counts, wrong = collect()
    if not counts.lines:
        return wrong + ["no machine has counted anything"]
    text, percent = table(counts.rooms())
    print("\n".join(text))
    pairs, unused = explain(counts.blocks(), reasons(boot.read(REASONS)),
                            lambda path: boot.read(os.path.join(boot.TOP, path)).splitlines())
    for block, why in pairs:
        print("%s: %s" % (block, why or "NO REASON"))
    if percent < LEAST:
        wrong.append("%.1f percent of the lines ran, at least %d are to" % (percent, LEAST))
    wrong += ["no reason: %s" % b for b, why in pairs if not why]
    wrong += ["it runs, or is gone: %s %s %s" % r[:3] for r in unused]
    return wrong


if __name__ == "__main__":
    complaints = report()
    for line in complaints:
        print("not ok " + line)
    sys.exit(bool(complaints))
