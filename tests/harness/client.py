"""Client connections of a test: raw bytes or requests, with or without TLS."""

import socket
import ssl
import time

from . import http1
from .strict import Wrong, only
from .wire import Closed, Reader, Reset, TooLate, Wire

TLS = {"sni", "ca", "verify", "cert", "alpn", "versions", "resume"}
HTTP2_REQUEST = {"scheme", "protocol", "priority", "end_stream"}  # only over HTTP/2
REQUEST = {"method", "path", "target", "host", "headers", "body", "json", "size", "chunks", "trailers", "version",
           "framing", "pause", "expect_continue", *HTTP2_REQUEST}


def tls_version(text):
    return getattr(ssl.TLSVersion, "TLSv" + str(text).replace(".", "_"))


def tls_context(spec, certs):
    only(spec, TLS, "tls")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if "ca" in spec:
        context.load_verify_locations(certs.files(spec["ca"])[0])
    if "ca" not in spec or spec.get("verify") is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if not spec.get("sni"):
        context.check_hostname = False
    if "cert" in spec:
        context.load_cert_chain(*certs.files(spec["cert"]))
    if "alpn" in spec:
        context.set_alpn_protocols(spec["alpn"])
    if "versions" in spec:
        versions = spec["versions"] if isinstance(spec["versions"], list) else [spec["versions"]]
        context.minimum_version, context.maximum_version = tls_version(versions[0]), tls_version(versions[-1])
    return context


class Client:
    """One connection to the gateway. `pending` holds the methods of requests whose responses have not been read."""

    def __init__(self, name, address, tls=None, certs=None, receive_buffer=None, source=None, resume=None, before=None):
        self.name = name
        sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            sock.bind((source, 0))
        sock.settimeout(5)
        sock.connect(address)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.wire = Wire(sock, f"client {name}")
        if before:  # what a load balancer says before the client's own bytes
            self.wire.send(before.encode("latin-1"))
        if tls is not None:
            context = resume.context if resume else tls_context(tls, certs)
            self.context = context
            sock.settimeout(5)
            self.wire.sock = context.wrap_socket(sock, server_hostname=tls.get("sni") or None,
                                                 suppress_ragged_eofs=False, session=resume and resume.session)
            self.session = self.wire.sock.session
        self.reader = Reader(self.wire)
        self.pending = []

    def send_request(self, spec):
        """A request as the README describes it: "GET /path" or a mapping."""
        spec = normal_request(spec)
        head, pieces = request_pieces(spec)
        self.pending.append(spec.get("method", "GET"))
        if spec.get("expect_continue"):
            self.wire.send(head)
            return pieces
        self.send_pieces(head, pieces, spec.get("pause", 0))
        return []

    def send_pieces(self, head, pieces, pause=0):
        if not pause:
            for data in ([head + pieces[0], *pieces[1:]] if pieces else [head]):
                self.wire.send(data)
            return
        self.wire.send(head)
        for piece in pieces:
            time.sleep(pause)
            self.wire.send(piece)

    def send_held(self, piece):
        self.wire.send(piece)

    def response(self, method=None, timeout=5.0):
        if method is None:
            method = self.pending.pop(0) if self.pending else "GET"
        message = http1.read_response(self.reader, method, time.monotonic() + timeout)
        if hasattr(self, "session"):  # TLS 1.3 sends its tickets after the handshake
            self.session = self.wire.sock.session
        return message

    def wait_closed(self, timeout=2.0):
        """ "closed" or "reset"; bytes that come before stay in the buffer. TooLate when it stays open."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.reader.more(deadline)
        except Closed:
            return "closed"
        except Reset:
            return "reset"

    def is_open(self, within=0.1):
        try:
            return self.wait_closed(within) == ""
        except TooLate:
            return True

    def tls_facts(self):
        sock = self.wire.sock
        facts = {"version": sock.version(), "alpn": sock.selected_alpn_protocol(), "resumed": sock.session_reused,
                 "cipher": sock.cipher()[0]}
        peer = sock.getpeercert()
        if peer:
            facts["cn"] = dict(p[0] for p in peer["subject"]).get("commonName")
            facts["sans"] = [v for _, v in peer.get("subjectAltName", ())]
        return facts


def normal_request(spec):
    if isinstance(spec, str):
        method, _, target = spec.partition(" ")
        if not target:
            raise Wrong(f"request: {spec}: write 'METHOD /path'")
        spec = {"method": method, "path": target}
    only(spec, REQUEST, "request")
    return spec


def request_pieces(spec):
    """(head, [pieces of the body])."""
    method = spec.get("method", "GET")
    target = spec.get("target", spec.get("path", "/"))
    headers = http1.field_list(spec.get("headers"))
    named = {n.lower() for n, _ in headers}
    version = spec.get("version", "HTTP/1.1")
    if "host" not in named and spec.get("host", "gateway.test") is not None:
        headers.insert(0, ("Host", spec.get("host", "gateway.test")))
    if spec.get("expect_continue"):
        headers.append(("Expect", "100-continue"))
    if "json" in spec:
        import json
        body = json.dumps(spec["json"]).encode()
        headers.append(("Content-Type", "application/json"))
    elif "size" in spec:
        body = http1.pattern_bytes(spec["size"])
    else:
        body = http1.as_bytes(spec.get("body", ""))
    framing = spec.get("framing", "chunked" if "chunks" in spec or "trailers" in spec else "length")
    if framing == "chunked":
        if "transfer-encoding" not in named:
            headers.append(("Transfer-Encoding", "chunked"))
        pieces = list(http1.write_chunked([http1.as_bytes(c) for c in spec.get("chunks", [body])],
                                          http1.field_list(spec.get("trailers"))))
    else:
        if framing == "length" and "content-length" not in named and (body or method in ("POST", "PUT", "PATCH")):
            headers.append(("Content-Length", str(len(body))))
        pieces = [body] if body else []
    return http1.write_head(f"{method} {target} {version}", headers), pieces
