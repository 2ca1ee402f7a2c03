"""Floods by HTTP/2 frames: each is cut off within seconds, costs little memory, and is counted under the name of its budget."""

import threading
import time

import pytest

from harness import h2frames as h2
from harness.expect import metric
from harness.h2attacks import ATTACKS, Attack
from harness.h2client import Http2Client
from harness.wire import Closed, Reset, TooLate

GROWTH = 8 * 1024  # kilobytes that one attacker may cost; a sanitizer keeps what was freed, and pads


def attack(client, rounds, seconds):
    """Sends for as long as it is let; seconds until it was cut off, or None."""
    began = time.monotonic()
    for data in rounds(Attack()):
        try:
            client.wire.send(data, 2.0)
            client.wire.receive(0.001)
        except (Closed, Reset):
            return time.monotonic() - began
        except TooLate:
            pass
        if time.monotonic() - began > seconds:
            return None
    return None


class Polite(threading.Thread):
    """One well-behaved HTTP/2 client beside the attack: how many of its requests were answered, and how many not."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.over = address, threading.Event()
        self.served, self.failed, self.times = 0, [], []

    def run(self):
        client = Http2Client("polite", self.address)
        while not self.over.is_set():
            began = time.monotonic()
            try:
                client.send_request("GET /polite")
                if client.response(timeout=10).status != 200:
                    self.failed.append("not 200")
                self.served += 1
                self.times.append(time.monotonic() - began)
            except Exception as wrong:
                self.failed.append(repr(wrong))
                client = Http2Client("polite", self.address)
            self.over.wait(0.005)
        client.wire.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_a_flood_is_cut_off(scenario, slower, name):
    rounds, budgets = ATTACKS[name]
    with scenario({"upstreams": {"shop": [{"when": {"path": "/polite"}, "reply": 200}, {"act": "after_head", "hang": None}]}}) as s:
        polite = Polite(s.gateway.address())
        polite.start()
        while not polite.served and not polite.failed:
            time.sleep(0.01)
        before = s.gateway.memory()
        client = Http2Client("attacker", s.gateway.address())
        s.all_clients.append(client)
        cut = attack(client, rounds, 5.0 * slower)
        grown = s.gateway.memory() - before
        served = polite.served
        until = time.monotonic() + 5
        while polite.served < served + 3 and time.monotonic() < until:
            time.sleep(0.01)
        polite.over.set()
        polite.join(10)
        assert cut is not None, f"{name} was let go on for {5.0 * slower} s"
        assert grown <= GROWTH * slower, f"{name} cost {grown} KB"
        assert not polite.failed and polite.served >= served + 3, polite.failed
        _, text = s.gateway.admin("/metrics")
        spent = {b for b in budgets if b and (metric(text, "turnpike_http2_violations_total", {"rule": b}) or 0) >= 1}
        assert spent or "" in budgets, f"none of the budgets {budgets} was counted:\n" + \
            "\n".join(line for line in text.splitlines() if "http2" in line)


def test_windows_of_zero_are_given_up_in_the_end(scenario, slower):
    """CVE-2019-9511 and 9517: many responses asked for and none taken."""
    policy = """
apiVersion: turnpike.dev/v1alpha1
kind: ListenerPolicy
metadata: {name: short}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  timeouts: {write: 1s}
"""
    with scenario({"upstreams": {"shop": {"reply": {"size": 1000000}}}, "config": policy}) as s:
        s.step_request("GET /")
        before = s.gateway.memory()
        client = Http2Client("stalled", s.gateway.address(), http2={"settings": {"INITIAL_WINDOW_SIZE": 0}})
        s.all_clients.append(client)
        for _ in range(50):
            client.send_request("GET /")
        client.settle(0.3)
        grown = s.gateway.memory() - before
        assert grown <= GROWTH * slower, f"{grown} KB for 50 stalled streams"
        deadline = time.monotonic() + 20 * slower  # the upstream is slow where the machine is busy
        streams = list(client.h2.streams.values())
        assert client.until(lambda: all(t.reset for t in streams) or client.h2.goaway, deadline) or client.h2.failed, \
            "streams that are never read are held for ever"


def test_a_client_that_asks_and_does_not_read_is_bounded(scenario, slower):
    with scenario({"upstreams": {"shop": {"reply": {"size": 200000}}}}) as s:
        s.step_request("GET /")
        before = s.gateway.memory()
        client = Http2Client("deaf", s.gateway.address(), receive_buffer=2048,
                             http2={"settings": {"INITIAL_WINDOW_SIZE": 2**31 - 1}})
        s.all_clients.append(client)
        client.h2.send(h2.frame("window_update", 0, 0, (2**31 - 65536).to_bytes(4, "big")))
        for _ in range(100):
            client.send_request("GET /")
        time.sleep(1.0)
        grown = s.gateway.memory() - before
        assert grown <= GROWTH * slower, f"{grown} KB for 100 streams that nobody reads"


def test_endless_unread_pings_are_bounded(scenario, slower):
    """The answers to PING pile up where nobody reads them."""
    with scenario({"upstreams": {"shop": None}}) as s:
        before = s.gateway.memory()
        client = Http2Client("deaf", s.gateway.address(), receive_buffer=2048)
        s.all_clients.append(client)
        began = time.monotonic()
        try:
            while time.monotonic() - began < 5 * slower:
                client.wire.send(h2.frame("ping", 0, 0, b"12345678") * 100, 1.0)
                assert s.gateway.memory() - before <= GROWTH * slower
            pytest.fail("PINGs are answered without end to one who does not read")
        except (Reset, TooLate):
            pass
