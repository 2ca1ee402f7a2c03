"""./dev test adds up what the suites report; a suite that breaks off must never count as passed."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import test as dev_test  # noqa: E402


def test_gtest_reports_are_added_up(tmp_path):
    report = tmp_path / "r.json"
    case = {"classname": "A", "status": "RUN", "result": "COMPLETED"}
    report.write_text(json.dumps({"testsuites": [{"testsuite": [
        {**case, "name": "good"},
        {**case, "name": "bad", "failures": [{"failure": "a.cc:1\nexpected"}]},
        {**case, "name": "left", "result": "SKIPPED", "skipped": [{"message": "\nno corpora"}]},
        {**case, "name": "other shard", "status": "NOTRUN", "result": "SUPPRESSED"},
    ]}]}))
    tally = dev_test.Tally()
    assert dev_test.count_unit(report, tally, "asan: ") == 1
    assert tally.passed == 1
    assert tally.failed == [("asan: A.bad", "a.cc:1\nexpected")]
    assert [name for name, _ in tally.skipped] == ["asan: A.left"]


def test_junit_reports_are_added_up(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text('<testsuites><testsuite><testcase classname="e2e.a" name="good"/>'
                      '<testcase classname="e2e.a" name="bad"><failure message="step 1: no"/></testcase>'
                      '<testcase classname="e2e.a" name="broken"><error message="setup"/></testcase>'
                      '<testcase classname="e2e.a" name="left"><skipped message="why"/></testcase></testsuite></testsuites>')
    tally = dev_test.Tally()
    dev_test.count_junit(report, tally, "")
    assert tally.passed == 1 and len(tally.failed) == 2 and tally.skipped == [("e2e/a: left", "why")]


def test_a_program_that_crashes_counts_as_failed(tmp_path, monkeypatch):
    programs = tmp_path / "build/release/test"
    programs.mkdir(parents=True)
    program = programs / "io_test"
    program.write_text("#!/bin/sh\nkill -SEGV $$\n")
    program.chmod(0o755)
    monkeypatch.setattr(dev_test, "ROOT", tmp_path)
    tally = dev_test.Tally()
    dev_test.unit("release", "", tally)
    assert tally.passed == 0 and tally.failed and all(name == "io_test" for name, _ in tally.failed)
