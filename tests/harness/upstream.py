"""Scripted upstreams: servers that answer, misbehave and remember as a test's YAML says (tests/e2e/README.md)."""

import base64
import hashlib
import json
import re
import socket
import ssl
import struct
import threading
import time

from . import http1
from .strict import Wrong, only
from .wire import Closed, Reader, Reset, TooLate, Wire

OPTIONS = {"as", "port", "namespace", "app_protocol", "replicas", "tls", "mode", "script", "receive_buffer", "protocol", "http2",
           "answers", "proxy"}
MODES = {"serve", "refuse", "silent", "unreachable", "close", "reset"}
RULE = {"when", "act", "do"}
WHEN = {"path", "path_prefix", "path_matches", "method", "header", "request", "first", "after", "connection",
        "on_connection", "replica"}
HTTP2_ACTIONS = {"rst_stream", "goaway", "frames"}  # on a connection that speaks it
ACTIONS = {"reply", "interim", "send", "wait", "close", "reset", "hang", "shutdown", "echo", "tunnel", "read_body",
           "slow_read", "release", "websocket", *HTTP2_ACTIONS}
REPLY = {"status", "reason", "version", "headers", "body", "json", "size", "chunks", "trailers", "framing", "length",
         "pause", "close", "cut", "body_on_head", "open"}
PATIENCE = 60.0  # the longest an upstream waits for anything


class Rule:
    def __init__(self, spec):
        if isinstance(spec, dict) and set(spec) & RULE:
            extra = {k: v for k, v in spec.items() if k not in RULE}
            only(spec, RULE | ACTIONS, "rule of an upstream")
            actions = [*spec.get("do", []), *({k: v} for k, v in extra.items())]
            self.when, act = spec.get("when", {}), spec.get("act", "after_body")
        else:
            actions, self.when, act = (spec if isinstance(spec, list) else [spec]), {}, "after_body"
        only(self.when, WHEN, "when")
        if act not in ("after_head", "after_body"):
            raise Wrong(f"act: {act}: use after_head or after_body")
        self.after_body = act == "after_body"
        self.actions = [self.action(a) for a in actions] or [("echo", None)]

    @staticmethod
    def action(spec):
        if isinstance(spec, int):
            return "reply", spec
        if isinstance(spec, str):
            spec = {spec: None}
        only(spec, ACTIONS, "action of an upstream")
        ((name, value),) = spec.items()
        if name in ("reply", "echo") and isinstance(value, dict):
            only(value, REPLY, name)
        return name, value

    def fits(self, request, connection):
        path = request.target.split("?")[0]
        for key, wanted in self.when.items():
            fits = {
                "path": lambda: path == wanted,
                "path_prefix": lambda: path.startswith(wanted),
                "path_matches": lambda: re.search(wanted, request.target),
                "method": lambda: request.method in ([wanted] if isinstance(wanted, str) else wanted),
                "header": lambda: all(request.get(n) == str(v) for n, v in wanted.items()),
                "request": lambda: request.number in (wanted if isinstance(wanted, list) else [wanted]),
                "first": lambda: request.number <= wanted,
                "after": lambda: request.number > wanted,
                "connection": lambda: connection.number in (wanted if isinstance(wanted, list) else [wanted]),
                "on_connection": lambda: request.number_on_connection == wanted,
                "replica": lambda: connection.replica == wanted,
            }[key]()
            if not fits:
                return False
        return True


def read_proxy_header(wire):
    """{version, source, destination} of the PROXY header that the connection must begin with, byte by byte."""
    def exactly(count):
        data = b""
        while len(data) < count:
            data += wire.receive(PATIENCE, count - len(data))
        return data

    head = exactly(12)
    if head == b"\r\n\r\n\0\r\nQUIT\n":
        command, family, size = struct.unpack("!BBH", exactly(4))
        rest = exactly(size)
        if command == 0x20 or family == 0:
            return {"version": 2, "local": True}
        width, kind = (4, socket.AF_INET) if family == 0x11 else (16, socket.AF_INET6)
        ports = struct.unpack("!HH", rest[2 * width:2 * width + 4])
        ips = [socket.inet_ntop(kind, rest[i * width:(i + 1) * width]) for i in (0, 1)]
        return {"version": 2, "source": ips[0], "source_port": ports[0], "destination": ips[1],
                "destination_port": ports[1]}
    while not head.endswith(b"\r\n"):
        head += exactly(1)
    words = head.decode().split()
    if words[0] != "PROXY":
        raise http1.Malformed(f"no PROXY header: {head!r}")
    if words[1] == "UNKNOWN":
        return {"version": 1, "local": True}
    return {"version": 1, "source": words[2], "source_port": int(words[4]), "destination": words[3],
            "destination_port": int(words[5])}


