#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Boot a kernel in QEMU and run one shell script in it.

A kernel is named by its series, 6.1 or 6.12, which is Debian's stock one, or by
series and flavour, as 6.12-debug, which is built here (kernel.sh).

Everything the machine needs is in its initramfs: busybox, keyctl, process 1
(init.c) and what the caller adds, so it has no disk and no modules to load.
The kernel's console and the results go to two serial ports and never mix.
"""
import contextlib
import lzma
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
import time

import kcsan

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(TOP, "build")

# What must not be in the log of a kernel that is well.
DIRTY = re.compile(r"BUG:|WARNING:|Call Trace|Oops|Kernel panic|possible recursive|"
                   r"suspicious RCU|refcount_t|general protection|stalls? on CPU|"
                   r"soft lockup|blocked for more than|UBSAN:|KASAN:|Unable to handle|"
                   r"\bBUG \S+ \(|Object already free|non-static key")

# A cache of ours for which there was no memory: the kernel says from where it was to be
# made. Only what makes allocations fail gets there.
NO_CACHE = re.compile(r"kmem_cache_create\w*\(kr_\w+\) failed with error -")

# Without these features kernel and C library fill and copy memory word by word; the
# emulator takes as long for a byte.  Instructions are counted on the full one.
EMULATED_CPU = "max,-erms,-fsrm"

# Timed out, died before /vm/run started, died after.
TIMEOUT, NO_START, DIED = 124, 125, 126


def fetch(*args):
    """Runs fetch.sh, returns what it printed."""
    return subprocess.run([os.path.join(HERE, "fetch.sh"), *args], check=True,
                          stdout=subprocess.PIPE, text=True).stdout.strip()


def is_built(kernel):
    """Built here, not Debian's own?"""
    return "-" in kernel


