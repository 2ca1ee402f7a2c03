"""h2spec, the conformance suite of HTTP/2, where it is installed (optional Go tool, see README.md)."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
RUNS = 10


def program():
    for path in (os.environ.get("H2SPEC"), shutil.which("h2spec"), str(ROOT / "build" / "tools" / "h2spec"), str(Path.home() / "go" / "bin" / "h2spec")):
        if path and os.access(path, os.X_OK):
            return path
    pytest.skip("h2spec is not installed: tests/e2e/README.md says how to get it")
    return None


def run(argv):
    """(tests, passed, skipped, failed, text)."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300)
    found = re.search(r"(\d+) tests, (\d+) passed, (\d+) skipped, (\d+) failed", done.stdout)
    assert found, done.stdout[-2000:] + done.stderr[-2000:]
    return (*map(int, found.groups()), done.stdout)


HTTPS = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: https, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: site}]}}
  - {name: http, port: 8080, protocol: HTTP}
"""
# h2spec wants content, in a response that lasts a moment where it tests what may come on a stream under way.
SPEC = {"certs": {"ca": {"ca": True}, "site": {"by": "ca", "hosts": ["localhost"], "ips": ["127.0.0.1"]}},
        "upstreams": {"shop": {"reply": {"size": 200}}}, "config": HTTPS}


@pytest.mark.parametrize("listener", ["https", "http"])
def test_h2spec_strict(scenario, slower, listener):
    h2spec = program()
    with scenario(SPEC) as s:
        host, port = s.gateway.address(listener)
        argv = [h2spec, "--strict", "-h", host, "-p", str(port), "--timeout", str(int(2 * max(1, slower))),
                *(["-t", "-k"] if listener == "https" else [])]
        for number in range(RUNS if listener == "https" else 1):
            tests, passed, skipped, failed, text = run(argv)
            if listener == "http" and failed == 1 and "× 2: Sends invalid connection preface" in text:
                continue  # where HTTP/1.1 is spoken too, what is no preface is a bad HTTP/1.1 request and answered so
            failures = text[text.find("Failures:"):][:6000] if failed else text[-500:]
            assert tests >= 146 and failed == 0 and skipped == 0 and passed == tests, f"run {number + 1}: {failures}"


def test_each_case_of_h2spec_is_an_own_case_too():
    """http2-*.yaml have them under h2spec's numbers, so that they run everywhere."""
    listed = subprocess.run([program(), "--strict", "--dryrun", "-p", "1"], capture_output=True, text=True, timeout=60).stdout
    own = "".join(path.read_text() for path in Path(__file__).parent.glob("http2-*.yaml"))
    suite, section, missing = "", "", []
    for line in listed.splitlines():
        if found := re.match(r"(Generic|HPACK|Hypertext)", line):
            suite = {"Generic": "generic", "HPACK": "hpack", "Hypertext": "http2"}[found[1]]
        elif found := re.match(r"\s+(\d+(?:\.\d+)*)\. ", line):
            section = found[1]
        elif (found := re.match(r"\s+(\d+): (.*)", line)) and f"name: {suite} {section}/{found[1]} " not in own:
            missing.append(f"{suite} {section}/{found[1]}: {found[2]}")
    assert section and not missing, "\n".join(missing)
