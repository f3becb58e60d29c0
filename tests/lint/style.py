#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a reader of the tree may rely on, one rule a function.

style.py TREE RULE     check one rule; style.py --rules lists them
"""
import os
import pathlib
import re
import subprocess
import sys

NO_HEADER = re.compile(r"^LICENSE$|\.json$|\.count$|\.skip$")


def tree_files(root):
    """Files git has or would take; without git, all but build/."""
    if (root / ".git").exists():
        out = subprocess.run(["git", "-c", "safe.directory=*", "-C", str(root), "ls-files", "-co", "--exclude-standard"],
                             check=True, stdout=subprocess.PIPE, text=True).stdout
        names = out.splitlines()
    else:
        names = [str(p.relative_to(root)) for p in root.rglob("*")
                 if p.is_file() and p.relative_to(root).parts[0] != "build"]
    return sorted(n for n in names if (root / n).is_file())


def lines_of(root, name):
    return (root / name).read_text(errors="replace").splitlines()


def code_only(text):
    """The text without comments and strings, line by line as long as before."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def kernel_code(root):
    return [n for n in tree_files(root)
            if n.startswith(("src/", "include/")) and n.endswith((".c", ".h"))]


def spdx(root):
    """Every file opens with the licence."""
    for name in tree_files(root):
        if NO_HEADER.search(name) or os.path.getsize(root / name) == 0:
            continue
        head = lines_of(root, name)[:2]
        if not any("SPDX-License-Identifier: GPL-2.0-only" in l for l in head):
            yield name, 1, "no SPDX-License-Identifier: GPL-2.0-only in the first two lines"


def versions(root):
    """Kernel versions are known to the compat room only."""
    word = re.compile(r"\b(LINUX_VERSION_CODE|KERNEL_VERSION|linux/version\.h)\b")
    for name in kernel_code(root):
        if name.startswith("src/compat/") or name == "include/keyrings/compat.h":
            continue
        for n, line in enumerate(lines_of(root, name), 1):
            if word.search(line):
                yield name, n, "kernel version outside the compat room"


def bugs(root):
    """The impossible is a WARN_ON_ONCE and an errno, never a BUG."""
    for name in kernel_code(root):
        for n, line in enumerate(code_only((root / name).read_text()).splitlines(), 1):
            if re.search(r"\b(BUG|BUG_ON|panic)\s*\(", line):
                yield name, n, "BUG or panic"


def unfinished(root):
    """No notes to self in what is committed."""
    note = re.compile(r"\b(TO" "DO|FIX" "ME|X" "XX)\\b")
    for name in tree_files(root):
        for n, line in enumerate(lines_of(root, name), 1):
            if note.search(line):
                yield name, n, "unfinished: " + note.search(line)[1]


def whitespace(root):
    """No blanks at ends of lines, and a newline at the end of the file."""
    for name in tree_files(root):
        text = (root / name).read_text(errors="replace")
        if name == "LICENSE" or not text:
            continue
        for n, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield name, n, "blanks at the end of the line"
        if not text.endswith("\n"):
            yield name, text.count("\n") + 1, "no newline at the end of the file"


def places(root):
    """The tree names no machine's folders."""
    place = re.compile(r"(?<![\w.])/(?:wo" "rk|home|root|mnt)/\\w|\\.\\./sha" "red")
    for name in tree_files(root):
        for n, line in enumerate(lines_of(root, name), 1):
            if place.search(line):
                yield name, n, "a path of somebody's machine: " + place.search(line)[0]


def basenames(root):
    """File names are unique in src/: a name says which file."""
    seen = {}
    for name in kernel_code(root):
        if not name.startswith("src/"):
            continue
        base = os.path.basename(name)
        if base in seen:
            yield name, 1, f"{seen[base]} has the same name"
        seen[base] = name