def image(kernel):
    """The file to boot."""
    if is_built(kernel):
        out = subprocess.run([os.path.join(HERE, "kernel.sh"), kernel], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return out.split()[1]
    return fetch("image", kernel).split(" ", 1)[1]


class Archive:
    """A cpio archive (format newc) built up in memory."""

    def __init__(self):
        self.parts = []
        self.seen = set()
        self.ino = 1

    def _entry(self, path, mode, data=b"", rdev=(0, 0)):
        name = path.lstrip("/")
        if name and name != "TRAILER!!!":
            parent = os.path.dirname(name)
            if parent and parent not in self.seen:
                self.dir("/" + parent)
            if name in self.seen and stat.S_ISDIR(mode):
                return
            self.seen.add(name)
        raw = name.encode() + b"\0"
        fields = (self.ino, mode, 0, 0, 1, 0, len(data), 0, 0, rdev[0], rdev[1], len(raw), 0)
        head = b"070701" + b"".join(b"%08x" % f for f in fields)
        self.ino += 1
        self.parts.append(head + raw + b"\0" * (-(len(head) + len(raw)) % 4))
        self.parts.append(data + b"\0" * (-len(data) % 4))

    def dir(self, path, mode=0o755):
        self._entry(path, stat.S_IFDIR | mode)

    def text(self, path, text, mode=0o644):
        self._entry(path, stat.S_IFREG | mode, text.encode())

    def link(self, path, target):
        self._entry(path, stat.S_IFLNK | 0o777, target.encode())

    def node(self, path, major, minor):
        self._entry(path, stat.S_IFCHR | 0o600, b"", (major, minor))

    def file(self, source, path):
        """A file or a whole tree of them; programs bring their libraries."""
        if os.path.isdir(source):
            self.dir(path)
            for name in sorted(os.listdir(source)):
                self.file(os.path.join(source, name), os.path.join(path, name))
            return
        with open(source, "rb") as f:
            data = f.read()
        self._entry(path, stat.S_IFREG | stat.S_IMODE(os.stat(source).st_mode), data)
        if data[:4] == b"\x7fELF" and os.access(source, os.X_OK):
            self._libraries(source)

    def _libraries(self, program):
        out = subprocess.run(["ldd", program], stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True, check=False).stdout
        for lib in re.findall(r"(?:=> |^\s*)(/\S+) \(0x", out, re.M):
            if lib.lstrip("/") not in self.seen:
                self.file(os.path.realpath(lib), lib)

    def write(self, path):
        self._entry("TRAILER!!!", 0)
        with open(path, "wb") as f:
            f.write(b"".join(self.parts))


def compile_static(source, out=None):
    """Compiles a one-file helper statically below build/vm, when it changed."""
    out = out or os.path.join(BUILD, "vm", "bin",
                              os.path.splitext(os.path.basename(source))[0])
    if not os.path.exists(out) or os.path.getmtime(out) < os.path.getmtime(source):
        os.makedirs(os.path.dirname(out), exist_ok=True)
        tmp = "%s.%d" % (out, threading.get_native_id())
        if subprocess.run(["gcc", "-static", "-O2", "-Wall", "-Wextra", "-Werror",
                           "-o", tmp, source], check=False).returncode:
            sys.exit("vm: %s does not compile" % source)
        os.rename(tmp, out)
    return out


def stock_modules(kernel, names, suite):
    """Unpacks modules of a stock kernel, and those that they need, into a folder for the suite,
    which it returns.
    Its file ORDER names them in the order of loading, and leaves out what is built in."""
    release, vmlinuz = fetch("image", kernel).split(" ", 1)
    tree = os.path.join(os.path.dirname(os.path.dirname(vmlinuz)), "lib/modules", release)
    packed = {}
    for folder, _, files in os.walk(tree):
        for f in files:
            m = re.match(r"(.*)\.ko(\.xz)?$", f)
            if m:
                packed[m[1].replace("-", "_")] = os.path.join(folder, f)
    out = os.path.join(BUILD, "vm", "stock", release, suite)
    shutil.rmtree(out, ignore_errors=True)
    os.makedirs(out)
    order = []

    def unpack(name):
        if name in order or name not in packed:
            return
        with (lzma.open if packed[name].endswith(".xz") else open)(packed[name], "rb") as f:
            data = f.read()
        for need in re.search(rb"\0depends=([^\0]*)\0", data)[1].decode().split(","):
            unpack(need.replace("-", "_"))
        order.append(name)
        with open(os.path.join(out, name + ".ko"), "wb") as f:
            f.write(data)

    for name in names:
        unpack(name.replace("-", "_"))
    with open(os.path.join(out, "ORDER"), "w") as f:
        f.write("".join(name + "\n" for name in order))
    return out


PASSWD = """root:x:0:0:root:/root:/bin/sh
alice:x:1000:1000:Alice:/tmp:/bin/sh
bob:x:1001:1001:Bob:/tmp:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
"""
GROUP = """root:x:0:
alice:x:1000:
bob:x:1001:
nogroup:x:65534:
"""


def base_archive(script, tty=False):
    """The guest: busybox, keyctl, init and @script as /vm/run."""
    a = Archive()
    for d in ("/dev", "/proc", "/sys", "/root", "/etc", "/vm", "/usr/bin", "/usr/sbin"):
        a.dir(d)
    a.dir("/tmp", 0o1777)
    a.node("/dev/console", 5, 1)
    a.node("/dev/null", 1, 3)
    a.file(compile_static(os.path.join(HERE, "init.c")), "/init")
    busybox = shutil.which("busybox")
    a.file(os.path.realpath(busybox), "/bin/busybox")
    for applet in subprocess.run([busybox, "--list-full"], stdout=subprocess.PIPE, check=True,
                                 text=True).stdout.split():
        if applet.lstrip("/") not in a.seen and applet not in ("bin/busybox", "init"):
            a.link("/" + applet, "/bin/busybox")
    a.file(compile_static(os.path.join(HERE, "setuidgid.c")), "/bin/setuidgid")
    a.file(shutil.which("keyctl"), "/usr/bin/keyctl")
    a.text("/etc/passwd", PASSWD)
    a.text("/etc/group", GROUP)
    a.text("/etc/hosts", "127.0.0.1 localhost\n")
    if tty:
        a.text("/vm/tty", "")
    a.text("/vm/run", script, 0o755)
    return a


def qemu_command(vmlinuz, initrd, console, results, smp=2, mem=512, icount=False, append="",
                 seed=1, thread="single", tty=False, shift=None, sockets=False, counts=None):
    """@results is the file the runner reads: that of the second port, or, with @tty, of the
    third, the second being our own terminal.  @counts is that of the third, where a kernel that
    counts lines sends what it has counted.  @sockets: the kernel has no ACPI and finds one
    processor in each socket."""
    words = ["console=ttyS0,115200", "quiet", "rdinit=/init", "log_buf_len=4M", "no_hash_pointers",
             "panic_on_warn=1", "oops=panic", "panic=-1", "softlockup_panic=1",
             "watchdog_thresh=60", "rcupdate.rcu_cpu_stall_timeout=150",
             "random.trust_cpu=on", "mitigations=off", "no_timer_check"]
    cmd = ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
           "-net", "none", "-m", str(mem), "-kernel", vmlinuz, "-initrd", initrd,
           "-serial", "file:" + console]
    if os.environ.get("VM_ACCEL") == "kvm" and not icount:
        cmd += ["-accel", "kvm", "-cpu", "host"]
    else:
        cmd += ["-accel", "tcg,thread=" + thread, "-cpu", "max" if icount else EMULATED_CPU]
    if shift is not None:
        cmd += ["-icount", "shift=%d,sleep=off" % shift]
    if icount:
        smp = 1
        cmd += ["-icount", "shift=0,sleep=off", "-seed", str(seed),
                "-rtc", "base=2026-01-01,clock=vm"]
        words += ["nokaslr", "norandmaps"]
    cmd += ["-smp", "%d,sockets=%d" % (smp, smp) if sockets else str(smp)]
    if tty:
        cmd += ["-chardev", "stdio,id=term,signal=off", "-serial", "chardev:term"]
    cmd += ["-serial", "file:" + results]
    if counts:
        cmd += ["-serial", "file:" + counts]
    return cmd + ["-append", " ".join(words + shlex.split(append))]


