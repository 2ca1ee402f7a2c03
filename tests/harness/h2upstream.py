"""Scripted upstreams that speak HTTP/2: the actions of upstream.py for one stream each."""

import json
import select
import socket
import ssl
import threading
import time

from . import h2frames as h2
from . import http1
from .http2 import Connection as Http2Connection
from .strict import Wrong
from .upstream import PATIENCE, Connection
from .wire import Closed, Reset, TooLate, Wire


class SharedWire(Wire):
    """One thread reads while others write; OpenSSL wants them one at a time."""

    def __init__(self, wire):
        super().__init__(wire.sock, wire.name)
        self.lock = threading.Lock()
        self.sock.setblocking(False)

    def send(self, data, timeout=10.0):
        view, deadline = memoryview(data), time.monotonic() + timeout
        while view:
            try:
                with self.lock:
                    count = self.sock.send(view[:65536])
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TooLate(f"{self.name}: the peer took {self.sent_bytes} bytes and no more in {timeout} s") from None
                self.ready([], [self.sock], min(left, 0.2))
                continue
            except (OSError, ValueError) as broken:
                self.end = self.end or "reset"
                raise Reset(f"{self.name}: {broken}") from broken
            self.sent_bytes += count
            view = view[count:]

    def receive(self, timeout, most=65536):
        if self.end:
            raise Closed(self.name) if self.end == "closed" else Reset(self.name)
        deadline = time.monotonic() + timeout
        while True:
            try:
                with self.lock:
                    data = self.sock.recv(most)
                break
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TooLate(self.name) from None
                self.ready([self.sock], [], left)
            except (OSError, ValueError) as broken:
                self.end = "reset"
                raise Reset(f"{self.name}: {broken}") from broken
        if not data:
            self.end = "closed"
            raise Closed(self.name)
        self.received_bytes += len(data)
        return data

    def ready(self, reading, writing, timeout):
        try:
            select.select(reading, writing, [], timeout)
        except (OSError, ValueError) as broken:
            self.end = self.end or "reset"
            raise Reset(f"{self.name}: {broken}") from broken

    def close(self):
        self.quietly(socket.SHUT_RDWR)
        super().close()

    def reset(self):
        self.quietly(socket.SHUT_RD)  # wakes the reader, which otherwise keeps the socket alive
        super().reset()

    def quietly(self, how):
        try:
            self.sock.shutdown(how)
        except OSError:
            pass


def serve(connection):
    """Runs a connection until it ends; each request gets a thread of its own."""
    upstream = connection.upstream
    connection.wire = connection.reader.wire = SharedWire(connection.wire)
    connection.h2 = Http2Connection(connection.wire, connection.reader, server=True, threaded=True,
                                    options=upstream.options.get("http2"))
    connection.h2.on_request = lambda stream: begin(connection, stream)
    try:
        preface = connection.reader.exactly(len(h2.PREFACE), time.monotonic() + PATIENCE)
        if preface != h2.PREFACE:
            raise http1.Malformed(f"the preface is {preface!r}")
        connection.h2.begin()
        while not upstream.stopping.is_set():
            try:
                connection.h2.pump(time.monotonic() + 1.0)
            except TooLate:
                continue
    except http1.Malformed as wrong:
        upstream.complaints.append(f"{connection.wire.name}: the gateway sent no HTTP/2: {wrong}")
        connection.wire.close()


def begin(connection, stream):
    exchange = Exchange(connection, stream)
    connection.upstream.note_request(connection, stream.message)
    threading.Thread(target=exchange.run, daemon=True).start()


