# SPDX-License-Identifier: GPL-2.0-only
#
# The things to do with this tree; `make help` lists them.  How the module is
# composed is in Kbuild.  Nothing is built in the tree itself: sources are
# mirrored below build/, one folder for each kernel and flavour.

KERNEL ?= 6.12
JOBS ?= 2

BUILD := tests/vm/build.sh
CHECK := tests/vm/check.sh

ifdef KDIR
kernel := -d $(KDIR)
else ifdef KVER
kernel := -r $(KVER)
else
kernel := -k $(KERNEL)
endif

.DEFAULT_GOAL := modules
.PHONY: modules run check check-debug check-debug-y coverage lint builds sparse kunit \
	selftests builtin races loads faults load-cycle load-soak fuzz oracle inkernel keyutils \
	clients limits soak bench clean help

modules:
	@out=$$($(BUILD) $(kernel) module) && echo "built $${out#$(CURDIR)/}"

run:
	@tests/demo/run.sh -k $(KERNEL)

check:
	@JOBS=$(JOBS) $(CHECK) all

check-debug:
	@JOBS=$(JOBS) $(CHECK) debug

check-debug-y:
	@KERNELS=6.12-debug JOBS=$(JOBS) $(CHECK) kunit selftests races loads faults oracle

coverage:
	@JOBS=$(JOBS) $(CHECK) coverage

lint builds sparse kunit selftests builtin races loads faults load-cycle load-soak fuzz oracle \
inkernel keyutils clients limits:
	@JOBS=$(JOBS) $(CHECK) $@

soak:
	@tests/oracle/soak.sh

bench:
	@tests/bench/run.sh

clean:
	rm -rf build

help:
	@echo 'make              build keyrings.ko for the stock Debian kernel $(KERNEL)'
	@echo '                  KERNEL=6.1   for the other stock kernel'
	@echo '                  KVER=...     for a release, as uname -r prints it'
	@echo '                  KDIR=...     for a kernel build folder'
	@echo 'make run          see it work, in a virtual machine'
	@echo 'make check        all tests: the following, on both stock kernels'
	@echo '  lint builds sparse kunit selftests races loads load-cycle fuzz oracle'
	@echo '  inkernel'
	@echo 'make check-debug  the same suites on kernels built to find mistakes: KASAN and'
	@echo '                  lockdep, with and without CONFIG_KEYS, and KCSAN'
	@echo 'make check-debug-y  a part of that, with CONFIG_KEYS'
	@echo 'make builtin      the selftests on the built-in service, without the module'
	@echo 'make faults       each allocation and each copy made to fail, on the KASAN kernel'
	@echo 'make coverage     which lines the suites run, and why the others are not run'
	@echo 'make inkernel     users of keys inside the kernel, on both subsystems'
	@echo 'make fuzz         hostile calls: CALLS=1000000 SEED=7 TIMEOUT=7200 KERNELS=6.12-debug'
	@echo 'make soak         random calls from fresh seeds on both subsystems: SEEDS=200'
	@echo 'make keyutils     the tests that keyutils brings, on both subsystems'
	@echo 'make clients      Kerberos, PAM, stress-ng, systemd, cryptsetup, on both subsystems'
	@echo 'make load-soak    load and unload 200 times under use; hours where it is emulated'
	@echo 'make limits       a million keys, 10 000 sessions, no memory left: some minutes'
	@echo 'make bench        count instructions per operation, built-in against ours'
	@echo 'make clean        remove build/, downloads included'
	@echo
	@echo 'KERNELS="6.1 6.12-debug" runs tests on these kernels only.'
	@echo 'Missing packages are installed with apt.  JOBS=1 runs one virtual'
	@echo 'machine at a time, VERBOSE=1 shows the compiler at work.'
