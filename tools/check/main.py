"""./dev check: everything about the source that is not a test. tools/README.md lists the checks."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent / "dev")]

import clang  # noqa: E402
import layers  # noqa: E402
import lengths  # noqa: E402
import libraries  # noqa: E402
import term  # noqa: E402
import tree  # noqa: E402

# name -> (what it asks for, the checker, whether --quick leaves it out)
CHECKS = {
    "format": ("C++ is formatted", clang.run_format, False),
    "layers": ("folders include only what stands above them", layers.run, False),
    "libraries": ("each external library in one folder", libraries.run, False),
    "lengths": ("file lengths", lengths.run, False),
    "licence": ("LICENSE is there", tree.licence, False),
    "readmes": ("each folder of src/ has a README.md", tree.readmes, False),
    "paths": ("no path of one machine", tree.machine_paths, False),
    "reference": ("docs/configuration.md is up to date", tree.reference, False),
    "tidy": ("clang-tidy finds nothing", clang.run_tidy, True),
}


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev check", description="Checks the source without running tests. Exit code 1 if anything is found.",
        epilog="checks: " + "; ".join(f"{n} ({what})" for n, (what, _, _) in CHECKS.items()))
    parser.add_argument("checks", nargs="*", metavar="CHECK", help="only these (default: all)")
    parser.add_argument("--quick", action="store_true", help="without clang-tidy")
    parser.add_argument("--deep", action="store_true", help="clang-tidy with the path-sensitive analyzer: twice as long")
    parser.add_argument("--changed", action="store_true",
                        help="clang-tidy only where something changed since origin's main branch, or the last commit")
    parser.add_argument("--json", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    for name in given.checks:
        if name not in CHECKS:
            parser.error(f"there is no check '{name}'; there are {', '.join(CHECKS)}")
    return given


def configured():
    """clang-tidy wants the compile commands of an up-to-date release build tree."""
    if not (ROOT / "build/release/compile_commands.json").is_file():
        subprocess.run(["./dev", "build", "release", "build.ninja"], cwd=ROOT, capture_output=True)


def main():
    given = arguments()
    names = given.checks or [n for n in CHECKS if not (given.quick and CHECKS[n][2])]
    results = {}
    for name in names:
        what, checker, _ = CHECKS[name]
        if name == "tidy":
            configured()
            last = [0]

            def progress(text):
                if sys.stderr.isatty():
                    print(f"\r   {text}", end="", file=sys.stderr, flush=True)
                    last[0] = len(text) + 3

            result = checker(ROOT, progress, given.deep, given.changed)
            if last[0]:
                print("\r" + " " * last[0] + "\r", end="", file=sys.stderr)
        else:
            result = checker(ROOT)
        results[name] = result
        mark = term.yellow("skip") if result.skipped else term.green("ok  ") if result.ok else term.red("FAIL")
        term.say(f"   {mark} {name}: {what}{' (' + result.skipped + ')' if result.skipped else ''}")
        for line in result.notes:
            term.say(f"        {line}")
        for line in result.findings:
            term.say(f"        {line}")
    if given.json:
        Path(given.json).write_text(json.dumps({n: {"findings": r.findings, "skipped": r.skipped}
                                                for n, r in results.items()}))
    return 1 if any(not r.ok for r in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