def rules_of(script):
    if script is None:
        return [Rule([])]
    if isinstance(script, list) and any(isinstance(r, dict) and set(r) & RULE for r in script):
        return [Rule(r) for r in script] + [Rule([])]
    return [Rule(script)]


class Connection:
    def __init__(self, upstream, wire, replica, number):
        self.upstream = upstream
        self.wire = wire
        self.reader = Reader(wire)
        self.replica = replica
        self.number = number
        self.requests = []
        self.tls = None
        self.proxy = None  # what a PROXY header told

    def speaks_http2(self):
        return self.tls["alpn"] == "h2" if self.tls else self.upstream.options.get("protocol") == "h2c"

    def serve(self):
        if self.speaks_http2():
            from . import h2upstream
            h2upstream.serve(self)
            return
        while True:
            try:
                request = http1.read_request_head(self.reader, time.monotonic() + PATIENCE)
            except http1.Malformed as wrong:
                self.upstream.complaints.append(f"{self.wire.name}: the gateway sent no HTTP request: {wrong}")
                self.wire.close()
                return
            self.upstream.note_request(self, request)
            rule = next(r for r in self.upstream.rules if r.fits(request, self))
            if rule.after_body:
                self.read_body(request)
                if not request.complete:
                    return
            keep = self.perform(rule, request)
            if not request.complete and keep:
                self.read_body(request)
            if not keep or request.get("connection", "").lower() == "close":
                self.wire.close()
                return

    def read_body(self, request):
        try:
            http1.read_body(self.reader, request, time.monotonic() + PATIENCE)
        except http1.Malformed as wrong:
            self.upstream.complaints.append(f"{self.wire.name}: bad content from the gateway: {wrong}")
            request.cut = "malformed"

    def perform(self, rule, request):
        """Does what the rule says; False when the connection is over."""
        for name, value in rule.actions:
            if getattr(self, "do_" + name)(value, request) is False:
                return False
        name, value = rule.actions[-1]
        if name == "reply" and isinstance(value, dict) and "cut" in value:
            return self.do_close(None, request)
        return True

    # --- actions

    def do_wait(self, seconds, request):
        self.upstream.stopping.wait(seconds)

    def do_close(self, value, request):
        self.wire.close()
        return False

    def do_reset(self, value, request):
        self.wire.reset()
        return False

    def do_shutdown(self, value, request):
        self.wire.shutdown()

    def do_send(self, data, request):
        spec = data if isinstance(data, dict) else {"data": data}
        only(spec, {"data", "repeat"}, "send")
        self.wire.send(http1.as_bytes(spec["data"]) * spec.get("repeat", 1), PATIENCE)

    def do_hang(self, value, request):
        """Answers nothing; ends when the gateway gives up."""
        while not self.upstream.stopping.is_set():
            try:
                self.wire.receive(0.2)
            except TooLate:
                continue
        return False

    def do_release(self, name, request):
        """Waits until a step says `release: name`."""
        self.upstream.gate(name).wait(PATIENCE)

    def do_read_body(self, value, request):
        self.read_body(request)

    def do_slow_read(self, spec, request):
        self.reader.most_per_read, self.reader.pause = spec.get("bytes", 1024), spec.get("interval", 0.01)
        self.read_body(request)

    def do_interim(self, spec, request):
        spec = {"status": spec} if isinstance(spec, int) else spec
        start = f"HTTP/1.1 {spec['status']} {spec.get('reason', 'Interim')}"
        self.wire.send(http1.write_head(start, http1.field_list(spec.get("headers"))))

    def do_echo(self, value, request):
        self.do_reply({"json": self.seen(request), **(value or {})}, request)

    def do_websocket(self, value, request):
        """Accepts a WebSocket (RFC 6455 section 4.2.2) and sends back what comes."""
        key = request.get("sec-websocket-key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        self.do_reply({"status": 101, "headers": {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": accept,
                                                  **(value or {})}, "framing": "none"}, request)
        return self.do_tunnel(None, request)

    def do_tunnel(self, value, request):
        """After a 101: sends back what comes until the peer is done."""
        try:
            while True:
                data = self.reader.take(len(self.reader.buffer)) or self.wire.receive(PATIENCE)
                self.wire.send(data)
        except Closed:
            self.wire.shutdown()
        return False

    def seen(self, request):
        headers = {}
        for name, value in request.headers:
            headers.setdefault(name.lower(), []).append(value)
        return {
            "upstream": self.upstream.name, "replica": self.replica, "connection": self.number,
            "request": request.number, "proxy": self.proxy, "method": request.method, "target": request.target,
            "path": request.target.split("?")[0], "version": request.version, "headers": headers,
            "host": request.get("host"), "body": bytes(request.body[:4096]).decode("latin-1"),
            "body_size": len(request.body), "tls": self.tls,
        }

    def do_reply(self, spec, request):
        spec = {"status": spec} if isinstance(spec, int) else dict(spec or {})
        pieces, closes = reply_pieces(spec, request.method)
        if "cut" in spec:  # the head and so many bytes of what follows
            whole = b"".join(pieces)
            pieces, closes = [whole[:whole.index(b"\r\n\r\n") + 4 + spec["cut"]]], False
        for index, piece in enumerate(pieces):
            if index and spec.get("pause"):
                self.upstream.stopping.wait(spec["pause"])
            self.wire.send(piece, PATIENCE)
        if closes:
            self.wire.close()
            return False
        return None


