"""gRPC for tests: a server whose calls say what it shall do, and a client. Messages are plain bytes.

    with GrpcServer("v1") as v1:
        with scenario({"config": backends(v1) + ...}) as s, GrpcClient(s.gateway.address(), "a.com") as client:
            reply = client.call("/shop.Cart/Add", [b"tea"])

What the server does with a call stands in its metadata `x-act`, a list of words: `echo` (the default: each message is
sent back at once), `stream:N` (N messages), `size:N` (one message of N bytes), `flood:N:S` (N
messages of S bytes), `status:14:text` (ends with that status;
without a message before it the response is trailers only), `trailer:name=value`, `sleep:S`, `after:N` (what follows
holds from the Nth call of this server on; before, it echoes), `until:N` (the same the other way round), `collect` (one
message: how many came and how many bytes).
"""

import json
import threading
import time
from concurrent import futures
from dataclasses import dataclass, field

import pytest

grpc = pytest.importorskip("grpc", reason="python3-grpcio is not installed")


class GrpcServer:
    """`calls` holds what came: {method, metadata, time_remaining, cancelled}."""

    def __init__(self, name, credentials=None, health=None):
        self.name, self.calls, self.health = name, [], health
        self._lock = threading.Lock()
        self._server = grpc.server(futures.ThreadPoolExecutor(64), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((_Handler(self),))
        self.port = (self._server.add_secure_port("127.0.0.1:0", credentials) if credentials
                     else self._server.add_insecure_port("127.0.0.1:0"))

    def __enter__(self):
        self._server.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._server.stop(0).wait()

    @property
    def methods(self):
        with self._lock:
            return [call["method"] for call in self.calls]

    def _note(self, method, context):
        call = {"method": method, "metadata": dict(context.invocation_metadata()),
                "time_remaining": context.time_remaining(), "cancelled": threading.Event()}
        context.add_callback(call["cancelled"].set)
        with self._lock:
            self.calls.append(call)
            return call, len(self.calls)

    def _serve(self, method, requests, context):
        if method == "/grpc.health.v1.Health/Check":
            yield from self._check(context, requests)
            return
        call, number = self._note(method, context)
        acts = _acts(call["metadata"].get("x-act", "echo"), number)
        told = {k: v for k, v in call["metadata"].items() if isinstance(v, str)}
        if not acts[0].startswith("status:"):  # else the response is to be trailers only
            context.send_initial_metadata((("x-server", self.name), ("x-method", method), ("x-seen", json.dumps(told))))
        for act in acts:
            verb, _, rest = act.partition(":")
            if verb == "echo":
                yield from requests
            elif verb == "collect":
                sizes = [len(r) for r in requests]
                yield f"{len(sizes)} {sum(sizes)}".encode()
            elif verb == "stream":
                for index in range(int(rest)):
                    yield f"{self.name} {index}".encode()
            elif verb == "size":
                yield b"x" * int(rest)
            elif verb == "flood":
                count, _, size = rest.partition(":")
                for _ in range(int(count)):
                    yield b"x" * int(size)
            elif verb == "sleep":
                time.sleep(float(rest))
            elif verb == "trailer":
                name, _, value = rest.partition("=")
                context.set_trailing_metadata((*(context.trailing_metadata() or ()), (name, value)))
            elif verb == "status":
                code, _, text = rest.partition(":")
                context.set_code(next(c for c in grpc.StatusCode if c.value[0] == int(code)))
                context.set_details(text)
                return

    def _check(self, context, requests):
        service = b"".join(requests)[2:].decode()
        call, _ = self._note("/grpc.health.v1.Health/Check", context)
        call["service"] = service
        status = (self.health or {}).get(service)
        if status is None:
            context.set_code(grpc.StatusCode.NOT_FOUND)
            return
        yield bytes([8, status])


class _Handler(grpc.GenericRpcHandler):
    def __init__(self, server):
        self.server = server

    def service(self, details):
        method = details.method
        return grpc.stream_stream_rpc_method_handler(lambda requests, context: self.server._serve(method, requests, context))


def _acts(text, number):
    acts = text.split()
    if acts and acts[0].startswith(("after:", "until:")):
        verb, _, count = acts.pop(0).partition(":")
        if (number < int(count)) if verb == "after" else (number > int(count)):
            return ["echo"]
    return acts


@dataclass
class Reply:
    code: int
    details: str = ""
    messages: list = field(default_factory=list)
    initial: dict = field(default_factory=dict)
    trailing: dict = field(default_factory=dict)

    @property
    def server(self):
        return self.initial.get("x-server")

    @property
    def seen(self):
        """The metadata that the server saw."""
        return json.loads(self.initial["x-seen"])


class GrpcClient:
    def __init__(self, address, authority=None, credentials=None):
        address = ":".join(map(str, address))
        options = [("grpc.enable_retries", 0), ("grpc.use_local_subchannel_pool", 1)]
        if authority:
            options.append(("grpc.default_authority", authority))
        self.channel = (grpc.secure_channel(address, credentials, options) if credentials
                        else grpc.insecure_channel(address, options))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def open(self, method, messages=(b"hello",), timeout=10, act=None, **metadata):
        """The call itself, for streams; iterate over it."""
        pairs = [(k.replace("_", "-"), v) for k, v in metadata.items()]
        if act:
            pairs.append(("x-act", act))
        return self.channel.stream_stream(method)(iter(messages), timeout=timeout, metadata=pairs)

    def call(self, method, messages=(b"hello",), timeout=10, act=None, **metadata):
        call = self.open(method, messages, timeout, act, **metadata)
        reply = Reply(0)
        try:
            for message in call:
                reply.messages.append(message)
        except grpc.RpcError:
            pass
        reply.code, reply.details = call.code().value[0], call.details()
        reply.initial, reply.trailing = dict(call.initial_metadata() or ()), dict(call.trailing_metadata() or ())
        return reply


def backend(*servers, name=None, extra=""):
    """A Backend for the servers, named after the first."""
    endpoints = ", ".join(f"{{address: 127.0.0.1, port: {server.port}}}" for server in servers)
    return f"""---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {{name: {name or servers[0].name}}}
spec: {{endpoints: [{endpoints}]{extra}}}
"""


def service(server, namespace="default"):
    """A Service of port 8080 and its EndpointSlice."""
    return f"""---
apiVersion: v1
kind: Service
metadata: {{name: {server.name}, namespace: {namespace}}}
spec: {{ports: [{{name: grpc, port: 8080}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {server.name}-1, namespace: {namespace}, labels: {{kubernetes.io/service-name: {server.name}}}}}
addressType: IPv4
ports: [{{name: grpc, port: {server.port}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
"""
