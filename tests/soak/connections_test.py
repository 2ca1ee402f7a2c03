"""Many connections: idle ones cost next to nothing, and attackers do not keep others from being served."""

import re
import resource
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import tools
from soak_config import for_origin


def raise_descriptor_limit(wanted):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, wanted)), hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def private_bytes(pid):
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(n) * 1024 for n in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", text, re.M))


REQUEST = b"GET /200 HTTP/1.1\r\nHost: gateway.test\r\n\r\n"


def open_idle(address, count):
    """Connections that have each had one request."""
    sockets = []
    for _ in range(count):
        sock = socket.create_connection(address)
        sock.sendall(REQUEST)
        got = b""
        while not got.endswith(b"x" * 200):
            data = sock.recv(4096)
            assert data, "the gateway closed an idle connection"
            got += data
        sockets.append(sock)
    return sockets


def test_idle_connections_cost_little(scenario, long_run):
    count = 10000 if long_run else 3000
    limit = raise_descriptor_limit(count + 1000)
    if limit < count + 500:
        pytest.skip(f"only {limit} descriptors may be open here")
    with tools.Origin() as origin, scenario({"config": for_origin(origin.port)}) as s:
        warm = open_idle(s.gateway.address(), 200)
        time.sleep(0.2)
        before = private_bytes(s.gateway.pid)
        idle = open_idle(s.gateway.address(), count)
        time.sleep(0.5)
        each = (private_bytes(s.gateway.pid) - before) / count
        for sock in warm + idle:
            sock.close()
        assert each <= 1024, f"{each:.0f} bytes for each of {count} idle connections"


class Attackers(threading.Thread):
    """`count` connections, a third each: heads that trickle, content that trickles, answers that are not read."""

    HEAD = b"GET /200 HTTP/1.1\r\nHost: gateway.test\r\nX-Slow: " + b"a" * 4096
    BODY = b"POST /200 HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 4096
    READ = b"GET /4000000 HTTP/1.1\r\nHost: gateway.test\r\n\r\n"

    def __init__(self, address, count):
        super().__init__(daemon=True)
        self.address, self.count, self.over = address, count, threading.Event()
        self.cut = 0  # how many times the gateway ended one
        self.ready = threading.Event()

    def open(self, kind):
        sock = socket.socket()
        if kind == 2:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        sock.settimeout(5)
        sock.connect(self.address)
        sock.setblocking(False)
        sock.send((self.HEAD[:40], self.BODY[:90], self.READ)[kind])
        return sock

    def run(self):
        sockets = [(self.open(n % 3), n % 3, 60) for n in range(self.count)]
        self.ready.set()
        while not self.over.wait(0.5):
            for index, (sock, kind, at) in enumerate(sockets):
                try:
                    if kind < 2:
                        sock.send(b"a")
                        if sock.recv(1024) == b"":
                            raise ConnectionResetError
                except BlockingIOError:
                    continue
                except OSError:
                    self.cut += 1
                    sock.close()
                    try:
                        sockets[index] = (self.open(kind), kind, at)
                    except OSError:
                        pass
        for sock, _, _ in sockets:
            sock.close()


def test_attackers_do_not_keep_a_polite_client_out(scenario, long_run):
    count, seconds = (4000, 30) if long_run else (600, 4)
    limit = raise_descriptor_limit(3 * count + 1000)
    if limit < count + 500:
        pytest.skip(f"only {limit} descriptors may be open here")
    with tools.Origin() as origin, scenario({"config": for_origin(origin.port)}) as s:
        address = s.gateway.address()
        quiet = tools.load(address, rate=200, seconds=seconds, connections=16)
        attackers = Attackers(address, count)
        attackers.start()
        try:
            assert attackers.ready.wait(60)
            before = s.gateway.memory()
            besieged = tools.load(address, rate=200, seconds=seconds, connections=16)
            grown = s.gateway.memory() - before
        finally:
            attackers.over.set()
            attackers.join(30)
        assert besieged["completed"] >= 0.999 * besieged["requests"], besieged
        assert grown < 64 * 1024, f"memory grew by {grown} KB under attack"
        if long_run:  # times are judged where a person looks, never in CI
            assert besieged["p99_us"] <= 2 * max(quiet["p99_us"], 1000), (quiet, besieged)
