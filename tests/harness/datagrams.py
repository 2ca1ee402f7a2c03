"""UDP upstreams that answer each datagram, and clients that send them (tests/e2e/README.md)."""

import json
import socket
import threading
import time

from .expect import Unmet, match
from .strict import only


class DatagramReplica:
    """One socket. Answers each datagram with JSON of what it saw, `answers` times, or with the script's text."""

    def __init__(self, upstream, replica, port=0):
        self.upstream, self.replica = upstream, replica
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def getsockname(self):
        return self.sock.getsockname()

    def serve(self):
        while True:
            try:
                data, peer = self.sock.recvfrom(65536)
            except OSError:
                return
            if self.upstream.stopping.is_set():
                return
            self.upstream.note_datagram(self.replica, data, peer)
            if data == b"silence":
                continue
            reply = json.dumps({"upstream": self.upstream.name, "replica": self.replica, "from": peer[1],
                                "size": len(data), "data": data[:100].decode("latin-1")}).encode()
            if data.startswith(b"big "):
                reply = b"x" * int(data[4:])
            for _ in range(self.upstream.options.get("answers", 1)):
                self.sock.sendto(reply, peer)

    def shutdown(self, _how=None):
        pass

    def close(self):
        try:  # a thread that waits in recvfrom is not woken by close
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", self.sock.getsockname())
        except OSError:
            pass
        self.sock.close()


class DatagramClient:
    def __init__(self, address):
        self.sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.connect(address)

    def send(self, data):
        self.sock.send(data if isinstance(data, bytes) else str(data).encode("latin-1"))

    def receive(self, timeout):
        """A datagram, or None."""
        self.sock.settimeout(timeout)
        try:
            return self.sock.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            return None


DATAGRAM = {"data", "to", "as", "expect", "replies", "nothing_for", "size"}


def step_datagram(scenario, spec):
    """{data, to: listener, as: client, expect: {upstream: …} | nothing, replies: N, nothing_for: s, size: N}."""
    spec = spec if isinstance(spec, dict) else {"data": spec}
    only(spec, DATAGRAM, "datagram")
    name = spec.get("as")
    client = scenario.datagram_clients.get(name) if name else None
    if client is None:
        client = DatagramClient(scenario.gateway.address(spec.get("to")))
        scenario.datagram_clients[name or f"{id(client)}"] = client
    if "data" in spec:
        client.send(spec["data"])
    if "nothing_for" in spec:
        got = client.receive(spec["nothing_for"])
        if got is not None:
            raise Unmet(f"nothing should have come back, and did: {got[:200]!r}")
        return
    wanted = spec.get("expect", {})
    if wanted is None:
        return
    for _ in range(spec.get("replies", 1)):
        got = client.receive(3 * scenario.slower)
        if got is None:
            raise Unmet("no datagram came back")
        if "size" in spec:
            match(len(got), spec["size"], "bytes of the datagram")
        elif isinstance(wanted, str):
            match(got.decode("latin-1"), wanted, "datagram")
        else:
            match(json.loads(got), wanted, "datagram")
    return json.loads(got) if "size" not in spec else None


def spread(scenario, spec):
    """How often each upstream answers: {datagrams: N, to, over: {name: share}, tolerance: 0.1}."""
    only(spec, {"datagrams", "to", "over", "tolerance"}, "datagram_spread")
    counts = {}
    for _ in range(spec["datagrams"]):
        client = DatagramClient(scenario.gateway.address(spec.get("to")))
        client.send("who")
        got = client.receive(0.3 * scenario.slower if None in spec["over"] else 3 * scenario.slower)
        client.sock.close()
        who = json.loads(got)["upstream"] if got else None
        counts[who] = counts.get(who, 0) + 1
    total = sum(spec["over"].values())
    for name, weight in spec["over"].items():
        share = counts.get(name, 0) / spec["datagrams"]
        if abs(share - weight / total) > spec.get("tolerance", 0.1):
            raise Unmet(f"{name} answered {share:.0%} instead of {weight / total:.0%}: {counts}")
    if set(counts) - set(spec["over"]):
        raise Unmet(f"others answered too: {counts}")


def wait_for_datagrams(upstream, count, within):
    deadline = time.monotonic() + within
    while len(upstream.datagrams) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    return len(upstream.datagrams)
