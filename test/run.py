#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run everything that `make test` promises and end with one line: N passed, N failed, N skipped.

usage: run.py [--make TARGET...] [--unit BIN...] [--fuzz BIN...] [--seconds N] [--pytest DIR...]

Each checker, each cmocka test, each fuzz target and each pytest item counts as one.  Output of what failed
is shown; logs of all are in out/test/.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

LOGS = "out/test"
JOBS = 2


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def run(cmd, log, timeout, env=None):
    """Exit status and output; a timeout is status 124."""
    try:
        p = subprocess.run(cmd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout,
                           stdin=subprocess.DEVNULL, env={**os.environ, **(env or {})})
        status, out = p.returncode, p.stdout
    except subprocess.TimeoutExpired as e:
        status, out = 124, (e.stdout or b"") + f"\ntimed out after {timeout} s\n".encode()
    text = out.decode(errors="replace")
    with open(os.path.join(LOGS, log), "w") as f:
        f.write(text)
    return status, text


def report(name, ok, seconds, text="", note=""):
    print(f"  {'ok  ' if ok else 'FAIL'} {name} ({seconds:.1f} s){' ' + note if note else ''}", flush=True)
    if not ok:
        print("\n".join("       " + line for line in text.splitlines()[-60:]), flush=True)


def check_one(target):
    t = time.time()
    status, text = run(["make", "--no-print-directory", target], f"make-{target}.log", 1500)
    return f"make {target}", status == 0, time.time() - t, text, (int(status == 0), int(status != 0), 0)


def unit_one(path):
    t = time.time()
    name = os.path.basename(path)
    status, text = run([path], name + ".log", 3600 if os.environ.get("CORACLE_SOAK") else 120, {"CMOCKA_MESSAGE_OUTPUT": "TAP"})
    passed = len(re.findall(r"^ok \d+", text, re.M))
    skipped = len(re.findall(r"^ok \d+.*# SKIP", text, re.M))
    failed = len(re.findall(r"^not ok \d+", text, re.M))
    summary = re.search(r"^\w+: (\d+) passed, (\d+) failed$", text, re.M)
    if summary:  # a runner of our own scripts counts them itself
        passed, failed = passed + int(summary[1]), failed + int(summary[2])
    if status and not failed:
        failed = 1  # a sanitizer ended it
    if not passed and not failed:
        failed = 1  # it ran no test
    return name, failed == 0, time.time() - t, text, (passed - skipped, failed, skipped)


def fuzz_one(path, seconds):
    t = time.time()
    name = os.path.basename(path)
    corpus = os.path.join("out/fuzz/corpus", name)
    os.makedirs(corpus, exist_ok=True)
    dirs = [corpus] + [d for d in [os.path.join("test/fuzz/corpus", name)] if os.path.isdir(d)]
    status, text = run([path, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
                        f"-artifact_prefix={LOGS}/{name}-", *dirs], name + ".log", seconds * 4 + 60)
    runs = re.search(r"Done (\d+) runs", text)
    ok = status == 0 and runs is not None
    return name, ok, time.time() - t, text, (int(ok), int(not ok), 0)


def in_parallel(items, fn, tally):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for name, ok, seconds, text, counts in pool.map(fn, items):
            report(name, ok, seconds, text, f"{sum(counts)} tests" if sum(counts) != 1 else "")
            tally.add(*counts)


def pytest_all(dirs, tally):
    xml = os.path.join(LOGS, "pytest.xml")
    if os.path.exists(xml):
        os.remove(xml)
    t = time.time()
    status = subprocess.run(["/usr/bin/python3", "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider",
                             f"--junitxml={xml}", *dirs], stdin=subprocess.DEVNULL).returncode
    if not os.path.exists(xml):
        report("pytest", False, time.time() - t, "pytest wrote no result")
        tally.add(failed=1)
        return
    suite = ET.parse(xml).getroot().find("testsuite")
    n, skipped = int(suite.get("tests")), int(suite.get("skipped"))
    failed = int(suite.get("failures")) + int(suite.get("errors"))
    if status not in (0, 1) and not failed:
        failed = 1
    tally.add(n - skipped - failed, failed, skipped)


def main():
    ap = argparse.ArgumentParser()
    for opt in ("unit", "fuzz", "make", "pytest"):
        ap.add_argument(f"--{opt}", nargs="*", default=[])
    ap.add_argument("--seconds", type=int, default=5)
    args = ap.parse_args()
    os.makedirs(LOGS, exist_ok=True)
    tally, start = Tally(), time.time()
    for target in args.make:
        name, ok, seconds, text, counts = check_one(target)
        report(name, ok, seconds, text)
        tally.add(*counts)
    in_parallel(args.unit, unit_one, tally)
    in_parallel(args.fuzz, lambda p: fuzz_one(p, args.seconds), tally)
    if args.pytest:
        pytest_all(args.pytest, tally)
    print(f"All tests took {time.time() - start:.0f} s.")
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
