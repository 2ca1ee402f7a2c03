"""The units in packaging/systemd are such that systemd takes them and finds little to expose."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNITS = ROOT / "packaging" / "systemd"


def analyze(*args, cwd):
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    return subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, cwd=cwd, timeout=60)


@pytest.fixture
def units(request, tmp_path):
    """The folder of the units, with the program under test in the place of /usr/bin/turnpike."""
    binary = ROOT / request.config.getoption("--binary")
    for unit in UNITS.iterdir():
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/turnpike", str(binary.resolve())))
    return tmp_path


def test_systemd_has_nothing_to_complain_of(units):
    done = analyze("verify", "--man=no", "./turnpike.service", "./turnpike.socket", cwd=units)
    ours = [line for line in done.stderr.splitlines() if "turnpike" in line]
    assert ours == [] and done.returncode == 0, done.stderr


def test_the_service_is_exposed_to_little(units):
    done = analyze("security", "--offline=true", "--no-pager", "./turnpike.service", cwd=units)
    level = re.search(r"Overall exposure level for turnpike.service: ([\d.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= 2.0


def test_its_options_exist(request):
    """The command line of the unit is one that the program takes."""
    text = (UNITS / "turnpike.service").read_text()
    command = re.search(r"^ExecStart=/usr/bin/turnpike (.*)$", text, re.M)[1].split()
    binary = ROOT / request.config.getoption("--binary")
    options = [word for word in command if word.startswith("--")]
    said = subprocess.run([binary, "run", "--help"], capture_output=True, text=True, timeout=20).stdout
    assert options and all(option in said for option in options)
