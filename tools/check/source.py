"""The C++ files of the tree and what they include."""

import functools
import re
import subprocess
from pathlib import Path

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def tracked(root, *patterns):
    """Files that git knows or would add, relative to root, in order."""
    out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "--", *patterns],
                         capture_output=True, text=True, check=True).stdout
    return sorted(name for name in set(out.splitlines()) if (Path(root) / name).is_file())


def cpp_files(root):
    return tracked(root, "*.cc", "*.h")


@functools.lru_cache(maxsize=None)
def includes(path):
    """(line, "<" or '"', name) for each #include of a file."""
    text = Path(path).read_text(errors="replace")
    return [(text.count("\n", 0, m.start()) + 1, m[1], m[2]) for m in INCLUDE.finditer(text)]
