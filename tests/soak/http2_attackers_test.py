"""A polite HTTP/2 client beside many that flood with frames: it is served, memory stays bounded, they are cut off."""

import subprocess
import sys
import time
from pathlib import Path

from connections_test import raise_descriptor_limit
from harness import tools
from harness.h2client import Http2Client
from soak_config import for_origin


def polite(address, seconds, pause=0.01):
    """Seconds that each of the requests took."""
    client, times = Http2Client("polite", address), []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        client.send_request("GET /200")
        assert client.response(timeout=20).status == 200
        times.append(time.monotonic() - began)
        time.sleep(pause)
    client.wire.close()
    return sorted(times)


def p99(times):
    return times[min(len(times) - 1, len(times) * 99 // 100)]


def test_a_polite_http2_client_among_attackers(scenario, long_run):
    count, seconds = (1000, 30) if long_run else (60, 3)
    raise_descriptor_limit(2 * count + 500)
    with tools.Origin() as origin, scenario({"config": for_origin(origin.port)}) as s:
        address = s.gateway.address()
        quiet = polite(address, seconds)
        before = s.gateway.memory()
        program = Path(__file__).with_name("http2_attackers.py")
        attackers = subprocess.Popen([sys.executable, program, address[0], str(address[1]), str(count)],
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert attackers.stdout.readline() == "ready\n"
            besieged = polite(address, seconds)
            grown = s.gateway.memory() - before
            cut = int(attackers.communicate(input="end\n", timeout=60)[0].split()[-1])
        finally:
            attackers.kill()
            attackers.wait()
        print(f"\n{count} attackers, cut off {cut} times; polite client: p99 {p99(quiet) * 1e3:.1f} ms quiet, "
              f"{p99(besieged) * 1e3:.1f} ms besieged ({p99(besieged) / p99(quiet):.1f} x), {len(besieged)} requests; {grown} KB grown")
        assert cut >= count, f"only {cut} times was one of {count} attackers cut off"
        assert grown <= 8 * 1024 * count
        assert len(besieged) > 10
