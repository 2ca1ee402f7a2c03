"""The demo does what its own text promises: it opens, the curl lines work, it closes with exit code 0."""

import re
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def release_only(request):
    if "release" not in request.config.getoption("--binary"):
        pytest.skip("the demo runs the release build")
    if not (ROOT / "build/release/demo/campus").is_file():
        pytest.skip("build/release/demo/campus is not built")


def test_the_demo_opens_serves_what_it_says_and_closes_on_ctrl_c(release_only, tmp_path):
    log = tmp_path / "said"
    with open(log, "wb") as out:
        demo = subprocess.Popen(["/usr/bin/python3", ROOT / "demo/run.py", "--no-build", "--for", "60s"], cwd=ROOT,
                                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 20
        while "Logs are in" not in (said := log.read_text()):
            assert demo.poll() is None and time.monotonic() < deadline, said
            time.sleep(0.05)
        lines = re.findall(r"^  (curl -s .*)$", said, re.M)
        assert len(lines) == 3
        answers = [subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=10).stdout for line in lines]
        assert '"tea"' in answers[0], answers
        assert '"cents":1250' in answers[1], answers
        assert '"cents":998750' in answers[2], answers  # the payment was booked, through the gateway
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
        assert "The campus is closed." in log.read_text()
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(20)
