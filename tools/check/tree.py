"""The tree as a whole: the licence, a README in each folder, no path of one machine, generated pages up to date."""

import re
import subprocess
from pathlib import Path

from result import Result
from source import tracked

# Home folders and build machines; /tmp and /usr are the same everywhere.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:home|Users|work|root|farm)/[\w.-]+|/tmp/bash_jobs")
# This file writes the pattern down, its test uses it; a container's own paths are not a machine's.
MAY_NAME_PATHS = ("tools/check/",)
BINARY = (".png", ".ico", ".gz", ".bin")


def licence(root):
    path = Path(root) / "LICENSE"
    if not path.is_file():
        return Result(["LICENSE: missing; the project is under Apache-2.0"])
    if "Apache License" not in path.read_text():
        return Result(["LICENSE:1: not the Apache License 2.0"])
    return Result()


def readmes(root):
    findings = []
    for folder in sorted({name.split("/")[1] for name in tracked(root, "src/*") if name.count("/") >= 2}):
        if not (Path(root) / "src" / folder / "README.md").is_file():
            findings.append(f"src/{folder}/README.md: missing; say what the folder is for, where to start reading, "
                            "what always holds, and what is not in it")
    return Result(findings)


def machine_paths(root):
    findings = []
    for name in tracked(root):
        if name.startswith(MAY_NAME_PATHS) or name.startswith("fuzz/corpus/") or name.endswith(BINARY):
            continue
        for number, line in enumerate((Path(root) / name).read_text(errors="replace").splitlines(), 1):
            if match := MACHINE_PATH.search(line):
                findings.append(f"{name}:{number}: '{match[0]}' is a path of one machine")
    return Result(findings)


def reference(root, binary=None):
    """docs/configuration.md is what `turnpike reference` prints."""
    root = Path(root)
    binary = Path(binary) if binary else root / "build/release/turnpike"
    page = root / "docs/configuration.md"
    if not binary.is_file():
        return Result(skipped="build/release/turnpike is not built")
    done = subprocess.run([binary, "reference"], capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout:
        return Result(skipped="this turnpike has no 'reference' subcommand")
    if not page.is_file() or page.read_text() != done.stdout:
        return Result(["docs/configuration.md: out of date; run "
                       "build/release/turnpike reference > docs/configuration.md"])
    return Result()
