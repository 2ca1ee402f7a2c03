"""A folder of src/ includes only itself and what its line in CMakeLists.txt USES, directly or through others.

The order of the turnpike_folder lines is the architecture (docs/principles.md): a folder may use only folders that
stand above it."""

import re
from pathlib import Path

from result import Result
from source import cpp_files, includes

LINE = re.compile(r"^\s*turnpike_folder\((\w+)([^)]*)\)", re.M)


def parse_folders(cmake):
    """{folder: [folders it names in USES]}, in the order of the file."""
    folders = {}
    for match in LINE.finditer(cmake):
        words = match[2].split()
        uses = []
        if "USES" in words:
            for word in words[words.index("USES") + 1:]:
                if word in ("LIBRARIES", "ORACLES"):
                    break
                uses.append(word)
        folders[match[1]] = uses
    return folders


def allowed(folders):
    """({folder: all it may include, itself too}, findings about the lines themselves)."""
    findings, closure = [], {}
    for name, uses in folders.items():
        seen = {name}
        for other in uses:
            if other not in closure:
                findings.append(f"CMakeLists.txt: {name} USES {other}, which stands below it or nowhere")
                continue
            seen |= closure[other]
        closure[name] = seen
    return closure, findings


def run(root):
    root = Path(root)
    folders = parse_folders((root / "CMakeLists.txt").read_text())
    closure, findings = allowed(folders)
    for name in cpp_files(root):
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3:
            continue
        folder = parts[1]
        if folder not in folders:
            findings.append(f"{name}:1: folder src/{folder} has no turnpike_folder line in CMakeLists.txt")
            continue
        for line, _, target in includes(str(root / name)):
            other = target.split("/")[0]
            if "/" in target and other in folders and other not in closure[folder]:
                findings.append(f"{name}:{line}: {folder} must not include \"{target}\": "
                                f"{folder} may use {', '.join(f for f in folders if f in closure[folder])}")
    return Result(findings)
