"""The demo does what its own text promises: it opens, the curl lines work, it closes with exit code 0."""

import re
import select
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
        lines = re.findall(r"^  (curl -s .*)$", said, re.M)  # those with their own line
        assert len(lines) == 3
        answers = [subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=10).stdout for line in lines]
        assert '"tea"' in answers[0], answers
        assert '"cents":1250' in answers[1], answers
        assert '"cents":998750' in answers[2], answers  # the payment was booked, through the gateway
        port = re.search(r"feed 127.0.0.1:(\d+)", said)[1]
        campus = ROOT / "build/release/demo/campus"
        call = [campus, "convert", "1250", "EUR", "USD", f"127.0.0.1:{port}"]
        assert subprocess.run(call, capture_output=True, text=True, timeout=10).stdout == "13.59 USD\n"
        unknown = subprocess.run([*call[:3], "XXX", *call[4:]], capture_output=True, text=True, timeout=10)
        assert (unknown.returncode, unknown.stderr) == (1, "campus: the call ended with NOT_FOUND\n")
        with subprocess.Popen([campus, "feed", f"127.0.0.1:{port}"], stdout=subprocess.PIPE, text=True) as feed:
            try:
                told = ""
                while '"account":"bob"' not in told:  # the feed may open after the first payments
                    subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/payments", "-d", "account=bob&cents=1"], timeout=10,
                                   stdout=subprocess.DEVNULL)
                    if select.select([feed.stdout], [], [], 0.2)[0]:
                        told = feed.stdout.readline()
                    assert feed.poll() is None and time.monotonic() < deadline + 20
            finally:
                feed.terminate()
        gateway = re.search(r"^  gateway   (http://\S+)$", said, re.M)[1]
        readme = re.findall(r"^    curl -i http://localhost:8080(/\S*)(.*)$", (ROOT / "README.md").read_text(), re.M)
        assert len(readme) == 2
        for path, more in readme:
            answer = subprocess.run(["curl", "-si", gateway + path, *shlex.split(more)], capture_output=True, text=True,
                                    timeout=10).stdout
            assert re.match(r"HTTP/1.1 20[01] ", answer), (path, answer)
        # A service that dies is told, and answered for; the demo goes on.
        subprocess.run(["kill", re.search(r"kill (\d+)", said)[1]], check=True)
        deadline = time.monotonic() + 20
        while "users has ended" not in log.read_text():
            assert demo.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        answer = subprocess.run(["curl", "-si", gateway + "/users"], capture_output=True, text=True, timeout=10).stdout
        assert answer.startswith("HTTP/1.1 503 "), answer
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0
        assert "The campus is closed." in log.read_text()
    finally:
        if demo.poll() is None:
            demo.terminate()
            demo.wait(20)
