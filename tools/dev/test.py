"""./dev test: everything that must hold before a change is pushed. CI runs the same."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import term

ROOT = Path(__file__).resolve().parent.parent.parent
JOBS = min(2, os.cpu_count() or 1)
SANITIZER_ENV = {
    "ASAN_OPTIONS": "abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1:halt_on_error=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}
SYMBOLIZER = "/usr/bin/llvm-symbolizer-19"


@dataclass
class Tally:
    passed: int = 0
    failed: list = field(default_factory=list)   # (name, what to look at)
    skipped: list = field(default_factory=list)  # (name, why)

    def fail(self, name, text=""):
        self.failed.append((name, text))

    def skip(self, name, why):
        self.skipped.append((name, why))


def environment(preset):
    env = dict(os.environ)
    if preset != "release":
        env.update(SANITIZER_ENV)
        if os.path.exists(SYMBOLIZER):
            for name in ("ASAN", "UBSAN", "TSAN"):
                env[f"{name}_SYMBOLIZER_PATH"] = SYMBOLIZER
    return env


# --- build ---------------------------------------------------------------------------------------------------------


def build(preset, targets, tally):
    """True if it was built. A failure is one failed test."""
    with term.Step(f"build {preset}"):
        done = subprocess.run(["./dev", "build", preset, *targets], cwd=ROOT, stdin=subprocess.DEVNULL,
                              stdout=sys.stderr)
    if done.returncode != 0:
        tally.fail(f"build {preset}", "it does not compile; the errors are above")
        return False
    tally.passed += 1
    return True


# --- the source ----------------------------------------------------------------------------------------------------


def check(quick, tally):
    with term.Step("check"), tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(["/usr/bin/python3", "tools/check/main.py", "--json", out.name, "--quick" if quick else "--changed"],
                       cwd=ROOT, stdin=subprocess.DEVNULL)
        try:
            results = json.load(open(out.name))
        except ValueError:
            tally.fail("check", "it broke off; what it said is above")
            return
    for name, result in results.items():
        if result["skipped"]:
            tally.skip(f"check {name}", result["skipped"])
        elif result["findings"]:
            tally.fail(f"check {name}", f"{len(result['findings'])} findings, see above")
        else:
            tally.passed += 1


# --- unit tests ----------------------------------------------------------------------------------------------------


def run_shard(job):
    program, shard, shards, pattern, env, out = job
    report = out / f"{program.name}.{shard}.json"
    env = dict(env, GTEST_TOTAL_SHARDS=str(shards), GTEST_SHARD_INDEX=str(shard), GTEST_COLOR="no")
    argv = [program, f"--gtest_output=json:{report}", "--gtest_brief=1"]
    if pattern:
        argv.append(f"--gtest_filter=*{pattern}*")
    try:
        done = subprocess.run(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=900)
        return program, report, done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired as late:
        return program, report, -1, (late.stdout or b"").decode(errors="replace") + "\nended after 900 s"


def count_unit(report, tally, prefix):
    """Adds up one gtest report; how many tests failed in it."""
    failures = 0
    for suite in json.loads(report.read_text()).get("testsuites", []):
        for case in suite.get("testsuite", []):
            name = f"{prefix}{case['classname']}.{case['name']}"
            if case.get("failures"):
                failures += 1
                tally.fail(name, case["failures"][0]["failure"])
            elif case.get("result") == "SKIPPED":
                messages = case.get("skipped") or [{}]
                tally.skip(name, messages[0].get("message", "").strip().splitlines()[-1:] or ["no reason given"])
            elif case.get("status") == "RUN":
                tally.passed += 1
    return failures


def unit(preset, pattern, tally):
    programs = sorted((ROOT / "build" / preset / "test").glob("*_test"))
    prefix = "" if preset == "release" else f"{preset}: "
    with term.Step(f"unit tests ({preset})") as step, tempfile.TemporaryDirectory() as folder:
        before = tally.passed
        jobs = [(p, s, JOBS, pattern, environment(preset), Path(folder)) for p in programs for s in range(JOBS)]
        with ThreadPoolExecutor(JOBS) as pool:
            for program, report, code, output in pool.map(run_shard, jobs):
                failures = count_unit(report, tally, prefix) if report.is_file() else 0
                if code != 0:
                    term.say(output)
                    if not failures:  # it crashed, or a sanitizer spoke after the last test
                        tally.fail(f"{prefix}{program.name}", f"ended with exit code {code}; what it said is above")
        step.note = f"{len(programs)} programs, {tally.passed - before} tests passed"


# --- end to end, and whatever else pytest drives ---------------------------------------------------------------------


def count_junit(report, tally, prefix):
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        where = case.get("classname", "").replace(".", "/")
        name = f"{prefix}{where}: {case.get('name')}" if where else f"{prefix}{case.get('name')}"
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        if problem is not None:
            tally.fail(name, (problem.get("message") or "").splitlines()[0][:200] if problem.get("message") else "")
        elif case.find("skipped") is not None:
            tally.skip(name, case.find("skipped").get("message", ""))
        else:
            tally.passed += 1


def pytest(title, paths, options, pattern, tally, prefix="", parallel=True, env=None):
    paths = [p for p in paths if (ROOT / p).exists()]
    if not paths:
        return
    with term.Step(title), tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        argv = ["/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=short",
                f"--junitxml={report}", *paths, *options]
        if parallel:
            argv += ["-n", str(2 * JOBS)]
        if pattern:
            argv += ["-k", pattern]
        done = subprocess.run(argv, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr)
        if report.is_file():
            count_junit(report, tally, prefix)
        elif done.returncode != 5:  # 5: nothing matched the filter
            tally.fail(title, f"pytest ended with exit code {done.returncode}")


def end_to_end(preset, pattern, tally):
    options = ["--binary", f"build/{preset}/turnpike"]
    if preset != "release":
        options += ["--slower", "4"]
    prefix = "" if preset == "release" else f"{preset}: "
    pytest(f"end to end ({preset})", ["tests/cli", "tests/e2e", "tests/conformance"], options, pattern, tally, prefix,
           env=environment(preset))
    # Counting and soaking want the machine for themselves.
    if preset == "release":
        pytest("soak, short", ["tests/soak"], options, pattern, tally, prefix, parallel=False)


# --- fuzzing -------------------------------------------------------------------------------------------------------


def fuzz(seconds, tally):
    with term.Step(f"fuzz each parser for {seconds} s"), tempfile.NamedTemporaryFile(suffix=".json") as out:
        subprocess.run(["/usr/bin/python3", "fuzz/run.py", "--seconds", str(seconds), "--no-build", "--json", out.name],
                       cwd=ROOT, stdin=subprocess.DEVNULL)
        try:
            results = json.load(open(out.name))
        except ValueError:
            tally.fail("fuzz", "it broke off; what it said is above")
            return
    for name, problem in results.items():
        if problem:
            tally.fail(f"fuzz {name}", problem)
        else:
            tally.passed += 1


# -------------------------------------------------------------------------------------------------------------------


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev test",
        description="Builds and runs everything: check, unit tests, end-to-end and conformance tests, the same under "
                    "AddressSanitizer and UndefinedBehaviorSanitizer, and a short fuzz of each parser. "
                    "The last line is 'N passed, N failed, N skipped'; the exit code is 1 if anything failed.")
    parser.add_argument("filter", nargs="?", default="", metavar="FILTER",
                        help="only tests with this in their names (no check, no fuzzing)")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--asan", action="store_true", help="only the ASan+UBSan build: unit and end to end")
    which.add_argument("--tsan", action="store_true", help="only the ThreadSanitizer build: unit and end to end")
    which.add_argument("--quick", action="store_true", help="the release build only; no clang-tidy, no fuzzing")
    parser.add_argument("--fuzz-seconds", type=int, default=5, metavar="N", help="per parser (default 5)")
    return parser.parse_args()


def run(given, tally):
    pattern = given.filter
    presets = ["asan"] if given.asan else ["tsan"] if given.tsan else ["release"]
    whole = not (given.asan or given.tsan or given.quick or pattern)
    if presets == ["release"] and not pattern:
        # The tree is checked before the long part, and again counts nothing: what clang-tidy knows is remembered.
        pytest("tools", ["tools"], [], "", tally, parallel=False)
    for preset in presets + (["asan"] if whole else []):
        if not build(preset, [], tally):
            continue
        if preset == "release" and not pattern:
            check(given.quick, tally)
        unit(preset, pattern, tally)
        end_to_end(preset, pattern, tally)
    if whole and build("fuzz", [], tally):
        fuzz(given.fuzz_seconds, tally)


def main():
    given = arguments()
    tally = Tally()
    run(given, tally)
    for name, why in tally.skipped:
        term.say(f"{term.yellow('skipped')} {name}: {''.join(why)}")
    for name, text in tally.failed:
        term.say(f"{term.red('FAILED')}  {name}{': ' + text.strip().splitlines()[0] if text.strip() else ''}")
    if not tally.passed and not tally.failed:
        tally.fail("nothing ran")
        term.say(f"no test has '{given.filter}' in its name")
    sys.stderr.flush()
    print(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped", flush=True)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
