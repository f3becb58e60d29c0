#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Fail when a room depends on a room of equal or higher rank.

layers.py [TREE]              look at the #include lines
layers.py [TREE] --objects D  look at the symbols of the objects built in D:
                              what a room leaves undefined and another room
                              defines must come from a lower one
"""
import pathlib
import re
import subprocess
import sys


def ranks(root):
    lines = (root / "tests/lint/layers.txt").read_text().splitlines()
    return {room: int(rank) for room, rank in (l.split() for l in lines if l and l[0] != "#")}


def room_of(path):
    """The room a file belongs to, by its place: src/ROOM/..., src/ROOM.x, keyrings/ROOM[_*].h."""
    parts = path.parts
    if "src" in parts:
        below = parts[parts.index("src") + 1:]
        return below[0] if len(below) > 1 else path.name.split(".")[0]
    return path.stem.split("_")[0]


def check_includes(root, rank):
    bad = []
    files = sorted([*root.glob("src/**/*.[ch]"), *root.glob("include/keyrings/*.h")])
    for path in files:
        me, here = room_of(path.relative_to(root)), path.relative_to(root)
        if me not in rank:
            bad.append(f"{here}: no such room as {me} in layers.txt")
            continue
        for n, line in enumerate(path.read_text().splitlines(), 1):
            other = re.match(r'\s*#\s*include\s*[<"]keyrings/([^>"]+)\.h[>"]', line)
            local = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if other:
                it = other[1].split("_")[0]
                if it not in rank:
                    bad.append(f"{here}:{n}: no such room as {it} in layers.txt")
                elif it != me and rank[it] >= rank[me]:
                    bad.append(f"{here}:{n}: {me} ({rank[me]}) may not include {it} ({rank[it]})")
            elif local and not (path.parent / local[1]).resolve().is_relative_to(
                    path.parent.resolve()):
                bad.append(f"{here}:{n}: {local[1]} is in another room's folder")
    return files, bad


def symbols(path):
    """Defined and undefined symbols of an object."""
    out = subprocess.run(["nm", "-g", str(path)], check=True, stdout=subprocess.PIPE, text=True)
    defined, undefined = set(), set()
    for line in out.stdout.splitlines():
        *_, kind, name = line.split()
        (undefined if kind == "U" else defined).add(name)
    return defined, undefined


def check_objects(objects, rank):
    bad, home, wanted = [], {}, []
    paths = sorted(p for p in objects.glob("src/**/*.o"))
    for path in paths:
        me = room_of(path.relative_to(objects))
        if me not in rank:
            bad.append(f"{path.relative_to(objects)}: no such room as {me} in layers.txt")
            continue
        defined, undefined = symbols(path)
        home.update({name: me for name in defined})
        wanted += [(path.relative_to(objects), me, name) for name in sorted(undefined)]
    for path, me, name in wanted:
        it = home.get(name)
        if it and it != me and rank[it] >= rank[me]:
            bad.append(f"{path}: {me} ({rank[me]}) may not use {name} of {it} ({rank[it]})")
    return paths, bad


def main():
    args = sys.argv[1:]
    objects = None
    if "--objects" in args:
        at = args.index("--objects")
        objects = pathlib.Path(args[at + 1])
        del args[at:at + 2]
    root = pathlib.Path(args[0] if args else ".")
    rank = ranks(root)
    files, bad = check_objects(objects, rank) if objects else check_includes(root, rank)
    print("\n".join([*bad, f"layers: {len(files)} files, {len(bad)} violations"]))
    return bool(bad) or not files


if __name__ == "__main__":
    sys.exit(main())