@contextlib.contextmanager
def emulated_tpm():
    """A TPM for one machine: what QEMU is to be told of it, and the kernel, which has no ACPI to
    find it by."""
    fetch("tools", "tpm")
    with tempfile.TemporaryDirectory(prefix="tpm-") as folder:
        sock = os.path.join(folder, "sock")
        with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder,
                               "--ctrl", "type=unixio,path=" + sock],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tpm:
            try:
                until = time.monotonic() + 20
                while not os.path.exists(sock) and tpm.poll() is None and time.monotonic() < until:
                    time.sleep(0.1)
                yield (["-chardev", "socket,id=tpm,path=" + sock,
                        "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"],
                       " tpm_tis.force=1 tpm_tis.interrupts=0")
            finally:
                tpm.terminate()


# Seconds until something must have started in the machine: with a stock kernel, with one of ours.
START_PATIENCE, START_PATIENCE_BUILT = 300, 900


class Result:
    """What came of one boot."""

    def __init__(self, status, output, console, started):
        self.status, self.output, self.console, self.started = status, output, console, started

    def dirty(self, around=(0, 0)):
        """The kernel log's bad lines, with as many before and after each as asked for,
        and the data races that are ours."""
        rest, ours, _ = kcsan.split(self.console)
        bad = [n for n, l in enumerate(rest) if DIRTY.search(l) and not
               ("Call Trace" in l and any(NO_CACHE.search(m) for m in rest[max(n - 3, 0):n]))]
        shown = sorted({m for n in bad for m in range(n - around[0], n + around[1] + 1)
                        if 0 <= m < len(rest)})
        return [rest[n] for n in shown] + [l for report in ours for l in report]

    def races(self):
        """How many data races of the kernel's own KCSAN has seen."""
        return kcsan.split(self.console)[2]


def read(path):
    try:
        with open(path, errors="replace") as f:
            return f.read().replace("\r\n", "\n")
    except FileNotFoundError:
        return ""


def follow(path, done, sink):
    """Copies what /vm/run writes to @sink while it is being written."""
    pos, pending, started = 0, "", False
    while True:
        last = done.is_set()
        try:
            with open(path, errors="replace") as f:
                f.seek(pos)
                pending += f.read()
                pos = f.tell()
        except FileNotFoundError:
            pass
        if not started and "@@vm start\n" in pending:
            pending = pending.split("@@vm start\n", 1)[1]
            started = True
        if started:
            cut = len(pending) if last else pending.rfind("\n") + 1
            text = re.sub(r"\n?@@vm exit \d+\n", "", pending[:cut])
            # The newline before the closing line is init's; hold it back.
            if not last and text.endswith("\n\n"):
                cut -= 1
                text = text[:-1]
            sink.write(text)
            sink.flush()
            pending = pending[cut:]
        if last:
            return
        time.sleep(0.1)


