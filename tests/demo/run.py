#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The show of `make run`: boots a stock kernel with keyrings.ko at hand.

With a terminal on standard input it leaves the user in a shell in that
machine; else it powers off.  The exit status is 0 if every step of the show
did what it says."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "vm"))
import boot     # noqa: E402


def archive(ko, tty):
    lines = boot.tty_lines() if tty else []
    lines.append("sh /vm/show.sh; status=$?")
    if tty:
        lines.append("sh /vm/shell.sh")
    lines.append("exit $status")
    a = boot.base_archive("\n".join(lines) + "\n", tty=tty)
    a.file(ko, "/keyrings.ko")
    a.file(boot.compile_static(os.path.join(HERE, "lend.c")), "/bin/lend")
    for script in ("show.sh", "shell.sh"):
        a.file(os.path.join(HERE, script), "/vm/" + script)
    return a


def main():
    kernel, ko = sys.argv[1:]
    tty = sys.stdin.isatty()
    # The machine writes to the terminal itself; otherwise its output is copied.
    r = boot.boot_retry(kernel, lambda: archive(ko, tty), 86400 if tty else 180, tty=tty,
                        live=None if tty else sys.stdout)
    bad = r.dirty()
    if r.status in (boot.NO_START, boot.DIED, boot.TIMEOUT) or bad:
        print("\n".join(r.console.splitlines()[-40:]))
        print("run: the machine did not get to its end, or its kernel complained; above is "
              "the end of the kernel's log")
        return r.status or 1
    return r.status


if __name__ == "__main__":
    sys.exit(main())
