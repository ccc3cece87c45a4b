# SPDX-License-Identifier: Apache-2.0
linux-y :=
linux-y += linux/clone.c
linux-y += linux/crash.c
linux-y += linux/exit.c
linux-y += linux/fault.c
linux-y += linux/process.c
linux-y += linux/rseq.c
linux-y += linux/sigcalls.c
linux-y += linux/sigdeliver.c
linux-y += linux/signal.c
linux-y += linux/signame.c
linux-y += linux/sigqueue.c
linux-y += linux/syscall.c