def functions(root, name):
    """(line, name, length) of the functions of a file in kernel style."""
    lines = lines_of(root, name)
    start = None
    for n, line in enumerate(lines, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            head = " ".join(lines[max(0, start - 6):start - 1])
            names = re.findall(r"(\w+)\s*\(", head)
            names = [x for x in names if x not in ("__must_hold", "__acquires", "__releases",
                                                   "__printf", "sizeof", "container_of")]
            yield start, names[-1] if names else "?", n - start - 1
            start = None


def lengths(root):
    """Never fails: prints the long functions, for the reader to judge."""
    lengths_ = sorted(((length, name, n, fn) for name in kernel_code(root)
                       for n, fn, length in functions(root, name)), reverse=True)
    if lengths_:
        print("functions: %d, median %d lines, 95 %% at most %d" % (
            len(lengths_), lengths_[len(lengths_) // 2][0], lengths_[len(lengths_) // 20][0]))
    for length, name, n, fn in lengths_:
        if length > 60:
            print(f"{name}:{n}: {fn} has {length} lines")
    return iter(())


def locks(root):
    """A comment that says the caller holds a lock stands above an assertion."""
    claim = re.compile(r"[Cc]allers? (?:must )?holds? [^.]*?(?:lock|mutex|semaphore|\bRCU\b)", re.S)
    for name in kernel_code(root):
        if not name.endswith(".c"):
            continue
        text = (root / name).read_text()
        for m in re.finditer(r"/\*.*?\*/\n(?=\w)", text, re.S):
            said = claim.search(re.sub(r"\s*\n\s*\*\s*", " ", m[0]))
            if not said or re.match(r"[^.;]*\bor\b", said.string[said.end():]):
                continue
            body = re.match(r"[^;{]*\{(.*?)\n\}", text[m.end():], re.S)
            if body and not re.search(r"lockdep_assert|RCU_LOCKDEP_WARN|rcu_dereference_protected|"
                                      r"_assert_held|lockdep_is_held", body[1]):
                yield name, text.count("\n", 0, m.end()) + 1, "says the caller holds a lock, " \
                    "asserts nothing"


LONGEST = 600


def sizes(root):
    """A file that is longer is about two things."""
    for name in kernel_code(root):
        n = len(lines_of(root, name))
        if n > LONGEST:
            yield name, n, f"has {n} lines, {LONGEST} are enough for one noun"


TABLES = "Documentation/userspace-api/"
SPECIAL = re.compile(r"(ours|cve|fix)_\w")


def named_tests(text, looks_like=SPECIAL):
    """(line, fixture or None, test) for each ``fixture.test``, and each name like a test's."""
    for m in re.finditer(r"``(?:([a-z_]+)(?:\.\*)?\.)?([a-z][a-z0-9_]*)``", text):
        if m[1] and m[2] != "c" or looks_like.match(m[2]):
            yield text.count("\n", 0, m.start()) + 1, m[1], m[2]


def all_tests(root):
    """The fixtures, or suites, of each test, and the files of those that programs have."""
    have, files = {}, {}
    programs = [root / "tests" / folder for folder in ("selftests", "inkernel")]
    for path in sorted(p for folder in programs for p in folder.glob("*.c")):
        for m in re.finditer(r"^TEST_F(?:_TIMEOUT)?\((\w+), (\w+)", path.read_text(), re.M):
            have.setdefault(m[2], set()).add(m[1])
            files[m[2]] = path.name
    for path in sorted((root / "tests/kunit").glob("*.c")):
        text = path.read_text()
        for test in re.findall(r"\bKUNIT_CASE\w*\((\w+)", text):
            have.setdefault(test, set()).update(re.findall(r'\.name\s*=\s*"(kr_\w+)"', text))
    return have, files


def is_test(have, fixture, test):
    if fixture in (None, "fixture"):
        return bool(fixture) or test in have
    return fixture in have.get(test, ())


SECURITY = "Documentation/design/security.rst"
SEVERAL_WORDS = re.compile(r"(?!big_key$|gc_delay$)[a-z0-9]+_\w")
SYSCTLS = "kernel"


def security(root):
    """Each name of several words in there is that of a test that exists, or listed above."""
    path = root / SECURITY
    have = all_tests(root)[0]
    for n, fixture, test in named_tests(path.read_text() if path.exists() else "", SEVERAL_WORDS):
        if fixture != SYSCTLS and not is_test(have, fixture, test):
            yield SECURITY, n, "no such test: " + test


def tests(root):
    """The tables name tests that exist, and all tests that are about what is in a table."""
    have, files = all_tests(root)
    named, whole = set(), set()
    for path in sorted((root / TABLES).glob("*.rst")):
        text = path.read_text()
        whole |= set(re.findall(r"all of ``(\w+\.c)``", text))
        for n, fixture, test in named_tests(text):
            named.add(test)
            if not is_test(have, fixture, test):
                yield str(path.relative_to(root)), n, "no such test: " + test
    for test, name in sorted(files.items()):
        if SPECIAL.match(test) and test not in named and name not in whole:
            yield "tests/selftests/" + name, 1, test + " is in no table of " + TABLES


def table_rows(root, name):
    """(line, section, cells) for each row of the simple tables of a document."""
    lines, rows, section, borders = lines_of(root, name), [], "", 0
    for n, line in enumerate(lines, 1):
        if re.fullmatch(r"=+( +=+)+", line):
            borders = (borders + 1) % 3
            starts = [m.start() for m in re.finditer(r"=+", line)] + [None]
        elif re.fullmatch(r"=+|-+", line) and n > 1:
            section = lines[n - 2]
        elif borders == 2 and line.strip():
            cells = [line[a:b].strip() for a, b in zip(starts, starts[1:])]
            if cells[0]:
                rows.append((n, section, cells))
            else:
                rows[-1][2][:] = [(a + " " + b).strip() for a, b in zip(rows[-1][2], cells)]
    return rows


LOCKING = "Documentation/design/locking.rst"


def aims(root):
    """At each lock, each barrier and each thing that RCU guards a test aims that exists."""
    if not (root / LOCKING).exists():
        return
    rows, have = table_rows(root, LOCKING), all_tests(root)[0]
    guards = "The locks", "What RCU guards", "Barriers and their partners"
    aims_at, ends = "What races at it", "What ends while it is used"
    for section in (*guards, aims_at, ends):
        if section not in {s for _, s, _ in rows}:
            yield LOCKING, 1, "no table below " + section
    aimed = {}      # two locks of one name have two rows
    for n, section, cells in rows:
        if section == aims_at:
            aimed.setdefault(cells[0], []).append(n)
    for n, section, cells in rows:
        if section in guards:
            if aimed.get(cells[0]):
                aimed[cells[0]].pop()
            else:
                yield LOCKING, n, "no test aims at " + cells[0]
        elif section in (aims_at, ends):
            named = list(named_tests(cells[-1]))
            if not named:
                yield LOCKING, n, "no test is named for " + cells[0]
            for _, fixture, test in named:
                if not is_test(have, fixture, test):
                    yield LOCKING, n, "no such test: " + test
    for name, left in aimed.items():
        for n in left:
            yield LOCKING, n, "there is no " + name


def barriers(root):
    """Each function with a barrier is in the table of those, whoever its partner is."""
    if not (root / LOCKING).exists():
        return
    told = set()
    for _, section, cells in table_rows(root, LOCKING):
        if section == "Barriers and their partners":
            told.update(re.findall(r"``(\w+)\(\)``", " ".join(cells)))
    for name in kernel_code(root):
        function = ""
        for n, line in enumerate(code_only((root / name).read_text()).splitlines(), 1):
            opens = re.match(r"\w.*?(\w+)\(", line)
            function = opens[1] if opens else function
            if re.search(r"\bsmp_\w+\(", line) and function not in told:
                yield name, n, f"{LOCKING} says nothing of the barrier in {function}()"


def differences(root):
    """Each row of the oracle's table of differences names the row that explains it."""
    table, rst = "tests/oracle/differences.tbl", "Documentation/userspace-api/differences.rst"
    if not (root / table).exists():
        return
    explained = set()
    for m in re.finditer(r"^   \* - (.*(?:\n       .*)*)", (root / rst).read_text(), re.M):
        explained.add(" ".join(m[1].split()))
    for n, line in enumerate(lines_of(root, table), 1):
        if line.strip() and not line.startswith("#"):
            named = line.split("|")[-1].strip()
            if named not in explained:
                yield table, n, f"{rst} has no row: {named}"


RULES = {f.__name__: f for f in (spdx, versions, bugs, unfinished, whitespace, places, basenames,
                                 locks, sizes, tests, security, aims, barriers,
                                 differences, lengths)}


def main():
    if sys.argv[1:] == ["--rules"]:
        print("\n".join(RULES))
        return 0
    root, rule = pathlib.Path(sys.argv[1]), sys.argv[2]
    bad = 0
    for name, n, what in RULES[rule](root):
        print(f"{name}:{n}: {what}")
        bad += 1
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
