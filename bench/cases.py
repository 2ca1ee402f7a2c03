"""The work that is compared. Each case: what it is called, what it does, who takes part."""

import os
import statistics
import time
from dataclasses import dataclass, field

import measure
from contenders import Envoy, HAProxy, Nginx, NginxLargeBuffers, Relay, Turnpike, many_routes

ALL = [Nginx, HAProxy, Envoy, Relay, Turnpike]
NO_RELAY = [Nginx, HAProxy, Envoy, Turnpike]


@dataclass
class Case:
    """`run(contender, seconds)` loads one contender once; CPU cases are repeated in rounds and compared."""

    name: str
    title: str
    run: object
    contenders: list = field(default_factory=lambda: ALL)
    kind: str = "cpu"  # cpu: microseconds per request in rounds; once: facts taken once
    target: object = 0  # at most: times nginx, or what the facts are counted in (then a text)
    baseline: str = "nginx"


def keep_alive(size, connections):
    return lambda c, seconds: measure.wrk(f"http://127.0.0.1:{c.port}{getattr(c, 'path_prefix', '')}/{size}", connections, seconds)


def tls(size, connections):
    return lambda c, seconds: measure.wrk(f"https://127.0.0.1:{c.tls_port}/{size}", connections, seconds)


def count_calls(connections, requests):
    return lambda c, seconds: measure.system_calls(c, connections, requests)


def idle(tls_too):
    def run(c, seconds):
        count = min(8000, max_descriptors() // 2 - 1000)
        return measure.idle_connections(c, count // (4 if tls_too else 1), tls_too)
    return run


def max_descriptors():
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def change_of_routes(c, seconds):
    """5,000 routes: memory, and the time from a saved file to the first answer by the new route, under load."""
    from concurrent.futures import ThreadPoolExecutor
    import http.client
    pids = c.pids()
    resident = measure.status_kb(pids)
    path = c.folder / "config.yaml"
    text = path.read_text()
    delays = []
    with ThreadPoolExecutor(1) as pool:
        background = pool.submit(measure.load, c.port, 500, 16, 12, "/service-7/200")
        time.sleep(1)
        for turn in range(8):
            fresh = c.folder / ".config.new"
            fresh.write_text(text.replace("value: /service-4999}", f"value: /changed-{turn}}}"))
            connection = http.client.HTTPConnection("127.0.0.1", c.port)
            started = time.monotonic()
            os.rename(fresh, path)
            while True:
                connection.request("GET", f"/changed-{turn}/200")
                response = connection.getresponse()
                response.read()
                if response.status == 200:
                    break
                if time.monotonic() - started > 10:
                    raise measure.Unfit("a changed route did not take effect within 10 s")
            delays.append((time.monotonic() - started) * 1000)
            connection.close()
            time.sleep(0.4)
        background.result()  # raises when a single request failed
    return {"resident_mb": resident / 1024, "change_ms": statistics.median(delays), "change_ms_worst": max(delays)}


def h2(size, connections, streams, tls_too=False):
    return lambda c, seconds: measure.h2load(f"http{'s' if tls_too else ''}://127.0.0.1:{c.tls_port if tls_too else c.h2_port}/{size}",
                                             connections, streams, seconds)


def grpc(size, connections, streams):
    return lambda c, seconds: measure.h2load(f"http://127.0.0.1:{c.grpc_port}/{size}", connections, streams, seconds, post=200)


CASES = [
    Case("keepalive-0.2k-32", "0.2 KiB, 32 connections", keep_alive(200, 32), target=0.65),
    Case("keepalive-0.2k-256", "0.2 KiB, 256 connections", keep_alive(200, 256), target=0.65),
    Case("keepalive-4k-32", "4 KiB, 32 connections", keep_alive(4096, 32), target=0.65),
    Case("keepalive-4k-256", "4 KiB, 256 connections", keep_alive(4096, 256), target=0.65),
    Case("keepalive-64k-32", "64 KiB, 32 connections", keep_alive(65536, 32), [*ALL, NginxLargeBuffers], target=0.55),
    Case("keepalive-64k-256", "64 KiB, 256 connections", keep_alive(65536, 256), [*ALL, NginxLargeBuffers], target=0.55),
    Case("rate-8000", "0.2 KiB at 8,000 requests/s (open loop)", lambda c, s: measure.load(c.port, 8000, 64, s)),
    Case("connection-per-request", "a connection per request", lambda c, s: measure.wrk(
        f"http://127.0.0.1:{c.port}/200", 32, s, close=True), NO_RELAY, target=0.85),
    Case("tls-keepalive-4k", "TLS 1.3 kept alive, 4 KiB, 32 connections", tls(4096, 32), NO_RELAY, target=0.70),
    Case("tls-handshake", "TLS 1.3 full handshake + 1 request",
         lambda c, s: measure.handshakes(c.tls_port, 16, s), NO_RELAY, target=0.85),
    Case("h2-0.2k", "HTTP/2 to HTTP/1.1, 0.2 KiB, 32 connections of 4 streams", h2(200, 32, 4), NO_RELAY, target=0.70),
    Case("h2-many", "HTTP/2 to HTTP/1.1, 0.2 KiB, 4 connections of 64 streams", h2(200, 4, 64), NO_RELAY, target=0.70),
    Case("h2-tls-4k", "HTTP/2 over TLS to HTTP/1.1, 4 KiB, 32 connections of 4 streams", h2(4096, 32, 4, True), NO_RELAY, target=0.70),
    Case("h2-64k", "HTTP/2 to HTTP/1.1, 64 KiB, 16 connections of 2 streams", h2(65536, 16, 2), NO_RELAY, target=0.55),
    Case("grpc-0.2k", "HTTP/2 on both sides with trailers (gRPC), 0.2 KiB each way, 32 connections of 4 streams", grpc(200, 32, 4),
         NO_RELAY, target=1.0),
    Case("routes", "10,000 routes against 10", keep_alive(200, 32), [many_routes(10), many_routes(10000)], target=1.1,
         baseline="Turnpike, 10 routes"),
    Case("syscalls-1", "system calls per request, 1 connection", count_calls(1, 4000), NO_RELAY, "once", "6"),
    Case("syscalls-64", "system calls per request, 64 connections", count_calls(64, 30000), NO_RELAY, "once", "4.2"),
    Case("idle-plain", "memory of an idle connection", idle(False), NO_RELAY, "once", "1 KB"),
    Case("idle-tls", "memory of an idle TLS connection", idle(True), NO_RELAY, "once", "16 KB"),
    Case("idle-h2", "memory of an idle HTTP/2 connection", lambda c, s: measure.idle_h2(c, 2000, False), NO_RELAY, "once", "4 KB"),
    Case("idle-h2-tls", "memory of an idle HTTP/2 connection over TLS", lambda c, s: measure.idle_h2(c, 1000, True), NO_RELAY, "once", "20 KB"),
    Case("stream-h2", "memory of an open HTTP/2 stream with its upstream's", lambda c, s: measure.open_streams(c, 20, 50), NO_RELAY, "once", "8 KB"),
    Case("resident", "resident memory at rest, MB", lambda c, s: {"resident_mb": measure.status_kb(c.pids()) / 1024}, NO_RELAY, "once", "8 MB"),
    Case("reload-5000", "5,000 routes: memory, and time until a change acts", change_of_routes, [many_routes(5000)], "once", "40 MB, 30 ms"),
]
