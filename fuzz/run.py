"""./dev fuzz: runs libFuzzer programs over the kept corpus. fuzz/README.md says where things lie."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "dev"))

import term  # noqa: E402

PROGRAMS = ROOT / "build" / "fuzz" / "fuzz"
KEPT = ROOT / "fuzz" / "corpus"
FOUND = ROOT / "build" / "fuzz" / "found"
DICTIONARIES = ROOT / "fuzz" / "dictionaries"
STATS = re.compile(r"stat::number_of_executed_units: (\d+)")


def fuzzers():
    """{name: source file}"""
    return {path.stem: path for path in sorted((ROOT / "src").rglob("*_fuzz.cc"))}


def command(name, seconds, jobs_dir):
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    argv = [PROGRAMS / name, found]
    if (KEPT / name).is_dir():
        argv.append(KEPT / name)
    argv += [f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1",
             "-verbosity=1", f"-artifact_prefix={jobs_dir}/"]
    dictionary = DICTIONARIES / f"{name}.dict"
    if dictionary.is_file():
        argv.append(f"-dict={dictionary}")
    return [str(a) for a in argv]


def fuzz_one(name, seconds):
    """(name, problem or "", what it did)"""
    crashes = ROOT / "build" / "fuzz" / "crashes" / name
    crashes.mkdir(parents=True, exist_ok=True)
    env = dict(os.environ, ASAN_OPTIONS="detect_stack_use_after_return=1:allocator_may_return_null=1",
               UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    if os.path.exists("/usr/bin/llvm-symbolizer-19"):
        env["ASAN_SYMBOLIZER_PATH"] = env["UBSAN_SYMBOLIZER_PATH"] = "/usr/bin/llvm-symbolizer-19"
    if not (PROGRAMS / name).is_file():
        return name, "not built", ""
    started = time.time()
    done = subprocess.run(command(name, seconds, crashes), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, env=env, cwd=ROOT)
    output = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        (crashes / "log").write_text(output)
        inputs = [p for p in crashes.iterdir() if p.name != "log" and p.stat().st_mtime >= started - 1]
        term.say("\n".join(output.splitlines()[-40:]))
        where = inputs[0].relative_to(ROOT) if inputs else (crashes / "log").relative_to(ROOT)
        return name, f"crashed; the input is {where}, try it with build/fuzz/fuzz/{name} {where}", ""
    executed = STATS.search(output)
    return name, "", f"{executed[1] if executed else '?'} inputs"


def keep(name):
    """Adds to the kept corpus what the found inputs cover beyond it."""
    if not (PROGRAMS / name).is_file() or not (FOUND / name).is_dir():
        return 0
    (KEPT / name).mkdir(parents=True, exist_ok=True)
    before = len(list((KEPT / name).iterdir()))
    fresh = FOUND / f"{name}.merge"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    subprocess.run([PROGRAMS / name, "-merge=1", "-max_len=4096", fresh, KEPT / name, FOUND / name], cwd=ROOT,
                   capture_output=True, check=True)
    for path in fresh.iterdir():
        shutil.copy(path, KEPT / name / path.name)
    shutil.rmtree(fresh)
    return len(list((KEPT / name).iterdir())) - before


def arguments(known):
    parser = argparse.ArgumentParser(
        prog="./dev fuzz", description="Fuzzes parsers under AddressSanitizer and UndefinedBehaviorSanitizer.",
        epilog="fuzzers: " + (", ".join(known) or "none"))
    parser.add_argument("names", nargs="*", metavar="NAME", help="which (default: all)")
    parser.add_argument("--seconds", type=int, default=60, metavar="N", help="for each (default 60)")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), metavar="N", help="at a time (default 2)")
    parser.add_argument("--keep", action="store_true", help="add what was found to fuzz/corpus (then commit it)")
    parser.add_argument("--list", action="store_true", help="name the fuzzers and end")
    parser.add_argument("--no-build", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for name in given.names:
        if name not in known:
            parser.error(f"there is no fuzzer '{name}'; there are {', '.join(known) or 'none'}")
    return given


def main():
    known = fuzzers()
    given = arguments(known)
    if given.list:
        for name, path in known.items():
            print(f"{name:24} {path.relative_to(ROOT)}")
        return 0
    names = given.names or list(known)
    if not given.no_build and subprocess.run(["./dev", "build", "fuzz", *names], cwd=ROOT).returncode != 0:
        return 1
    results = {}
    with ThreadPoolExecutor(max(1, given.jobs)) as pool:
        for name, problem, did in pool.map(lambda n: fuzz_one(n, given.seconds), names):
            results[name] = problem
            term.say(f"   {term.red('FAIL') if problem else term.green('ok  ')} {name}: {problem or did}")
    if given.keep:
        for name in names:
            term.say(f"   {name}: {keep(name)} inputs added to fuzz/corpus/{name}")
    if given.json:
        Path(given.json).write_text(json.dumps(results))
    return 1 if any(results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
