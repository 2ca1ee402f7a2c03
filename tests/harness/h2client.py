"""HTTP/2 client connections of a test, and what may be expected of them."""

import base64
import json
import time

from . import expect as expectations
from . import h2frames as h2
from . import http1
from .client import Client, normal_request
from .expect import Unmet, as_list
from .http1 import Malformed
from .http2 import Connection
from .strict import Wrong, only
from .wire import Closed, Reset, TooLate

# What may be expected of a stream or connection beside (or in place of) a response.
ENDS = {"reset", "goaway", "error", "refused", "alive", "frame", "so_far", "stream", "last", "no_frame", "closes",
        "interrupted"}


class Http2Client(Client):
    """`pending` holds the streams whose responses have not been read."""

    def __init__(self, *args, http2=True, **more):
        super().__init__(*args, **more)
        self.h2 = Connection(self.wire, self.reader, options=http2)
        self.current = None  # the stream that frames go to which name none
        self.looked_at = 0   # frames before this one have been expected already
        self.h2.begin()

    # --- sending

    def send_request(self, spec):
        spec = normal_request(spec)
        fields, pieces, trailers = request_parts(spec)
        method = spec.get("method", "GET")
        if "stream" in spec:
            raise Wrong("request: streams are numbered 1, 3, 5 … in order")
        stream = self.current = self.h2.open(method=method)
        self.pending.append(stream)
        open_ended = "protocol" in spec or spec.get("end_stream") is False
        ends = not pieces and not trailers and not spec.get("expect_continue") and not open_ended
        self.h2.send_headers(stream, fields, ends, spec.get("priority"))
        if ends or (open_ended and not pieces):
            return []
        rest = (stream, pieces, trailers, spec.get("pause", 0), not open_ended)
        if spec.get("expect_continue"):
            return [rest]
        self.send_rest(*rest)
        return []

    def send_rest(self, stream, pieces, trailers, pause, end_stream):
        deadline = time.monotonic() + 20
        try:
            for index, piece in enumerate(pieces or [b""]):
                time.sleep(pause)
                last = end_stream and not trailers and index == max(0, len(pieces) - 1)
                self.h2.send_data(stream, piece, last, deadline)
            if trailers:
                self.h2.send_headers(stream, trailers, True)
        except (Reset, Closed):  # what came instead is judged by what the test expects
            if not (stream.reset or stream.broken or self.h2.goaway):
                raise

    def send_held(self, held):
        self.send_rest(*held)

    def send_frames(self, frames):
        """Frames as a test writes them. A `headers` without a stream opens the next one."""
        for spec in as_list(frames):
            spec = {spec: None} if isinstance(spec, str) else spec
            (kind, body), = spec.items()
            if kind in ("wait", "pump"):  # lets answers come in between
                self.settle(body)
                continue
            if kind == "headers" and "stream" not in (body or {}):
                self.open_streams(body or {})
                continue
            self.h2.send_described(spec, self.current.id if self.current else 1)
            number = body.get("stream", 0) if isinstance(body, dict) else 0
            if isinstance(number, int) and number in self.h2.streams:
                self.current = self.h2.streams[number]
            if kind == "rst_stream" and self.current in self.pending:
                self.pending.remove(self.current)

    def open_streams(self, body):
        """`repeat` opens so many."""
        method = dict(h2.request_fields(body)).get(":method", "GET")
        for _ in range(body.get("repeat", 1)):
            self.current = self.h2.open(method=method)
            self.pending.append(self.current)
            self.h2.send_described({"headers": {k: v for k, v in body.items() if k != "repeat"}}, self.current.id)

    # --- receiving

    def settle(self, seconds):
        """Takes what comes in so many seconds."""
        deadline = time.monotonic() + seconds
        try:
            while True:
                self.h2.pump(deadline)
        except (TooLate, Closed, Reset):
            pass

    def stream(self, number=None):
        """The stream of that number, or the oldest whose response has not been read."""
        if number is not None:
            if number not in self.h2.streams:
                raise Wrong(f"stream {number} has not been opened")
            return self.h2.streams[number]
        if self.pending:
            return self.pending[0]
        if self.current is None:
            raise Wrong("no stream has been opened")
        return self.current

    def response(self, method=None, timeout=5.0, number=None):
        stream = self.stream(number)
        if stream in self.pending:
            self.pending.remove(stream)
        try:
            self.h2.wait(lambda: stream.remote_end or stream.reset, time.monotonic() + timeout)
        except (Closed, Reset):
            if stream.message is None:
                raise
            stream.message.cut = stream.broken
        if stream.message is None:
            raise Reset(f"stream {stream.id} was reset with {stream.reset} before a response")
        if hasattr(self, "session"):
            self.session = self.wire.sock.session
        return stream.message

    def head(self, number, timeout):
        """The head of a response whose content may never end."""
        stream = self.stream(number)
        self.h2.wait(lambda: stream.message or stream.reset, time.monotonic() + timeout)
        if stream.message is None:
            raise Unmet(f"stream {stream.id} was reset with {stream.reset} before a response")
        return stream.message

    def wait_closed(self, timeout=2.0):
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.h2.pump(deadline)
        except Closed:
            return "closed"
        except Reset:
            return "reset"

    # --- expectations

    def check_end(self, spec, timeout):
        """`spec`: what stands in ENDS. Raises Unmet."""
        number = spec.get("stream")
        deadline = time.monotonic() + timeout
        if "reset" in spec or "error" in spec or "refused" in spec:
            self.check_refusal(spec, self.stream(number) if number or self.pending or self.current else None, deadline)
        if spec.get("interrupted"):
            self.check_interrupted(self.stream(number), deadline)
        if "goaway" in spec:
            self.check_goaway(spec["goaway"], spec.get("last"), deadline)
        if "frame" in spec:
            for wanted in as_list(spec["frame"]):
                self.check_frame(wanted, deadline)
        if "no_frame" in spec:
            self.settle(0.05)
            for one in self.h2.frames:
                if fits(one, spec["no_frame"]):
                    raise Unmet(f"expected none like {spec['no_frame']}, got {one.shown()}")
        if "so_far" in spec:
            self.check_so_far(self.stream(number), spec["so_far"], deadline)
        if spec.get("alive"):
            self.check_alive(deadline)
        if spec.get("closes"):
            self.check_closes(deadline)

    def until(self, condition, deadline):
        """condition() once it holds or nothing more can come."""
        try:
            self.h2.wait(condition, deadline)
        except (Closed, Reset, TooLate):
            pass
        return condition()

    def check_refusal(self, spec, stream, deadline):
        by_response = "refused" in spec
        codes = as_list(spec.get("reset", spec.get("error", spec.get("refused"))))
        connection_too = "reset" not in spec
        if stream in self.pending:
            self.pending.remove(stream)

        def over():
            return (stream and (stream.reset or (by_response and stream.message))) or (connection_too and self.h2.goaway)
        self.until(over, deadline)
        if connection_too and self.h2.goaway:
            return self.check_goaway(codes, None, deadline)
        if by_response and stream and stream.message:
            if stream.message.status // 100 not in (4, 5):
                raise Unmet(f"the request was answered with {stream.message.status}, not refused")
        elif stream is None or not stream.reset:
            answer = f"; it was answered with {stream.message.status}" if stream and stream.message else ""
            raise Unmet(f"nothing refused it{answer}{self.ended()}")
        elif "any" not in codes and stream.reset not in codes:
            raise Unmet(f"stream {stream.id} was reset with {stream.reset}, expected {codes}")
        return self.check_alive(deadline)

    def check_interrupted(self, stream, deadline):
        """Whoever waits for the response cannot take it for a whole and good one."""
        if stream in self.pending:
            self.pending.remove(stream)
        self.until(lambda: stream.remote_end or stream.reset, deadline)
        if not stream.reset and not stream.broken and (stream.message is None or stream.message.status // 100 != 5):
            raise Unmet(f"stream {stream.id} was not interrupted{self.ended()}")

    def ended(self):
        goaway = f"; GOAWAY {self.h2.goaway['code']} came" if self.h2.goaway else ""
        return goaway + (f"; the connection ended: {self.h2.failed!r}" if self.h2.failed else "; the connection is open")

    def check_goaway(self, codes, last, deadline):
        codes = as_list(codes)
        goaway = self.until(lambda: self.h2.goaway, deadline)
        if not goaway:
            raise Unmet(f"no GOAWAY{self.ended()}")
        if "any" not in codes and goaway["code"] not in codes:
            raise Unmet(f"GOAWAY has {goaway['code']} ({goaway['debug']!r}), expected {codes}")
        if last is not None:
            self.until(lambda: self.h2.goaway["last"] == last, deadline)
            if self.h2.goaway["last"] != last:
                raise Unmet(f"GOAWAY says the last stream is {self.h2.goaway['last']}, expected {last}")
        if goaway["code"] != "NO_ERROR":
            self.check_closes(deadline)

    def check_closes(self, deadline):
        try:
            self.wait_closed(max(1.0, deadline - time.monotonic()))
        except TooLate:
            raise Unmet("the connection stays open") from None
        except Malformed:
            if self.h2.options.get("preface") is not False:  # who has not spoken HTTP/2 may get another answer
                raise
            super().wait_closed(max(1.0, deadline - time.monotonic()))

    def check_frame(self, wanted, deadline):
        """The next frame with these parts; what comes before it is passed by."""
        def found():
            for at in range(self.looked_at, len(self.h2.frames)):
                if fits(self.h2.frames[at], wanted):
                    return at + 1
            return 0
        at = self.until(found, deadline)
        if not at:
            raise Unmet(f"no frame like {wanted}{self.ended()}")
        self.looked_at = at

    def check_so_far(self, stream, size, deadline):
        """Exactly so many bytes of content have come, and no more come by themselves."""
        def came():
            return len(stream.message.body) if stream.message else 0
        self.until(lambda: came() >= size or stream.remote_end, deadline)
        self.settle(0.1)
        if came() != size or stream.remote_end:
            raise Unmet(f"{came()} bytes of content came{' and the end' if stream.remote_end else ''}, expected {size} so far")

    def check_alive(self, deadline):
        """The connection still answers a PING."""
        mark = b"%08d" % (len(self.h2.frames) % 100000000)
        try:
            self.h2.send(h2.frame("ping", 0, 0, mark))
            self.h2.wait(lambda: any(f.name == "ping" and f.flags & h2.ACK and f.payload == mark for f in self.h2.frames[-50:]), deadline)
        except (Closed, Reset, TooLate) as over:
            raise Unmet(f"the connection answers no PING: {over!r}{self.ended()}") from None


def fits(frame, wanted):
    try:
        expectations.match(frame.facts(), {"type": wanted} if isinstance(wanted, str) else wanted, "frame")
        return True
    except Unmet:
        return False


def request_parts(spec):
    """(fields, pieces of the content, trailers) of a request as the README describes it."""
    method = spec.get("method", "GET")
    target = str(spec.get("target", spec.get("path", "/")))
    fields = [(":method", method)]
    if method != "CONNECT" or "protocol" in spec:
        fields += [(":scheme", spec.get("scheme", "http")), (":path", target)]
    if spec.get("host", "gateway.test") is not None:
        fields.append((":authority", spec.get("host", "gateway.test")))
    if "protocol" in spec:
        fields.append((":protocol", spec["protocol"]))
    headers = [(n.lower(), v) for n, v in http1.field_list(spec.get("headers"))]
    named = {n for n, _ in headers}
    fields += headers
    if spec.get("expect_continue"):
        fields.append(("expect", "100-continue"))
    if "json" in spec:
        body = json.dumps(spec["json"]).encode()
        fields.append(("content-type", "application/json"))
    else:
        body = http1.pattern_bytes(spec["size"]) if "size" in spec else http1.as_bytes(spec.get("body", ""))
    trailers = [(n.lower(), v) for n, v in http1.field_list(spec.get("trailers"))]
    framing = spec.get("framing", "chunked" if "chunks" in spec or trailers or "protocol" in spec else "length")
    if framing == "length" and "content-length" not in named and (body or method in ("POST", "PUT", "PATCH")):
        fields.append(("content-length", str(len(body))))
    pieces = [http1.as_bytes(c) for c in spec["chunks"]] if "chunks" in spec else [body] if body else []
    return fields, pieces, trailers


def upgrade_settings(settings):
    """The value of HTTP2-Settings (RFC 7540 section 3.2.1)."""
    return base64.urlsafe_b64encode(h2.settings_payload(settings)).decode().rstrip("=")


def only_ends(spec):
    """The part of an expectation that concerns the stream or connection, and the rest, which concerns a response."""
    only(spec, ENDS | expectations.RESPONSE, "expect")
    ends = {k: v for k, v in spec.items() if k in ENDS}
    return ends, {k: v for k, v in spec.items() if k not in ENDS}
