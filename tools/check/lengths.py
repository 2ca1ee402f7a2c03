"""File lengths: the 95th percentile, and each file above 500 lines by name. Lengths are shown, they do not fail."""

import math
from pathlib import Path

from result import Result
from source import cpp_files

LONG = 500


def percentile(values, share):
    """The smallest value that at least `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def run(root):
    lengths = {n: len((Path(root) / n).read_text(errors="replace").splitlines())
               for n in cpp_files(root) if n.startswith("src/")}
    notes = [f"{len(lengths)} files of C++ in src/, {sum(lengths.values())} lines; "
             f"95 of 100 files have at most {percentile(lengths.values(), 0.95)} lines"]
    for name, lines in sorted(lengths.items(), key=lambda item: -item[1]):
        if lines > LONG:
            notes.append(f"{name}: {lines} lines, more than {LONG}: cut it or give the reason")
    return Result([], notes)