def status_of(results, console, code):
    """What one boot came to, by its output and QEMU's exit status: a Result."""
    text, log = read(results), read(console)
    started = "@@vm start\n" in text
    end = re.search(r"\n?@@vm exit (\d+)\n", text)
    if end:
        status = int(end[1])
        text = text[:end.start()]
    elif not started:
        status = NO_START
    else:
        status = TIMEOUT if code in (124, 137) else DIED
    return Result(status, text.split("@@vm start\n", 1)[-1] if started else "", log, started)


def run_qemu(cmd, results, tty, patience):
    """Runs it to its end, but not for long when nothing starts in it: now and then a machine
    of an emulator hangs in the firmware or early in the kernel.  Its exit status."""
    with subprocess.Popen(cmd, stdin=None if tty else subprocess.DEVNULL,
                          stderr=None if tty else subprocess.DEVNULL) as qemu:
        until = time.monotonic() + patience
        while qemu.poll() is None and "@@vm start\n" not in read(results):
            if time.monotonic() > until:
                qemu.terminate()
                break
            time.sleep(0.2)
        return qemu.wait()


def boot(kernel, archive, timeout=120, live=None, keep=None, tty=False, coverage=False, tpm=False,
         append="", **machine):
    """Boots once.  @live is a stream for the output as it comes, @keep a folder for the two
    logs, and with @coverage for what the machine has counted; with @tty the output, and input,
    is our terminal's; with @tpm the machine has one."""
    vmlinuz = image(kernel)
    os.makedirs(os.path.join(BUILD, "vm"), exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=os.path.join(BUILD, "vm")) as work, \
            emulated_tpm() if tpm else contextlib.nullcontext(([], "")) as (device, words):
        console, results = os.path.join(work, "console"), os.path.join(work, "results")
        initrd, counts = os.path.join(work, "initrd"), os.path.join(work, "coverage")
        archive.write(initrd)
        cmd = qemu_command(vmlinuz, initrd, console, results, tty=tty, sockets=is_built(kernel),
                           counts=counts if coverage else None, append=append + words,
                           **machine) + device
        done = threading.Event()
        reader = threading.Thread(target=follow, args=(results, done, live))
        if live:
            reader.start()
        code = run_qemu(["timeout", "--foreground", "-k", "5", str(timeout), *cmd], results, tty,
                        START_PATIENCE_BUILT if is_built(kernel) else START_PATIENCE)
        done.set()
        if live:
            reader.join()
        if keep:
            os.makedirs(keep, exist_ok=True)
            for path in (console, results, counts):
                if os.path.exists(path):
                    shutil.copy(path, keep)
        return status_of(results, console, code)


def boot_retry(kernel, archive_of, timeout=120, **kw):
    """Boots; again, at most twice, when the machine died before /vm/run began.
    @archive_of makes the archive, for each boot anew."""
    for tries in 2, 1, 0:
        r = boot(kernel, archive_of(), timeout, **kw)
        if r.started or not tries:
            return r
        print("vm: the %s machine died before anything ran in it; one more try" % kernel,
              file=sys.stderr)
        for line in r.console.splitlines()[-15:]:
            print("vm: | " + line, file=sys.stderr)


def tty_lines():
    """Shell lines that tell the guest how big our terminal is."""
    size = shutil.get_terminal_size()
    return ["stty rows %d cols %d" % (size.lines, size.columns),
            "export TERM=%s" % shlex.quote(os.environ.get("TERM", "vt100"))]


def insmod_lines(modules):
    """Shell lines that load modules, and wait for a livepatch to be through."""
    lines = []
    for path in modules:
        name = os.path.basename(path)[:-3].replace("-", "_")
        lines.append('insmod /vm/mod/%s || { echo "vm: insmod %s failed"; dmesg | tail -n 20; exit 127; }'
                     % (os.path.basename(path), os.path.basename(path)))
        t = "/sys/kernel/livepatch/%s/transition" % name
        lines.append('while [ "$(cat %s 2>/dev/null)" = 1 ]; do usleep 50000; done' % t)
    return lines
