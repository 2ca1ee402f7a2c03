"""clang-format and clang-tidy. What clang-tidy found clean is remembered by content, so an unchanged file is free."""

import hashlib
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from result import Result
from source import cpp_files, includes

FORMAT = "clang-format-19"
TIDY = "clang-tidy-19"
JOBS = min(2, os.cpu_count() or 1)


def run_format(root):
    files = cpp_files(root)
    findings = []
    for start in range(0, len(files), 200):
        done = subprocess.run([FORMAT, "--dry-run", "--Werror", "-ferror-limit=1", *files[start:start + 200]],
                              cwd=root, capture_output=True, text=True)
        if done.returncode != 0:
            findings += [line.replace("code should be clang-formatted", "not formatted: run ./dev fmt")
                         for line in done.stderr.splitlines() if ": error:" in line]
    return Result(sorted(set(findings)))


class Closure:
    """A digest of a file with everything of ours that it includes."""

    def __init__(self, root):
        self.root = Path(root)
        self.files = {}

    def reach(self, name):
        """Names of all files of ours that `name` includes, itself too."""
        seen, todo = set(), [name]
        while todo:
            one = todo.pop()
            if one in seen:
                continue
            seen.add(one)
            folder = Path(one).parent
            for _, _, target in includes(str(self.root / one)):
                for candidate in (folder / target, Path("src") / target):
                    if (self.root / candidate).is_file():
                        todo.append(os.path.normpath(candidate))
                        break
        return seen

    def digest(self, name, salt):
        total = hashlib.sha256(salt.encode())
        for one in sorted(self.reach(name)):
            if one not in self.files:
                self.files[one] = hashlib.sha256((self.root / one).read_bytes()).hexdigest()
            total.update(f"{one} {self.files[one]}\n".encode())
        return total.hexdigest()


def compile_commands(root, preset="release"):
    path = Path(root) / "build" / preset / "compile_commands.json"
    if not path.is_file():
        return None
    return {os.path.relpath(e["file"], root): e.get("command", "") for e in json.loads(path.read_text())}


def tidy_cache(root, keep=4000):
    """Where clean files are remembered: with the user, as ccache does, so that a fresh clone starts warm."""
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    cache = Path(home) / "turnpike" / "tidy"
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:  # a user without a home
        cache = Path(root) / "build" / "tidy"
        cache.mkdir(parents=True, exist_ok=True)
    entries = list(cache.iterdir())
    if len(entries) > keep:
        for old in sorted(entries, key=lambda e: e.stat().st_mtime)[:len(entries) - keep // 2]:
            old.unlink(missing_ok=True)
    return cache


def changed_files(root):
    """(names that differ from what others have, of which commit): the branch's work and what is not committed yet. On the
    main branch itself that is the last commit. (None, "") where there is nothing to compare with."""
    def git(*words):
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""
    head = git("rev-parse", "HEAD")
    base = git("merge-base", "HEAD", "origin/HEAD")
    if not base or base == head:
        base = git("rev-parse", "--verify", "HEAD~1")
    if not base:
        return None, ""
    names = git("diff", "--name-only", base).splitlines() + git("ls-files", "-o", "--exclude-standard").splitlines()
    return set(names), base[:8]


def looked_at(changed, names, closure):
    """Of `names` those that show what changed: the files themselves, and for a header the file of its name or else one that
    includes it."""
    chosen = {n for n in names if n in changed}
    for header in sorted(n for n in changed if n.endswith(".h")):
        own = header[:-2] + ".cc"
        includers = [own] if own in names else [n for n in names if header in closure.reach(n)][:1]
        chosen.update(includers)
    return [n for n in names if n in chosen]


def run_tidy(root, progress=lambda text: None, deep=False, changed_only=False):
    """`deep` adds the path-sensitive clang-analyzer checks, which take as long as all the others together. `changed_only`:
    what changed_files() names is judged, and nothing else."""
    root = Path(root)
    checks = [] if deep else ["--checks=-clang-analyzer-*"]
    commands = compile_commands(root)
    if commands is None:
        return Result(skipped="build/release is not configured")
    version = subprocess.run([TIDY, "--version"], capture_output=True, text=True).stdout
    config = (root / ".clang-tidy").read_text()
    cache = tidy_cache(root)
    closure = Closure(root)
    # Tests and benchmarks are held to the compiler's warnings only: their macros are not ours.
    names = [n for n in cpp_files(root) if n.startswith("src/") and n.endswith(".cc") and n in commands
             and not n.endswith(("_test.cc", "_bench.cc", "_fuzz.cc"))]
    whole, since, changed = len(names), "", None
    if changed_only:
        changed, since = changed_files(root)
        if changed is None:
            return Result(skipped="no commit to compare with (a shallow clone?); ./dev check looks at all files")
        names = looked_at(changed, names, closure)
    todo = []
    for name in names:
        # Where the tree lies does not matter, so that a fresh clone can use the cache of another.
        digest = closure.digest(name, version + config + str(checks) + commands[name].replace(str(root), ""))
        if not (cache / digest).exists():
            todo.append((name, digest))
    findings, done_count = [], 0

    def one(item):
        name, digest = item
        done = subprocess.run([TIDY, "-p", "build/release", "--quiet", *checks, name], cwd=root, capture_output=True, text=True)
        lines = [line.replace(f"{root}/", "") for line in done.stdout.splitlines()
                 if ": error:" in line or ": warning:" in line]
        if done.returncode == 0 and not lines:
            (cache / digest).touch()
        return lines or ([] if done.returncode == 0 else [f"{name}:1: clang-tidy failed: {done.stderr[-300:].strip()}"])

    with ThreadPoolExecutor(JOBS) as pool:
        for lines in pool.map(one, todo):
            done_count += 1
            findings += lines
            progress(f"clang-tidy {done_count}/{len(todo)}")
    if changed is not None:  # what stood in an includer before is not this change's business
        findings = [line for line in findings if line.split(":")[0] in changed]
    scope = f"{len(names)} of {whole} files, which changed since {since}" if len(names) < whole else f"{whole} files"
    return Result(sorted(set(findings)), [f"{scope}; {len(names) - len(todo)} known to be clean"])