def reply_pieces(spec, method):
    """The bytes of a response in the pieces in which it is sent, and whether the connection closes after it."""
    status = spec.get("status", 200)
    headers = http1.field_list(spec.get("headers"))
    named = {n.lower() for n, _ in headers}
    bodiless = status // 100 == 1 or status in (204, 304)
    if "json" in spec:
        body = json.dumps(spec["json"]).encode()
        if "content-type" not in named:
            headers.append(("Content-Type", "application/json"))
    elif "size" in spec:
        body = http1.pattern_bytes(spec["size"])
    else:
        body = http1.as_bytes(spec.get("body", ""))
    framing = spec.get("framing", "chunked" if "chunks" in spec or "trailers" in spec
                       else "none" if bodiless else "length")
    closes = bool(spec.get("close")) or framing == "until_close"
    if framing == "chunked":
        headers.append(("Transfer-Encoding", "chunked"))
        pieces = list(http1.write_chunked([http1.as_bytes(c) for c in spec.get("chunks", [body])],
                                          http1.field_list(spec.get("trailers"))))
    else:
        if framing == "length" and "content-length" not in named:
            headers.append(("Content-Length", str(spec.get("length", len(body)))))
        pieces = [http1.as_bytes(c) for c in spec.get("chunks", [body])]
    if closes and "connection" not in named:
        headers.append(("Connection", "close"))
    if method == "HEAD" and not spec.get("body_on_head"):
        pieces = []
    reason = spec.get("reason", {200: "OK", 201: "Created", 204: "No Content", 304: "Not Modified",
                                 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable",
                                 101: "Switching Protocols"}.get(status, "Scripted"))
    head = http1.write_head(f"{spec.get('version', 'HTTP/1.1')} {status} {reason}", headers)
    if pieces and not spec.get("pause") and len(pieces[0]) < 65536:
        return [head + pieces[0], *pieces[1:]], closes
    return [head, *pieces], closes


