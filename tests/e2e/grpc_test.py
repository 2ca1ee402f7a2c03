"""gRPC through the gateway: streams, deadlines, statuses, retries, health, outliers, and gRPC-Web from browsers."""

import base64
import re
import socket
import struct
import threading
import time

import pytest

from harness.grpc_peer import GrpcClient, GrpcServer, backend, grpc

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: calls}
spec:
  parentRefs: [{name: gw}]
  rules:
  - name: shop
    matches: [{method: {service: shop.Cart}}]
    backendRefs: [{group: turnpike.dev, kind: Backend, name: one}]
"""


def policy(sections):
    return f"""---
apiVersion: turnpike.dev/v1alpha1
kind: TrafficPolicy
metadata: {{name: p}}
spec:
  targetRefs: [{{group: gateway.networking.k8s.io, kind: GRPCRoute, name: calls}}]
  {sections}
"""


class Gateway:
    """One route to one Backend of the given servers, and a client."""

    def __init__(self, scenario, servers=1, sections=None, config=ROUTE, **options):
        self.servers = [GrpcServer(f"s{i}", **options) for i in range(servers)]
        self.scenario = scenario({"config": config + backend(*self.servers, name="one")
                                  + (policy(sections) if sections else "")})

    def __enter__(self):
        for server in self.servers:
            server.__enter__()
        self.s = self.scenario.__enter__()
        self.client = GrpcClient(self.s.gateway.address(), "a.com")
        return self

    def __exit__(self, *how):
        self.client.channel.close()
        for server in self.servers:
            server.stop()
        self.scenario.__exit__(*how)

    def call(self, method="/shop.Cart/Add", *args, **options):
        return self.client.call(method, *args, **options)


# --- calls

def test_unary(scenario):
    with Gateway(scenario) as g:
        reply = g.call(messages=[b"tea"], act="echo trailer:x-note=done", x_tenant="a")
        assert (reply.code, reply.messages, reply.server) == (0, [b"tea"], "s0")
        assert reply.trailing["x-note"] == "done"
        assert reply.initial["x-method"] == "/shop.Cart/Add"
        assert reply.seen["x-tenant"] == "a" and reply.seen["x-request-id"]
        g.s.step_log({"entry": {"path": "/shop.Cart/Add", "status": 200, "grpc_status": 0, "route": "default/calls",
                                "rule": "shop", "protocol": "HTTP/2"}})
        g.s.step_admin({"get": "/metrics", "metric": {"name": "turnpike_grpc_requests_total", "value": 1, "labels": {
            "route": "default/calls", "grpc_status_class": "ok"}}})


def test_statuses_of_the_server_pass_through(scenario):
    with Gateway(scenario) as g:
        for act, messages in (("status:5:not-there:100%", []), ("stream:2 status:9:too-late", [b"s0 0", b"s0 1"])):
            reply = g.call(act=act)
            code, details = act.split("status:")[1].split(":", 1)
            assert (reply.code, reply.details, reply.messages) == (int(code), details, messages)
        g.s.step_admin({"get": "/metrics", "metric": {"name": "turnpike_grpc_requests_total", "value": 2, "labels": {
            "route": "default/calls", "grpc_status_class": "client"}}})
        g.s.step_log({"entry": {"grpc_status": 9, "status": 200}})


def test_large_messages_both_ways(scenario):
    with Gateway(scenario) as g:
        assert g.call(messages=[b"m" * 3_000_000] * 3, act="collect").messages == [b"3 9000000"]
        assert len(g.call(act="size:4000000").messages[0]) == 4_000_000


def test_bidirectional_streams_answer_each_message_at_once(scenario):
    with Gateway(scenario) as g:
        to_send, sent = threading.Semaphore(0), []

        def messages():
            for index in range(5):
                to_send.acquire()
                sent.append(index)
                yield b"m%d" % index

        call = g.client.channel.stream_stream("/shop.Cart/Talk")(messages(), timeout=20)
        for index in range(5):
            to_send.release()
            assert next(call) == b"m%d" % index  # before the next one is sent: nothing is kept back
            assert len(sent) == index + 1
        assert list(call) == []
        assert call.code() == grpc.StatusCode.OK


def test_a_slow_reader_slows_the_server(scenario):
    """64 MiB are on offer; a client that reads nothing must not make the gateway, or the server, buffer them."""
    with Gateway(scenario) as g:
        call = g.client.channel.stream_stream("/shop.Cart/List")(
            iter([b"x"]), timeout=30, metadata=(("x-act", "flood:1000:65536"),))
        next(call)
        time.sleep(1)
        memory = int(open(f"/proc/{g.s.gateway.pid}/statm").read().split()[1]) * 4096
        assert memory < 60 * 2**20, memory
        assert sum(len(m) for m in call) == 999 * 65536


def test_a_client_that_cancels_ends_the_call_at_the_server(scenario):
    with Gateway(scenario) as g:
        call = g.client.open("/shop.Cart/Watch", act="stream:1 sleep:10", timeout=20)
        assert next(call) == b"s0 0"
        call.cancel()
        assert g.servers[0].calls[0]["cancelled"].wait(5)


# --- our own answers

def test_our_errors_are_statuses(scenario):
    with Gateway(scenario) as g:
        reply = g.call("/other.Service/Get")
        assert (reply.code, reply.messages) == (12, [])
        assert reply.details == "Not Found"
        g.servers[0].stop()
        reply = g.call()
        assert reply.code == 14 and "; request " in reply.details
        assert "refused" not in reply.details and "127.0.0.1" not in reply.details
        g.s.step_log({"entry": {"response_flags": "no_route", "status": 200, "grpc_status": 12}})
        g.s.step_log({"entry": {"response_flags": "connect_refused", "status": 200, "grpc_status": 14}})


def test_backends_that_do_not_resolve_are_unavailable(scenario):
    config = ROUTE.replace("name: one", "name: gone")
    with Gateway(scenario, config=config) as g:
        assert g.call().code == 14
        g.s.step_condition({"of": "GRPCRoute calls", "type": "ResolvedRefs", "status": False,
                            "reason": "BackendNotFound"})


# --- deadlines

def test_a_deadline_reaches_the_server_shortened(scenario):
    with Gateway(scenario) as g:
        assert g.call(timeout=30).code == 0
        assert 20 < g.servers[0].calls[0]["time_remaining"] < 30.5  # the library rounds
        assert g.call(timeout=None).code == 0
        assert g.servers[0].calls[1]["time_remaining"] is None or g.servers[0].calls[1]["time_remaining"] > 3600


def test_a_route_timeout_is_a_deadline(scenario):
    with Gateway(scenario, sections="timeouts: {request: 300ms}") as g:
        reply = g.call(act="sleep:5", timeout=20)
        assert reply.code == 4
        assert g.servers[0].calls[0]["time_remaining"] <= 0.3
        assert g.servers[0].calls[0]["cancelled"].wait(4)
        g.s.step_log({"entry": {"grpc_status": 4}})  # ours or the server's, whose deadline it was too


def test_an_expired_deadline_is_ours_to_tell(scenario):
    with Gateway(scenario) as g:
        raw = RawCall(g.s.gateway.address(), timeout="200m", act="sleep:5")
        assert raw.status() == 4
        assert RawCall(g.s.gateway.address(), timeout="1").status() == 13  # malformed


# --- retries, health, outliers

def test_statuses_that_the_user_names_are_retried(scenario):
    with Gateway(scenario, servers=2, sections="retry: {attempts: 2, grpcStatuses: [unavailable]}") as g:
        reply = g.call(act="until:1 status:14:try again")
        assert (reply.code, reply.messages) == (0, [b"hello"]) or sum(len(s.calls) for s in g.servers) > 1
        assert g.call(act="status:5:gone").code == 5
        total = sum(len(s.calls) for s in g.servers)
        assert g.call(act="stream:1 status:14:late").code == 14  # a message has gone out: never again
        assert sum(len(s.calls) for s in g.servers) == total + 1


def test_no_status_is_retried_unless_named(scenario):
    with Gateway(scenario) as g:
        assert g.call(act="status:14:busy").code == 14
        assert len(g.servers[0].calls) == 1


def test_health_checks_ask_the_health_service(scenario):
    health = {"shop": 1}
    with Gateway(scenario, sections="healthCheck: {active: {grpc: {service: shop}, interval: 100ms, timeout: 1s, "
                                    "unhealthyThreshold: 1}}\n  loadBalancing: {type: RoundRobin, panicThreshold: 0}",
                 health=health) as g:
        assert g.call().code == 0
        health["shop"] = 2
        wait_for(lambda: g.call().code == 14)
        health["shop"] = 1
        wait_for(lambda: g.call().code == 0)
        assert any(c.get("service") == "shop" for c in g.servers[0].calls)


def test_outlier_detection_counts_statuses(scenario):
    with Gateway(scenario, servers=2, sections="healthCheck: {passive: {consecutiveGatewayErrors: 3, consecutive5xx: 0, "
                                               "baseEjection: 60s}}\n  loadBalancing: {type: RoundRobin}") as g:
        for _ in range(10):
            g.call(act="status:5:not our fault")
        g.s.step_admin({"get": "/metrics", "lacks": "turnpike_upstream_ejections_total"})
        for _ in range(10):
            g.call(act="status:14:down")
        g.s.step_admin({"get": "/metrics", "metric": {"name": "turnpike_upstream_ejections_total",
                                                      "labels": {"cause": "outlier"}, "at_least": 1}})


# --- gRPC-Web

def frame(message, flags=0):
    return struct.pack(">BI", flags, len(message)) + message


def frames(content):
    found = []
    while content:
        flags, size = struct.unpack(">BI", content[:5])
        found.append((flags, content[5:5 + size]))
        content = content[5 + size:]
    return found


def web(g, content, kind="application/grpc-web+proto", **more):
    headers = {"content-type": kind, "x-grpc-web": "1", **more.pop("headers", {})}
    g.s.step_request({"method": "POST", "path": more.pop("path", "/shop.Cart/Add"), "headers": headers,
                      "body": content, **more}, expect=200)
    return g.s.last


@pytest.mark.parametrize("kind", ["application/grpc-web+proto", "application/grpc-web-text+proto"])
def test_grpc_web(scenario, kind):
    text = "text" in kind
    with Gateway(scenario) as g:
        content = frame(b"tea")
        response = web(g, (base64.b64encode(content) if text else content).decode("latin-1"), kind,
                       headers={"x-act": "echo trailer:x-note=done"})
        assert response.get("content-type") == kind
        body = bytes(response.body)
        if text:
            body = b"".join(base64.b64decode(part + b"=" * (-len(part) % 4)) for part in split_base64(body))
        (flags, message), (last_flags, trailers) = frames(body)
        assert (flags, message, last_flags) == (0, b"tea", 0x80)
        lines = dict(line.split(": ", 1) for line in trailers.decode().split("\r\n") if line)
        assert lines["grpc-status"] == "0" and lines["x-note"] == "done"
        assert g.servers[0].calls[0]["metadata"].get("x-grpc-web") == "1"


def split_base64(text):
    """The pieces, each of which may have its own padding."""
    pieces, at = [], 0
    for index in range(0, len(text), 4):
        if text[index:index + 4].endswith(b"="):
            pieces.append(text[at:index + 4])
            at = index + 4
    return pieces + ([text[at:]] if at < len(text) else [])


def test_grpc_web_that_is_no_message_is_refused(scenario):
    with Gateway(scenario) as g:
        assert web(g, "*not base64*", "application/grpc-web-text").get("grpc-status") == "13"
        assert web(g, frame(b"x", 0x80).decode("latin-1")).get("grpc-status") == "13"


def test_grpc_web_statuses_without_messages(scenario):
    with Gateway(scenario) as g:
        response = web(g, frame(b"").decode("latin-1"), headers={"x-act": "status:7:no"})
        assert (response.get("grpc-status"), response.get("grpc-message")) == ("7", "no")
        assert web(g, frame(b"").decode("latin-1"), path="/other.Service/Get").get("grpc-status") == "12"


def test_cors_of_grpc_web(scenario):
    with Gateway(scenario, sections="cors: {allowOrigins: ['https://shop.test'], maxAge: 60}") as g:
        g.s.step_request({"method": "OPTIONS", "path": "/shop.Cart/Add", "headers": {
            "origin": "https://shop.test", "access-control-request-method": "POST",
            "access-control-request-headers": "content-type,x-grpc-web"}}, expect={"status": [200, 204], "headers": {
                "access-control-allow-origin": "https://shop.test"}})
        response = web(g, frame(b"tea").decode("latin-1"), headers={"origin": "https://shop.test"})
        assert response.get("access-control-allow-origin") == "https://shop.test"
        assert "grpc-status" in response.get("access-control-expose-headers").lower()
        assert g.servers[0].methods == ["/shop.Cart/Add"]


def test_preflights_without_cors_go_nowhere(scenario):
    with Gateway(scenario) as g:
        g.s.step_request({"method": "OPTIONS", "path": "/shop.Cart/Add", "headers": {
            "origin": "https://shop.test", "access-control-request-method": "POST"}}, expect=404)
        assert g.servers[0].calls == []


# --- pieces

def wait_for(condition, within=10):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class RawCall:
    """A call by a client that keeps no time itself: gRPC-Web over HTTP/1, which needs no library."""

    def __init__(self, address, timeout, act=""):
        content = frame(b"x")
        self.socket = socket.create_connection(address, 10)
        self.socket.sendall((f"POST /shop.Cart/Add HTTP/1.1\r\nhost: a.com\r\ncontent-type: application/grpc-web\r\n"
                             f"grpc-timeout: {timeout}\r\nx-act: {act}\r\ncontent-length: {len(content)}\r\n"
                             "connection: close\r\n\r\n").encode() + content)

    def status(self):
        text = b""
        while piece := self.socket.recv(65536):
            text += piece
        found = re.search(rb"grpc-status: ?(\d+)", text, re.I)  # of the head, or of the frame of trailers
        return int(found[1]) if found else None
