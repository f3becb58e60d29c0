#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fail when a document names a file or folder of this tree that is not there.

Looked at: README.md, Documentation/ and every README.md below tests/.  A path
is a word that begins with one of the top-level folders; * and <words>
match anything.  Other trees' paths are written with their tree in front
(linux/Documentation/...) and are left alone.
"""
import pathlib
import re
import sys

PATH = re.compile(r"(?<![\w/.<>-])((?:src|include|tests|Documentation|\.ci)/[\w.*<>{},/+-]*)")


def expand(pattern):
    """a/{b,c}.d -> a/b.d a/c.d; <x> -> *."""
    pattern = re.sub(r"<[^>]*>", "*", pattern)
    m = re.search(r"\{([^{}]*)\}", pattern)
    if not m:
        return [pattern]
    return [p for alt in m[1].split(",")
            for p in expand(pattern[:m.start()] + alt + pattern[m.end():])]


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".")
    docs = sorted(p for pattern in ("README.md", "Documentation/**/*", "tests/**/README.md")
                  for p in root.glob(pattern) if p.suffix in (".md", ".rst", ".txt"))
    bad = named = 0
    for doc in docs:
        for n, line in enumerate(doc.read_text().splitlines(), 1):
            for word in PATH.findall(line):
                word = word.rstrip(".,*" if not word.endswith(("/*", "*.c", "*.h")) else ".,")
                for path in expand(word.rstrip("/")):
                    named += 1
                    if not list(root.glob(path)):
                        print(f"{doc.relative_to(root)}:{n}: there is no {path}")
                        bad += 1
    print(f"docpaths: {len(docs)} documents, {named} paths named, {bad} missing")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main())