class Exchange(Connection):
    """One stream with the actions of a connection."""

    def __init__(self, connection, stream):
        self.upstream, self.wire, self.reader = connection.upstream, connection.wire, connection.reader
        self.replica, self.number, self.tls, self.h2 = connection.replica, connection.number, connection.tls, connection.h2
        self.proxy = connection.proxy
        self.requests = connection.requests
        self.stream = stream

    def run(self):
        request = self.stream.message
        rule = next(r for r in self.upstream.rules if r.fits(request, self))
        try:
            if rule.after_body:
                self.read_body(request)
                if not request.complete:
                    return
            self.perform(rule, request)
        except (Closed, Reset, TooLate, OSError):
            pass
        except Exception as wrong:  # a mistake in the script must fail the test
            self.upstream.complaints.append(f"{self.wire.name}: {type(wrong).__name__}: {wrong}")

    def over(self):
        return self.stream.reset or self.stream.broken or self.upstream.stopping.is_set()

    def read_body(self, request):
        self.h2.wait(lambda: self.stream.remote_end or self.over(), time.monotonic() + PATIENCE)
        if not self.stream.remote_end:
            request.cut = "reset" if self.stream.reset else self.stream.broken

    # --- actions

    def do_hang(self, value, request):
        self.h2.wait(self.over, time.monotonic() + PATIENCE)
        return False

    def do_slow_read(self, spec, request):
        """Gives back `bytes` of the window every `interval` (with `windows: manual`)."""
        while not self.stream.remote_end and not self.over():
            self.upstream.stopping.wait(spec.get("interval", 0.01))
            with self.h2.changed:
                self.h2.give_back(self.stream, by_hand=True)

    def do_interim(self, spec, request):
        spec = {"status": spec} if isinstance(spec, int) else spec
        fields = [(n.lower(), v) for n, v in http1.field_list(spec.get("headers"))]
        self.h2.send_headers(self.stream, [(":status", str(spec["status"])), *fields], False)

    def do_rst_stream(self, code, request):
        self.h2.send_described({"rst_stream": {"code": code or "INTERNAL_ERROR"}}, self.stream.id)
        return False

    def do_goaway(self, spec, request):
        self.h2.send_described({"goaway": {"last": self.stream.id, **(spec or {})}}, 0)

    def do_frames(self, frames, request):
        for one in frames if isinstance(frames, list) else [frames]:
            if isinstance(one, dict) and "wait" in one:
                self.upstream.stopping.wait(one["wait"])
            else:
                self.h2.send_described(one if isinstance(one, dict) else {one: None}, self.stream.id)

    def do_websocket(self, value, request):
        """Accepts an extended CONNECT (RFC 8441) and sends back what comes."""
        self.h2.send_headers(self.stream, [(":status", "200"), *http1.field_list(value)], False)
        return self.do_tunnel(None, request)

    def do_tunnel(self, value, request):
        """Sends back what comes until the peer is done."""
        sent, deadline = 0, time.monotonic() + PATIENCE
        while True:
            self.h2.wait(lambda: len(request.body) > sent or self.stream.remote_end or self.over(), deadline)
            data = bytes(request.body[sent:])
            sent += len(data)
            if data:
                self.h2.send_data(self.stream, data, False, deadline)
            elif self.stream.remote_end:
                self.h2.send_data(self.stream, b"", True, deadline)
                return False
            elif self.over():
                return False

    def do_reply(self, spec, request):
        spec = {"status": spec} if isinstance(spec, int) else dict(spec or {})
        status = spec.get("status", 200)
        fields = [(":status", str(status))] + [(n.lower(), v) for n, v in http1.field_list(spec.get("headers"))]
        pieces, trailers = content(spec, fields, status)
        bare = request.method == "HEAD" or spec.get("open")
        deadline = time.monotonic() + PATIENCE
        if "cut" in spec:
            self.h2.send_headers(self.stream, fields, False)
            self.h2.send_data(self.stream, b"".join(pieces)[:spec["cut"]], False, deadline)
            return self.do_rst_stream(None, request)
        ends = (bare and not spec.get("open")) or not (pieces or trailers or spec.get("open"))
        self.h2.send_headers(self.stream, fields, ends)
        if ends or spec.get("open"):
            return None
        for index, piece in enumerate(pieces):
            if spec.get("pause"):
                self.upstream.stopping.wait(spec["pause"])
            self.h2.send_data(self.stream, piece, not trailers and index == len(pieces) - 1, deadline)
        if trailers:
            self.h2.send_headers(self.stream, trailers, True)
        return None

    def perform(self, rule, request):
        for name, value in rule.actions:
            if getattr(self, "do_" + name)(value, request) is False:
                return False
        return True


def content(spec, fields, status):
    """(pieces, trailers) of a reply; adds the fields that go with the content."""
    named = {n for n, _ in fields}
    if "json" in spec:
        body = json.dumps(spec["json"]).encode()
        if "content-type" not in named:
            fields.append(("content-type", "application/json"))
    else:
        body = http1.pattern_bytes(spec["size"]) if "size" in spec else http1.as_bytes(spec.get("body", ""))
    trailers = [(n.lower(), v) for n, v in http1.field_list(spec.get("trailers"))]
    framing = spec.get("framing", "chunked" if "chunks" in spec or trailers or spec.get("open")
                       else "none" if status in (204, 304) or status // 100 == 1 else "length")
    if framing not in ("length", "chunked", "none", "until_close"):
        raise Wrong(f"framing: {framing}")
    if framing == "length" and "content-length" not in named:
        fields.append(("content-length", str(spec.get("length", len(body)))))
    pieces = [http1.as_bytes(c) for c in spec["chunks"]] if "chunks" in spec else [body] if body else []
    return [p for p in pieces if p], trailers
