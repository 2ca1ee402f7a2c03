"""The checkers find what they are there for: each is shown a small tree with one thing wrong."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import clang  # noqa: E402
import layers  # noqa: E402
import lengths  # noqa: E402
import libraries  # noqa: E402
import source  # noqa: E402
import tree  # noqa: E402

CMAKE = """
turnpike_folder(base)
turnpike_folder(io USES base LIBRARIES Threads::Threads)
turnpike_folder(http USES base)
turnpike_folder(proxy USES io http)
"""


@pytest.fixture
def root(tmp_path):
    """make(name=text…) writes files of a small tree that git knows."""
    subprocess.run(["git", "init", "-q", tmp_path], check=True)

    def make(files):
        source.includes.cache_clear()
        for name, text in {"CMakeLists.txt": CMAKE, **files}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


def test_a_folder_may_use_what_it_names_and_what_that_uses(root):
    tree_root = root({"src/proxy/a.cc": '#include "base/a.h"\n#include "io/b.h"\n#include <vector>\n#include "proxy/c.h"\n'})
    assert layers.run(tree_root).findings == []


@pytest.mark.parametrize("name, include, line", [
    ("src/io/a.cc", '// no harm\n#include "http/message.h"\n', 2),    # beside it, not named
    ("src/base/a.h", '#include "proxy/worker.h"\n', 1),               # below it
    ("src/http/h1/a.h", '#  include "io/loop.h"\n', 1),               # from a folder in a folder
])
def test_a_bad_include_is_found_with_its_line(root, name, include, line):
    findings = layers.run(root({name: include})).findings
    assert len(findings) == 1 and findings[0].startswith(f"{name}:{line}: ")


def test_a_folder_without_a_line_and_a_line_that_uses_what_is_below_are_found(root):
    assert "no turnpike_folder line" in layers.run(root({"src/odd/a.cc": ""})).findings[0]
    assert "below it" in layers.run(root({"CMakeLists.txt": "turnpike_folder(a USES b)\nturnpike_folder(b)\n"})).findings[0]


def test_a_library_in_a_second_folder_is_found(root):
    findings = libraries.run(root({"src/resource/a.cc": "#include <yaml-cpp/yaml.h>\n",
                                   "src/proxy/a.cc": "#include <yaml-cpp/yaml.h>\n",
                                   "src/http/a_test.cc": "#include <http_parser.h>\n",
                                   "src/http/a.cc": "#include <http_parser.h>\n"})).findings
    assert [f.split(":")[0] for f in findings] == ["src/http/a.cc", "src/proxy/a.cc"]


def test_lengths_are_told_and_long_files_named(root):
    notes = lengths.run(root({"src/io/a.cc": "\n" * 501, "src/io/b.cc": "\n" * 10})).notes
    assert "2 files" in notes[0] and notes[1].startswith("src/io/a.cc: 501 lines")
    assert lengths.percentile(range(1, 101), 0.95) == 95


def test_the_tree_needs_a_licence_and_readmes_and_no_path_of_a_machine(root):
    tree_root = root({"src/io/a.cc": "", "docs/a.md": "see /home/" + "somebody/x\n", "docs/b.md": "/usr/bin/python3 /tmp/x\n"})
    assert tree.licence(tree_root).findings
    assert tree.readmes(tree_root).findings[0].startswith("src/io/README.md")
    assert [f.split(" ")[0] for f in tree.machine_paths(tree_root).findings] == ["docs/a.md:1:"]


def test_unformatted_files_are_found(root):
    tree_root = root({".clang-format": "BasedOnStyle: Google\n", "src/io/a.cc": "int  x ;\n", "src/io/b.cc": "int x;\n"})
    findings = clang.run_format(tree_root).findings
    assert len(findings) == 1 and findings[0].startswith("src/io/a.cc:1")


def test_what_a_file_includes_is_part_of_its_digest(root):
    tree_root = root({"src/io/a.cc": '#include "io/b.h"\n', "src/io/b.h": '#include "c.h"\n', "src/io/c.h": "int x;\n"})
    before = clang.Closure(tree_root)
    assert before.reach("src/io/a.cc") == {"src/io/a.cc", "src/io/b.h", "src/io/c.h"}
    first = before.digest("src/io/a.cc", "salt")
    (tree_root / "src/io/c.h").write_text("int y;\n")
    assert clang.Closure(tree_root).digest("src/io/a.cc", "salt") != first


def test_what_changed_is_known_with_what_is_not_committed(root):
    def git(where, *words):
        subprocess.run(["git", "-C", str(where), "-c", "user.name=a", "-c", "user.email=a@b", *words], check=True,
                       capture_output=True)
    tree_root = root({"src/io/a.cc": "", "src/io/b.cc": ""})
    git(tree_root, "add", ".")
    git(tree_root, "commit", "-qm", "one")
    assert clang.changed_files(tree_root) == (None, "")  # a first commit: everything is new
    (tree_root / "src/io/a.cc").write_text("int a;\n")
    git(tree_root, "commit", "-qam", "two")
    (tree_root / "src/io/b.cc").write_text("int b;\n")
    (tree_root / "src/io/c.cc").write_text("int c;\n")
    assert clang.changed_files(tree_root)[0] == {"src/io/a.cc", "src/io/b.cc", "src/io/c.cc"}
    # On a branch: all of it, back to where it left origin's.
    git(tree_root, "checkout", "-q", "--", ".")
    clone = tree_root / "clone"
    git(tree_root, "clone", "-q", str(tree_root), str(clone))
    for name in ("x.cc", "y.cc"):
        (clone / name).write_text("int i;\n")
        git(clone, "add", ".")
        git(clone, "commit", "-qm", name)
    assert clang.changed_files(clone)[0] == {"x.cc", "y.cc"}


def test_of_a_header_one_file_that_includes_it_is_looked_at(root):
    tree_root = root({"src/io/a.h": "", "src/io/a.cc": '#include "io/a.h"\n', "src/io/only.h": "",
                      "src/io/b.cc": '#include "io/only.h"\n', "src/io/c.cc": '#include "io/only.h"\n'})
    names = ["src/io/a.cc", "src/io/b.cc", "src/io/c.cc"]
    closure = clang.Closure(tree_root)
    assert clang.looked_at({"src/io/a.h"}, names, closure) == ["src/io/a.cc"]
    assert clang.looked_at({"src/io/only.h"}, names, closure) == ["src/io/b.cc"]
    assert clang.looked_at({"src/io/c.cc", "README.md"}, names, closure) == ["src/io/c.cc"]


def test_the_reference_page_is_compared_with_what_the_program_prints(root):
    tree_root = root({"turnpike": "#!/bin/sh\necho page\n", "docs/configuration.md": "page\n"})
    (tree_root / "turnpike").chmod(0o755)
    assert tree.reference(tree_root, tree_root / "turnpike").findings == []
    (tree_root / "docs/configuration.md").write_text("old\n")
    assert tree.reference(tree_root, tree_root / "turnpike").findings
