"""pytest collects the YAML files of tests/e2e and tests/conformance as tests; ./dev test runs them."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from harness.scenario import Scenario, StepFailed, read_tests  # noqa: E402
from harness.strict import Wrong  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--binary", default="build/release/turnpike", help="the gateway under test")
    parser.addoption("--slower", type=float, default=1.0, help="factor for time limits: sanitizers, slow machines")
    parser.addoption("--long", action="store_true", help="run soak tests at full length")


def binary_of(config):
    path = Path(config.getoption("--binary"))
    return (path if path.is_absolute() else ROOT / path).resolve()


def pytest_configure(config):
    if not hasattr(config, "workerinput") and not config.option.collectonly and not binary_of(config).is_file():
        raise pytest.UsageError(f"{binary_of(config)} is not there: run ./dev build")


def pytest_collect_file(parent, file_path):
    if file_path.suffix == ".yaml" and {"e2e", "conformance"} & set(file_path.parts):
        return YamlFile.from_parent(parent, path=file_path)
    return None


class YamlFile(pytest.File):
    def collect(self):
        for name, spec in read_tests(self.path).items():
            yield YamlTest.from_parent(self, name=name, spec=spec)


class YamlTest(pytest.Item):
    def __init__(self, spec, **rest):
        super().__init__(**rest)
        self.spec = spec

    def runtest(self):
        if self.spec.get("skip"):
            pytest.skip(self.spec["skip"])
        with Scenario(self.spec, binary_of(self.config), self.config.getoption("--slower")) as scenario:
            scenario.run()

    def repr_failure(self, excinfo, style=None):
        if excinfo.errisinstance((StepFailed, Wrong)):
            return f"{self.path.relative_to(ROOT)}: {self.name}\n{excinfo.value}"
        return super().repr_failure(excinfo, style="short")

    def reportinfo(self):
        return self.path, 0, self.name


@pytest.fixture
def scenario(request):
    """scenario(spec, prefix=()) makes a Scenario around the binary under test: `with scenario({...}) as s:`."""
    def make(spec, prefix=()):
        return Scenario(spec, binary_of(request.config), request.config.getoption("--slower"), prefix)
    return make


@pytest.fixture
def slower(request):
    return request.config.getoption("--slower")


@pytest.fixture
def long_run(request):
    return request.config.getoption("--long")


@pytest.fixture
def corpora():
    """Folder of test data that others published; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("TURNPIKE_CORPORA") or ROOT.parent / "shared" / "corpora")
    if not folder.is_dir():
        pytest.skip(f"the corpora are not at {folder}; set TURNPIKE_CORPORA")
    return folder
