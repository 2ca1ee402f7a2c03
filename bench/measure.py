"""What a proxy cost while it was loaded: CPU time, system calls, memory."""

import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

from contenders import LOAD_CORE, PROGRAMS, WORK

TICK = os.sysconf("SC_CLK_TCK")


class Unfit(Exception):
    """A measurement that counts for nothing: errors during the load, nothing completed."""


def cpu(pids):
    """(user, system) seconds of these processes so far."""
    user = system = 0.0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        user += int(fields[11]) / TICK
        system += int(fields[12]) / TICK
    return user, system


def resident_kb(pids):
    """Anonymous and private memory of the processes: what they hold for themselves."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean:", "Private_Dirty:")):
                total += int(line.split()[1])
    return total


def status_kb(pids, field="VmRSS"):
    total = 0
    for pid in pids:
        found = re.search(rf"^{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)
        total += int(found[1]) if found else 0
    return total


def wrk(url, connections, seconds, close=False):
    """Completed requests of a closed loop."""
    argv = ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    if close:
        argv += ["-H", "Connection: close"]
    done = subprocess.run([*argv, url], capture_output=True, text=True, check=True)
    found = re.search(r"(\d+) requests in", done.stdout)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", done.stdout)
    if not found or int(found[1]) == 0:
        raise Unfit(f"nothing completed: {done.stdout[-500:]}{done.stderr[-500:]}")
    if bad:
        raise Unfit(f"{bad[1]} responses were no 2xx")
    if errors and (int(errors[3]) or int(errors[4]) or (int(errors[1]) + int(errors[2]) > int(found[1]) // 1000)):
        raise Unfit(f"errors: {errors[0]}")
    return int(found[1]), {}


def load(port, rate, connections, seconds, path="/200", extra=()):
    """Completed requests of an open loop, and its latencies."""
    done = subprocess.run(["taskset", "-c", str(LOAD_CORE), PROGRAMS / "load", "--to", f"127.0.0.1:{port}", "--rate", str(rate),
                           "--connections", str(connections), "--seconds", str(seconds), "--path", path, *extra],
                          capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["errors"] or result["wrong"] or result["unanswered"]:
        raise Unfit(f"open loop: {result}")
    return result["completed"], {k: result[k] for k in ("p50_us", "p99_us", "p999_us")}


def handshakes(port, connections, seconds, path="/200"):
    """Completed full TLS handshakes with one request each."""
    done = subprocess.run(["taskset", "-c", str(LOAD_CORE), PROGRAMS / "handshake", "--to", f"127.0.0.1:{port}",
                           "--connections", str(connections), "--seconds", str(seconds), "--path", path],
                          capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["errors"] or result["resumed"] or not result["completed"]:
        raise Unfit(f"handshakes: {result}")
    return result["completed"], {}


def h2load(url, connections, streams, seconds, post=0):
    """Completed requests of a closed loop over HTTP/2, `streams` at a time on each connection; `post`: bytes of content."""
    program = shutil.which("h2load")
    if not program:
        raise Unfit("h2load is not installed (Debian: nghttp2-client)")
    argv = ["taskset", "-c", str(LOAD_CORE), program, "-t1", f"-c{connections}", f"-m{streams}", "-D", str(seconds), "-T", "10"]
    if post:
        content = WORK / f"post-{post}"
        content.write_bytes(b"y" * post)
        argv += ["-d", str(content), "-H", "content-type: application/grpc", "-H", "te: trailers"]
    done = subprocess.run([*argv, url], capture_output=True, text=True, check=True)
    found = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", done.stdout)
    if not found or not int(found[2]):
        raise Unfit(f"nothing completed: {done.stdout[-500:]}{done.stderr[-500:]}")
    if int(found[3]) or int(found[4]) or int(found[5]):
        raise Unfit(f"errors: {found[0]}")
    if "Application protocol: h2" not in done.stdout:
        raise Unfit("HTTP/2 was not spoken")
    return int(found[2]), {}


def cost(contender, run):
    """Runs a load and says what a request cost: microseconds of CPU, share of user time, what else the load told."""
    pids = contender.pids()
    before = cpu(pids)
    started = time.monotonic()
    completed, facts = run()
    wall = time.monotonic() - started
    after = cpu(pids)
    user, system = after[0] - before[0], after[1] - before[1]
    total = user + system
    if total <= 0:
        raise Unfit("no CPU time was counted")
    return {"us": total * 1e6 / completed, "user_share": user / total, "requests": completed,
            "busy": total / wall, **facts}


def closed(port, connections, requests, path="/200"):
    """So many requests of a closed loop."""
    done = subprocess.run(["taskset", "-c", str(LOAD_CORE), PROGRAMS / "load", "--to", f"127.0.0.1:{port}", "--requests", str(requests),
                           "--connections", str(connections), "--path", path], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    if result["errors"] or result["wrong"] or result["unanswered"]:
        raise Unfit(f"closed loop: {result}")
    return result["completed"]


def busiest_thread(pids):
    """The one that serves: threads that wake by the clock would count the more the slower the trace makes the rest."""
    tasks = [task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()]
    return max(tasks, key=lambda t: int((t / "schedstat").read_text().split()[0])).name


def system_calls(contender, connections, requests):
    """System calls per completed request, counted by strace in the thread that serves."""
    closed(contender.port, connections, 1000)
    out = contender.folder / "strace"
    tracer = subprocess.Popen(["strace", "-c", "-o", str(out), "-p", busiest_thread(contender.pids())],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    time.sleep(1.0)
    if tracer.poll() is not None:
        raise Unfit(f"strace: {tracer.stderr.read().decode()[-300:]}")
    completed = closed(contender.port, connections, requests)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    calls = {}
    for line in out.read_text().splitlines():
        fields = line.split()
        if len(fields) >= 5 and fields[0].replace(".", "").isdigit() and fields[-1] != "total":
            calls[fields[-1]] = int(fields[3])
    per_request = {n: round(c / completed, 3) for n, c in calls.items() if c / completed >= 0.005}
    return {"calls": sum(calls.values()) / completed, "by_name": dict(sorted(per_request.items(), key=lambda i: -i[1]))}


def idle_connections(contender, count, tls):
    """Bytes of the proxy's own memory for each connection that has had one request and is idle now."""
    pids = contender.pids()
    context = ssl._create_unverified_context()
    request = b"GET /200 HTTP/1.1\r\nHost: bench.test\r\n\r\n"
    sockets = []

    def open_some(number):
        for _ in range(number):
            sock = socket.create_connection(("127.0.0.1", contender.tls_port if tls else contender.port))
            if tls:
                sock = context.wrap_socket(sock, server_hostname="bench.test")
            sock.sendall(request)
            got = b""
            while not got.endswith(b"x" * 200):
                data = sock.recv(4096)
                if not data:
                    raise Unfit("the proxy closed a connection")
                got += data
            sockets.append(sock)

    try:
        open_some(100)  # what is made once and kept is not the price of a connection
        time.sleep(0.3)
        before = resident_kb(pids)
        open_some(count)
        time.sleep(1.0)
        after = resident_kb(pids)
    finally:
        for sock in sockets:
            sock.close()
    return {"bytes": (after - before) * 1024 / count, "connections": count}


