#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run one shell command, or a shell, in a kernel under QEMU.

  tests/vm/run.sh --kernel 6.12 --add FILE:DEST --cmd 'shell command'
  tests/vm/run.sh --kernel 6.1 --module build/.../keyrings.ko --shell

The command's output goes to standard output and its exit status is ours.
A script whose last line is a pipe or a long list is better added as a file.
"""
import argparse
import os
import shutil
import sys

import boot

EPILOG = """exit status: that of the command; 124 it took too long; 125 the machine never came up;
126 the kernel died (the end of its log is printed).  VM_ACCEL=kvm uses KVM instead of emulation."""


def parse():
    p = argparse.ArgumentParser(prog="run.sh", description=__doc__, epilog=EPILOG,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kernel", default="6.12", help="6.1, 6.12 (default), or one of kernel.sh: 6.12-debug, ...")
    p.add_argument("--cmd", help="shell command to run as root in the guest")
    p.add_argument("--shell", action="store_true", help="a shell on this terminal instead")
    p.add_argument("--module", action="append", default=[], metavar="KO",
                   help="insmod this first; waits until its livepatch is through")
    p.add_argument("--add", action="append", default=[], metavar="FILE:DEST",
                   help="put a file or folder into the guest; programs bring their libraries")
    p.add_argument("--stock", default="", metavar="NAMES",
                   help="modules of the stock kernel, with what they need, as /vm/stock/*.ko in the "
                   "order of /vm/stock/ORDER; a kernel of kernel.sh has none")
    p.add_argument("--smp", type=int, default=2)
    p.add_argument("--mem", type=int, default=512, help="MiB")
    p.add_argument("--icount", action="store_true",
                   help="deterministic: one CPU, guest nanoseconds are instructions")
    p.add_argument("--seed", type=int, default=1, help="for --icount")
    p.add_argument("--shift", type=int, help="the guest's clock counts instructions, 2^N ns each; "
                   "what waits costs no time")
    p.add_argument("--tpm", action="store_true", help="with a TPM")
    p.add_argument("--append", default="", help="more kernel arguments")
    p.add_argument("--timeout", type=int, default=120, help="seconds")
    p.add_argument("--keep", metavar="DIR", help="leave the console and results logs there")
    p.add_argument("--console", action="store_true", help="print the kernel's console at the end")
    p.add_argument("--multi", action="store_true",
                   help="threaded emulation; crashes guests that load livepatches")
    a = p.parse_args()
    if bool(a.cmd) == a.shell:
        p.error("give one of --cmd and --shell")
    for path in a.module + [pair.partition(":")[0] for pair in a.add]:
        if not os.path.exists(path):
            p.error("there is no " + path)
    return a


def archive(a):
    lines = boot.insmod_lines(a.module)
    if a.shell:
        lines += [*boot.tty_lines(), "cd /root; exec sh -i"]
    else:
        lines.append(a.cmd)
    ar = boot.base_archive("\n".join(lines) + "\n", tty=a.shell)
    for m in a.module:
        ar.file(m, "/vm/mod/" + os.path.basename(m))
    for pair in a.add:
        source, _, dest = pair.partition(":")
        ar.file(source, dest or "/" + os.path.basename(source))
    if a.stock and not boot.is_built(a.kernel):
        folder = boot.stock_modules(a.kernel, a.stock.split(), "run.%d" % os.getpid())
        ar.file(folder, "/vm/stock")
        shutil.rmtree(folder)
    return ar


def main():
    a = parse()
    boot.fetch("tools", "build", "vm")
    machine = dict(smp=a.smp, mem=a.mem, icount=a.icount, seed=a.seed, append=a.append, shift=a.shift,
                   tpm=a.tpm, thread="multi" if a.multi else "single")
    if a.shell:
        return boot.boot(a.kernel, archive(a), 86400, tty=True, keep=a.keep, **machine).status
    r = boot.boot_retry(a.kernel, lambda: archive(a), a.timeout, live=sys.stdout, keep=a.keep,
                        **machine)
    bad = r.dirty()
    if a.console:
        sys.stderr.write(r.console)
    elif bad or r.status in (boot.NO_START, boot.DIED, boot.TIMEOUT):
        for line in r.console.splitlines()[-60:]:
            print("console: " + line, file=sys.stderr)
    if bad:
        print("vm: the kernel log is not clean (%d lines), first: %s" % (len(bad), bad[0]),
              file=sys.stderr)
    return r.status


if __name__ == "__main__":
    sys.exit(main())
