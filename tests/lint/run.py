#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""run.py TREE [--kernel-doc SCRIPT] [--only NAME]: all checks of the tree's text.

Prints "ok NAME" or "not ok NAME" for each, what is wrong above it, and exits
with the number of failures.
"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def checks(tree, kernel_doc):
    py = [sys.executable, "-B"]
    style = os.path.join(HERE, "style.py")
    rules = subprocess.run([*py, style, "--rules"], check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split()
    table = [("layers", [*py, os.path.join(HERE, "layers.py"), tree]),
             ("docpaths", [*py, os.path.join(HERE, "docpaths.py"), tree])]
    table += [(rule, [*py, style, tree, rule]) for rule in rules]
    if kernel_doc:
        table.append(("kernel-doc", [os.path.join(HERE, "kerneldoc.sh"), tree, kernel_doc]))
    return table


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("tree")
    p.add_argument("--kernel-doc")
    p.add_argument("--only")
    a = p.parse_args()
    failed = 0
    for name, cmd in checks(a.tree, a.kernel_doc):
        if a.only and name != a.only:
            continue
        r = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False)
        if r.returncode or name == "lengths":
            print("\n".join("  " + l for l in r.stdout.splitlines()))
        print(("not ok " if r.returncode else "ok ") + name)
        failed += bool(r.returncode)
    return min(failed, 100)


if __name__ == "__main__":
    sys.exit(main())