# --- memory over HTTP/2 --------------------------------------------------------------------------------------------


class H2Client:
    """Just enough of HTTP/2 to open streams: no Huffman coding, nothing indexed."""

    def __init__(self, port, tls):
        self.sock = socket.create_connection(("127.0.0.1", port))
        if tls:
            context = ssl._create_unverified_context()
            context.set_alpn_protocols(["h2"])
            self.sock = context.wrap_socket(self.sock, server_hostname="bench.test")
        self.sock.settimeout(10)
        self.sock.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, b"") + self.frame(4, 1, 0, b""))
        self.buffer = b""

    @staticmethod
    def frame(kind, flags, stream, payload):
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    def open(self, stream, end):
        block = (b"\x82" if end else b"\x83") + b"\x86\x04\x04/200\x01\x0abench.test"
        self.sock.sendall(self.frame(1, 5 if end else 4, stream, block))

    def until(self, done):
        """Reads frames until done(type, flags, stream) says so."""
        while True:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                data = self.sock.recv(65536)
                if not data:
                    raise Unfit("the proxy closed a connection")
                self.buffer += data
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            self.buffer = self.buffer[9 + int.from_bytes(self.buffer[:3], "big"):]
            if kind == 7:
                raise Unfit("the proxy sent GOAWAY")
            if done(kind, flags, stream):
                return

    def get(self, stream):
        self.open(stream, True)
        self.until(lambda kind, flags, of: of == stream and kind in (0, 1) and flags & 1)

    def ping(self):
        self.sock.sendall(self.frame(6, 0, 0, b"12345678"))
        self.until(lambda kind, flags, of: kind == 6 and flags & 1)


def grown(contender, warm, work, clients, count):
    """Bytes of the proxy's own memory for each of `count` things that work() made."""
    pids = contender.pids()
    try:
        warm()
        time.sleep(0.3)
        before = resident_kb(pids)
        work()
        time.sleep(1.0)
        after = resident_kb(pids)
    finally:
        for client in clients:
            client.sock.close()
    return {"bytes": (after - before) * 1024 / count, "count": count}


def idle_h2(contender, count, tls):
    """Of a connection that has had one request and is idle now."""
    clients = []

    def some(number):
        for _ in range(number):
            client = H2Client(contender.tls_port if tls else contender.h2_port, tls)
            clients.append(client)
            client.get(1)
    return grown(contender, lambda: some(100), lambda: some(count), clients, count)


def open_streams(contender, connections, streams):
    """Of a stream that carries a request under way to the HTTP/2 origin, both of its sides together."""
    clients = []

    def warm():
        for _ in range(connections):
            client = H2Client(contender.grpc_port, False)
            clients.append(client)
            client.get(1)

    def work():
        for client in clients:
            for number in range(streams):
                client.open(3 + 2 * number, False)
            client.ping()
        time.sleep(1.0)
    return grown(contender, warm, work, clients, connections * streams)
