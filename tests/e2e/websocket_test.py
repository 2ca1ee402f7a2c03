"""WebSockets over HTTP/1.1: limits of time, the gateway's pings, good-byes, changes of the configuration."""

import struct
import time

import pytest

from harness.websocket import CLOSE, PING, PONG, TEXT, Feed, WebSocket

CONFIG = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ws}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs: [{group: turnpike.dev, kind: Backend, name: feed}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: feed}
spec:
  endpoints: [{address: 127.0.0.1, port: PORT}]
---
apiVersion: turnpike.dev/v1alpha1
kind: TrafficPolicy
metadata: {name: limits}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: ws}]
  timeouts: {TIMEOUTS}
"""

GOING_AWAY = struct.pack(">H", 1001)


def config(feed, timeouts):
    return CONFIG.replace("PORT", str(feed.port)).replace("TIMEOUTS", timeouts)


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def test_an_idle_tunnel_ends_with_a_goodbye_to_both(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelIdle: 500ms")}) as s:
        one = WebSocket(s.gateway.address())
        one.send(TEXT, b"hello")
        assert one.receive() == (TEXT, b"hello")
        assert one.receive() == (CLOSE, GOING_AWAY)
        assert one.ended() == "closed"
        until(lambda: feed.frames == [(TEXT, b"hello"), (CLOSE, GOING_AWAY)])
        s.check_admin({"get": "/metrics", "metric": {"name": "turnpike_active_tunnels", "labels": {"route": "default/ws"}, "value": 0}})
        s.step_log({"entry": {"status": 101, "response_flags": "client_idle_timeout"}})


def test_a_tunnel_that_is_in_use_ends_with_its_lifetime(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelLifetime: 1s")}) as s:
        one = WebSocket(s.gateway.address())
        began = time.monotonic()
        while True:
            one.send(TEXT, b"x" * 1000)
            opcode, content = one.receive()
            if opcode == CLOSE:
                break
            time.sleep(0.02)
        assert content == GOING_AWAY and time.monotonic() - began >= 0.85
        assert one.ended() in ("closed", "reset")
        s.step_log({"entry": {"status": 101, "response_flags": "request_timeout"}})


def test_silent_ends_are_asked_and_neither_hears_the_others_pong(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelPing: 200ms")}) as s:
        one = WebSocket(s.gateway.address())
        for _ in range(3):
            opcode, content = one.receive()
            assert opcode == PING
            one.send(PONG, content)
        until(lambda: len(feed.frames) >= 3)
        assert {opcode for opcode, _ in feed.frames} == {PING}, "no pong of the client came through"
        one.send(TEXT, b"still")
        while (got := one.receive())[0] == PING:
            one.send(PONG, got[1])
        assert got == (TEXT, b"still")
        s.check_admin({"get": "/metrics", "metric": {"name": "turnpike_active_tunnels", "labels": {"route": "default/ws"}, "value": 1}})


def test_pings_of_the_ends_themselves_go_through(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelPing: 30s")}) as s:
        one = WebSocket(s.gateway.address())
        one.send(PING, b"mine")
        assert one.receive() == (PONG, b"mine")
        assert feed.frames == [(PING, b"mine")]


@pytest.mark.parametrize("dead", ["client", "upstream"])
def test_an_end_that_does_not_answer_is_dead(scenario, dead):
    with Feed(pongs=dead == "client") as feed, scenario({"config": config(feed, "tunnelPing: 200ms")}) as s:
        one = WebSocket(s.gateway.address())
        opcode, content = one.receive()
        while opcode == PING:
            if dead == "upstream":
                one.send(PONG, content)
            opcode, content = one.receive()
        assert (opcode, content) == (CLOSE, GOING_AWAY)
        if dead == "client":
            until(lambda: feed.frames[-1] == (CLOSE, GOING_AWAY))


def test_nothing_is_put_into_a_frame(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelPing: 100ms")}) as s:
        one = WebSocket(s.gateway.address())
        text = b"y" * 70000
        sock = feed.sockets[-1]
        sock.sendall(b"\x81\x7f" + struct.pack(">Q", len(text)) + text[:100])
        time.sleep(0.5)  # long enough for several pings
        sock.sendall(text[100:])
        opcode, content = one.receive()
        assert (opcode, content) == (TEXT, text)


def test_it_survives_changes_of_the_configuration_and_says_goodbye_at_the_end(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelIdle: 30s"),
                                   "gateway": {"args": ["--drain-timeout", "1s"]}}) as s:
        one = WebSocket(s.gateway.address())
        for turn in range(3):
            s.gateway.reload(s.completed(config(feed, f"tunnelIdle: {20 + turn}s")))
            one.send(TEXT, b"turn %d" % turn)
            assert one.receive() == (TEXT, b"turn %d" % turn)
        s.gateway.signal("TERM")
        one.send(TEXT, b"draining")
        assert one.receive() == (TEXT, b"draining")
        assert one.receive() == (CLOSE, GOING_AWAY)
        until(lambda: feed.frames[-1] == (CLOSE, GOING_AWAY))
        assert s.gateway.wait_exit(10) == 0


def test_what_is_no_websocket_passes_untouched(scenario):
    with Feed() as feed, scenario({"config": config(feed, "{tunnelPing: 200ms, tunnelIdle: 2s}".strip("{}"))}) as s:
        one = WebSocket(s.gateway.address())
        feed.sockets[-1].sendall(b"\xff\xff no frames here")
        got = b""
        while len(got) < 17:
            got += one.client.reader.take(17 - len(got)) or one.client.wire.receive(5)
        assert got == b"\xff\xff no frames here"
        assert one.nothing(0.7), "no ping is put between"


def test_limits_are_checked(scenario):
    with Feed() as feed, scenario({"config": config(feed, "tunnelPing: 30s")}) as s:
        s.gateway.reload(s.completed(config(feed, "tunnelPing: 10ms")), expect="refused")
        assert b"'tunnelPing' must be at least 100ms" in s.gateway.stderr()
