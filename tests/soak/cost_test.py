"""What a request costs in structure, which no noise of the machine changes: system calls and allocations."""

import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from harness import tools
from soak_config import for_origin

def gateway(scenario, origin, **options):
    return scenario({"config": for_origin(origin.port), "gateway": options})


def busiest_thread(pid):
    """The worker, after some load: the thread with the most CPU time. The log's writer wakes by the clock, not by
    the request."""
    def ran(task):
        return int((task / "schedstat").read_text().split()[0])
    return max(Path(f"/proc/{pid}/task").iterdir(), key=ran).name


def traced(thread, out, work):
    """Runs `work` under strace -c; {system call: how often}."""
    tracer = subprocess.Popen(["strace", "-c", "-o", out, "-p", thread], stdin=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True)
    time.sleep(0.5)
    if tracer.poll() is not None:
        pytest.skip(f"strace may not trace here: {tracer.stderr.read().strip()[-120:]}")
    work()
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    calls = {}
    for line in out.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[0].replace(".", "").isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    return calls


@pytest.mark.parametrize("connections, most", [(1, 6.0), (64, 4.2)])
def test_system_calls_per_request(scenario, connections, most):
    requests = 4000 if connections == 1 else 20000
    with tools.Origin() as origin, gateway(scenario, origin) as s:
        address = s.gateway.address()
        assert tools.faultless(tools.load(address, requests=500, connections=connections))
        calls = traced(busiest_thread(s.gateway.pid), s.folder / "strace",
                       lambda: tools.load(address, requests=requests, connections=connections))
        total = sum(calls.values()) / requests  # opening connections is in it, which is the 0.05
        each = {n: round(c / requests, 3) for n, c in calls.items() if c > requests / 200}
        assert total <= most + 0.05, f"{total:.2f} system calls per request, at most {most} are allowed: {each}"


def h2load(address, requests):
    """Four connections of 32 streams each."""
    if shutil.which("h2load") is None:
        pytest.skip("h2load is not installed (nghttp2-client)")
    done = subprocess.run(["h2load", "-n", str(requests), "-c", "4", "-m", "32", f"http://{address[0]}:{address[1]}/200"],
                          capture_output=True, text=True, timeout=120)
    assert f"{requests} succeeded" in done.stdout, done.stdout + done.stderr


def test_system_calls_per_request_of_http2(scenario):
    requests = 20000
    with tools.Origin() as origin, gateway(scenario, origin) as s:
        address = s.gateway.address()
        h2load(address, 1000)
        calls = traced(busiest_thread(s.gateway.pid), s.folder / "strace", lambda: h2load(address, requests))
        total = sum(calls.values()) / requests
        # To the upstream and back; what the client sees is written for many streams at once.
        assert total <= 2.5, f"{total:.2f} system calls per request: {calls}"


def test_no_allocation_per_request_of_http2(scenario):
    library = tools.program("liballocations.so")
    with tools.Origin() as origin:
        with gateway(scenario, origin, env={"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": "${dir}/allocations"}) as s:
            address = s.gateway.address()

            def allocations_of(requests):
                pairs = lambda: dict(struct.iter_unpack("<QQ", (s.folder / "allocations").read_bytes()))  # noqa: E731
                before = pairs()
                h2load(address, requests)
                thread = int(busiest_thread(s.gateway.pid))
                return pairs()[thread] - before[thread]

            allocations_of(6000)
            few, many = allocations_of(2000), allocations_of(10000)
            assert (many - few) / 8000 < 0.001, f"{few} allocations for 2,000 requests, {many} for 10,000"


@pytest.mark.parametrize("path", ["/200", "/65536"])
def test_no_allocation_per_request(scenario, path):
    library = tools.program("liballocations.so")
    with tools.Origin() as origin:
        with gateway(scenario, origin, env={"LD_PRELOAD": str(library), "ALLOCATIONS_FILE": "${dir}/allocations"}) as s:
            address = s.gateway.address()

            def count():
                pairs = struct.iter_unpack("<QQ", (s.folder / "allocations").read_bytes())
                return dict(pairs)[int(busiest_thread(s.gateway.pid))]

            def allocations_of(requests):
                before = count()
                assert tools.faultless(tools.load(address, requests=requests, connections=16, path=path))
                return count() - before

            allocations_of(4000)  # pools, buffers and connections are made once
            few, many = allocations_of(2000), allocations_of(10000)
            # Opening connections may allocate, so the difference between two runs is what requests cost.
            assert (many - few) / 8000 < 0.001, f"{few} allocations for 2,000 requests, {many} for 10,000"