class Upstream:
    """One named upstream: `replicas` listening sockets on loopback, a thread per connection."""

    def __init__(self, name, spec, certs=None):
        if isinstance(spec, dict) and set(spec) <= OPTIONS:
            options = spec
        else:
            options = {"script": spec}
        self.name = name
        self.options = options
        self.mode = options.get("mode", "serve")
        if options.get("protocol", "http1") not in ("http1", "h2c", "udp"):
            raise Wrong(f"upstream {name}: protocol: http1, h2c or udp")
        if self.mode not in MODES:
            raise Wrong(f"upstream {name}: there is no mode '{self.mode}'; there are {', '.join(sorted(MODES))}")
        self.rules = rules_of(options.get("script"))
        self.certs = certs
        self.connections = []
        self.requests = []
        self.datagrams = []  # (replica, bytes, peer), of protocol: udp
        self.complaints = []  # what the gateway must never send, whatever the test expects
        self.gates = {}
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self.fillers = []
        self.listeners = []
        for _ in range(options.get("replicas", 1)):
            self.listeners.append(self.open())
        self.ports = [s.getsockname()[1] for s in self.listeners]
        self.context = self.tls_context(options.get("tls"))
        if self.mode == "unreachable":
            self.fill()
        elif self.mode != "refuse" and options.get("protocol") != "udp":
            for replica, listener in enumerate(self.listeners):
                threading.Thread(target=self.accept, args=(listener, replica), daemon=True).start()

    def note_datagram(self, replica, data, peer):
        with self.changed:
            self.datagrams.append((replica, data, peer))
            self.changed.notify_all()

    def open(self, port=0):
        if self.options.get("protocol") == "udp":
            from .datagrams import DatagramReplica
            return DatagramReplica(self, len(self.listeners) if not port else self.ports.index(port), port)
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if "receive_buffer" in self.options:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.options["receive_buffer"])
        sock.bind(("127.0.0.1", port))
        if self.mode != "refuse":
            sock.listen(0 if self.mode == "unreachable" else 512)
        return sock

    def fill(self):
        """Fills the accept queue: further SYNs are dropped, so connecting neither succeeds nor fails."""
        for port in self.ports:
            for _ in range(3):
                sock = socket.socket()
                sock.setblocking(False)
                sock.connect_ex(("127.0.0.1", port))
                self.fillers.append(sock)

    def tls_context(self, spec):
        if not spec:
            return None
        only(spec, {"cert", "client_ca", "alpn", "versions", "demand"}, "tls of an upstream")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, key = self.certs.files(spec["cert"])
        context.load_cert_chain(chain, key)
        if "alpn" in spec:
            context.set_alpn_protocols(spec["alpn"])
        if "client_ca" in spec:
            context.verify_mode = ssl.CERT_REQUIRED if spec.get("demand", True) else ssl.CERT_OPTIONAL
            context.load_verify_locations(self.certs.files(spec["client_ca"])[0])
        if "versions" in spec:
            low, high = [getattr(ssl.TLSVersion, "TLSv" + str(v).replace(".", "_")) for v in spec["versions"]]
            context.minimum_version, context.maximum_version = low, high
        context.sni_callback = lambda sock, name, ctx: setattr(sock, "turnpike_sni", name)
        return context

    def accept(self, listener, replica):
        while not self.stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.handle, args=(sock, replica), daemon=True).start()

    def handle(self, sock, replica):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.changed:
            number = len(self.connections) + 1
            connection = Connection(self, Wire(sock, f"upstream {self.name} connection {number}"), replica, number)
            self.connections.append(connection)
            self.changed.notify_all()
        try:
            if self.options.get("proxy"):
                connection.proxy = read_proxy_header(connection.wire)
            if self.context:
                connection.tls = self.handshake(connection.wire)
            if self.mode in ("close", "reset"):
                getattr(connection.wire, self.mode)()
            elif self.mode == "silent":
                connection.do_hang(None, None)
            else:
                connection.serve()
        except (Closed, Reset, TooLate, OSError):
            connection.wire.close()
        except Exception as wrong:  # a mistake in the script must fail the test, not vanish with its thread
            self.complaints.append(f"{connection.wire.name}: {type(wrong).__name__}: {wrong}")
            connection.wire.close()
        with self.changed:
            self.changed.notify_all()

    def handshake(self, wire):
        wire.sock.settimeout(PATIENCE)
        raw = wire.sock
        try:
            wire.sock = self.context.wrap_socket(raw, server_side=True, suppress_ragged_eofs=False)
        except (ssl.SSLError, OSError) as failed:
            raw.close()
            raise Reset(f"TLS handshake: {failed}") from failed
        peer = wire.sock.getpeercert() if self.context.verify_mode != ssl.CERT_NONE else None
        subject = dict(pair[0] for pair in peer["subject"]) if peer else None
        return {"sni": getattr(wire.sock, "turnpike_sni", None), "alpn": wire.sock.selected_alpn_protocol(),
                "version": wire.sock.version(), "client": subject and subject.get("commonName")}

    def note_request(self, connection, request):
        with self.changed:
            self.requests.append(request)
            connection.requests.append(request)
            request.number = len(self.requests)
            request.number_on_connection = len(connection.requests)
            self.changed.notify_all()

    def gate(self, name):
        with self.changed:
            return self.gates.setdefault(name, threading.Event())

    # --- what tests ask and change

    @property
    def received_bytes(self):
        return sum(c.wire.received_bytes for c in self.connections)

    def wait_for(self, condition, timeout):
        """True as soon as condition() holds, False after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        with self.changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self.changed.wait(min(left, 0.02))  # bodies grow without notice
        return True

    def set_script(self, script):
        self.rules = rules_of(script)

    def stop_listening(self):
        """From now on connections are refused; those that stand are closed."""
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for connection in self.connections:
            connection.wire.shutdown()
            connection.wire.close()

    def listen_again(self):
        self.mode = "serve"
        for sock in self.fillers:
            sock.close()
        for listener in self.listeners:
            listener.close()
        self.listeners = [self.open(port) for port in self.ports]
        if self.options.get("protocol") == "udp":
            return
        for replica, listener in enumerate(self.listeners):
            threading.Thread(target=self.accept, args=(listener, replica), daemon=True).start()

    def close(self):
        self.stopping.set()
        for gate in self.gates.values():
            gate.set()
        for sock in [*self.listeners, *self.fillers]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        for connection in self.connections:
            connection.wire.shutdown()
            connection.wire.close()
