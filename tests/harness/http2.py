"""One HTTP/2 connection of a test, in either role: strict about what the gateway sends, and able to send anything."""

import re
import threading
import time
from dataclasses import dataclass, field

import hpack

from . import h2frames as h2
from . import http1
from .http1 import Malformed, as_bytes
from .strict import only
from .wire import Closed, Reset, TooLate

OPTIONS = {"settings", "windows", "preface", "answer", "priorities"}
CONNECTION_FIELDS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
VALUE = re.compile(r"(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?")


@dataclass
class Message(http1.Message):
    """A request or response of one stream; pseudo-header fields of requests stay among the headers."""

    stream: int = 0
    reset: str = ""  # the code of the RST_STREAM that ended it
    ended_by_data: bool = False

    def get(self, name, default=None):
        value = super().get(name)
        if value is None and name.lower() == "host":
            value = super().get(":authority")
        return default if value is None else value


@dataclass
class Stream:
    id: int
    method: str = ""
    message: Message = None
    interim: list = field(default_factory=list)
    send_window: int = 65535
    receive_window: int = 65535
    unread: int = 0           # DATA received that no WINDOW_UPDATE has given back
    local_end: bool = False   # we sent END_STREAM
    remote_end: bool = False
    reset: str = ""           # by the peer
    we_reset: bool = False
    broken: str = ""          # the connection ended before it


class Connection:
    """`server`: the role of this end. With `threaded` another thread pumps, and waiting means waiting for it."""

    def __init__(self, wire, reader, server=False, options=None, threaded=False):
        options = {} if options in (None, True) else options
        only(options, OPTIONS, "http2")
        self.wire, self.reader, self.server, self.threaded = wire, reader, server, threaded
        self.options = options
        self.own = {**h2.DEFAULTS, **{h2.SETTINGS[k]: v for k, v in (options.get("settings") or {}).items() if k in h2.SETTINGS}}
        self.peer = dict(h2.DEFAULTS)
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder(max_header_list_size=1 << 24)
        self.decoder.max_allowed_table_size = max(4096, self.own[1])
        self.streams, self.frames, self.goaway = {}, [], None
        self.send_window = self.receive_window = 65535
        self.unread = 0
        self.settings_seen = False
        self.acks = 0
        self.block = None  # (frame, bytes) of a header block under way
        self.next_id, self.last_id = 1, 0
        self.failed = None
        self.changed = threading.Condition(threading.RLock())
        self.on_request = None
        self.log = wire.frames = []

    # --- sending

    def begin(self):
        data = b"" if self.server or self.options.get("preface") is False else h2.PREFACE
        if self.options.get("preface") is not False:
            data += h2.frame("settings", 0, 0, h2.settings_payload(self.options.get("settings") or {}))
        if data:
            self.log.append("> preface and settings")
            self.wire.send(data)

    def note(self, data):
        """Remembers for the report what is sent; data may be no whole frame."""
        at, shown = 0, 0
        while at + 9 <= len(data) and shown < 40:
            length = int.from_bytes(data[at:at + 3], "big")
            one = h2.Frame(data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big") & 0x7FFFFFFF,
                           data[at + 9:at + 9 + length])
            self.log.append("> " + one.shown())
            at, shown = at + 9 + length, shown + 1

    def send(self, data, timeout=10.0):
        with self.changed:
            self.note(data)
            self.wire.send(data, timeout)

    def send_described(self, spec, stream):
        """A frame as a test writes it; the streams it opens, ends and resets are remembered."""
        with self.changed:
            data = h2.write(spec, self.encoder, stream)
            self.follow(data)
            self.send(data)

    def follow(self, data):
        """Keeps the state of the streams that frames on their way out change."""
        at = 0
        while at + 9 <= len(data):
            length, kind, flags = int.from_bytes(data[at:at + 3], "big"), data[at + 3], data[at + 4]
            number = int.from_bytes(data[at + 5:at + 9], "big") & 0x7FFFFFFF
            if number and kind == h2.TYPES["headers"] and number not in self.streams and not self.server:
                self.open(number)
            stream = self.streams.get(number)
            if stream:
                stream.local_end |= kind in (0, 1) and bool(flags & h2.END_STREAM)
                stream.we_reset |= kind == h2.TYPES["rst_stream"]
                if kind == 0:
                    stream.send_window -= length
                    self.send_window -= length
                elif kind == h2.TYPES["window_update"] and length == 4:
                    stream.receive_window += int.from_bytes(data[at + 9:at + 13], "big")
            elif kind == h2.TYPES["window_update"] and number == 0 and length == 4:
                self.receive_window += int.from_bytes(data[at + 9:at + 13], "big")
            elif kind == h2.TYPES["settings"] and not flags & h2.ACK:
                self.announce(data[at + 9:at + 9 + length])
            at += 9 + length

    def announce(self, payload):
        """New settings of our own; a larger window counts at once, a smaller one only for what the peer knows."""
        for key, value in h2.settings_of(payload):
            if key == 4:
                for stream in self.streams.values():
                    stream.receive_window += max(0, value - self.own[4])
            self.own[key] = value
        self.decoder.max_allowed_table_size = max(self.decoder.max_allowed_table_size, self.own[1])

    def open(self, number=None, method="GET"):
        number = self.next_id if number is None else number
        self.next_id = max(self.next_id, number + 2)
        stream = self.streams[number] = Stream(number, method, send_window=self.peer[4], receive_window=self.own[4])
        return stream

    def send_headers(self, stream, fields, end_stream, priority=None):
        with self.changed:
            block = self.encoder.encode([(as_bytes(n), as_bytes(v)) for n, v in fields])
            body = {"end_stream": end_stream, **({"priority": priority} if priority else {})}
            flags, payload, rest = h2.headers_parts(body, block, stream.id)
            stream.local_end |= end_stream
            self.send(h2.frame("headers", flags, stream.id, payload) + rest)

    def send_data(self, stream, data, end_stream, deadline, pad=None):
        """Within the windows; waits for room. Raises Reset when the stream or connection ends first."""
        view = memoryview(data)
        while True:
            with self.changed:
                room = min(self.send_window, stream.send_window, self.peer[5])
                if room > 0 or not view:
                    size = max(0, min(len(view), room))
                    last = end_stream and size == len(view)
                    self.send_window -= size
                    stream.send_window -= size
                    stream.local_end |= last
                    self.send(h2.frame("data", h2.END_STREAM if last else 0, stream.id, bytes(view[:size])))
                    view = view[size:]
                    if not view:
                        return
                    continue
            self.wait(lambda: stream.reset or stream.broken or min(self.send_window, stream.send_window) > 0, deadline)
            if stream.reset or stream.broken:
                raise Reset(f"{self.wire.name}: stream {stream.id}: {stream.reset or stream.broken}")

    # --- receiving

    def wait(self, condition, deadline):
        """Until condition() holds; raises TooLate, or what ended the connection."""
        if self.threaded:
            with self.changed:
                while not condition():
                    if self.failed:
                        raise self.failed
                    left = deadline - time.monotonic()
                    if left <= 0:
                        raise TooLate(f"{self.wire.name}: not in time")
                    self.changed.wait(min(left, 0.5))
            return
        while not condition():
            if self.failed:
                raise self.failed
            self.pump(deadline)

    def pump(self, deadline):
        """Takes one frame; what ends the connection is remembered and raised."""
        try:
            head = self.reader.exactly(9, deadline)
            length = int.from_bytes(head[:3], "big")
            if length > max(self.own[5], 16384):
                raise Malformed(f"a frame of {length} bytes, more than MAX_FRAME_SIZE")
            try:
                payload = self.reader.exactly(length, deadline)
            except TooLate:
                self.reader.buffer[:0] = head  # to be read whole later
                raise
            with self.changed:
                one = h2.Frame(head[3], head[4], int.from_bytes(head[5:9], "big") & 0x7FFFFFFF, payload)
                self.take(one)
                self.changed.notify_all()
            return one
        except (Closed, Reset, Malformed, OSError) as over:
            with self.changed:
                self.failed = over
                for stream in self.streams.values():
                    if not stream.remote_end and not stream.reset:
                        stream.broken = "reset" if isinstance(over, Reset) else "closed"
                self.changed.notify_all()
            raise

    def take(self, one):
        self.frames.append(one)
        if len(self.log) < 4000:
            self.log.append("< " + one.shown())
        if not self.settings_seen and one.name != "settings":
            raise Malformed(f"the first frame is {one.name}, not settings")
        if self.block is not None and (one.name != "continuation" or one.stream != self.block[0].stream):
            raise Malformed(f"{one.name} within a header block")
        getattr(self, "take_" + one.name, self.ignore)(one)

    def ignore(self, one):
        pass

    def known(self, one):
        """The stream of a frame; None when it is one that we have reset and may forget."""
        stream = self.streams.get(one.stream)
        if stream is None:
            raise Malformed(f"{one.name} on stream {one.stream}, which is idle")
        if stream.we_reset:
            return None
        if stream.reset:
            raise Malformed(f"{one.name} on stream {one.stream} after its RST_STREAM")
        return stream

    def take_settings(self, one):
        if one.stream or len(one.payload) % 6 or (one.flags & h2.ACK and one.payload):
            raise Malformed(f"bad {one.shown()}")
        if one.flags & h2.ACK:
            self.acks += 1
            return
        self.settings_seen = True
        for key, value in h2.settings_of(one.payload):
            if (key == 2 and (value > 1 or (not self.server and value))) or (key == 4 and value > 2**31 - 1) or \
                    (key == 5 and not 16384 <= value <= 2**24 - 1):
                raise Malformed(f"setting {key} is {value}")
            if key == 4:
                for stream in self.streams.values():
                    stream.send_window += value - self.peer[4]
            if key == 1:
                self.encoder.header_table_size = min(value, 4096)
            self.peer[key] = value
        if self.options.get("answer") is not False:
            self.send(h2.frame("settings", h2.ACK, 0))

    def take_ping(self, one):
        if one.stream or len(one.payload) != 8:
            raise Malformed(f"bad {one.shown()}")
        if not one.flags & h2.ACK and self.options.get("answer") is not False:
            self.send(h2.frame("ping", h2.ACK, 0, one.payload))

    def take_goaway(self, one):
        if one.stream or len(one.payload) < 8:
            raise Malformed(f"bad {one.shown()}")
        facts = one.facts()
        if self.goaway and facts["last"] > self.goaway["last"]:
            raise Malformed(f"a GOAWAY that raises the last stream to {facts['last']}")
        self.goaway = facts

    def take_window_update(self, one):
        increment = one.facts().get("increment", 0)
        if len(one.payload) != 4 or not increment:
            raise Malformed(f"bad {one.shown()}")
        if one.stream == 0:
            self.send_window += increment
            if self.send_window > 2**31 - 1:
                raise Malformed("the connection's window overflows")
        elif (stream := self.streams.get(one.stream)) is None:
            raise Malformed(f"window_update on stream {one.stream}, which is idle")
        else:
            stream.send_window += increment

    def take_rst_stream(self, one):
        if len(one.payload) != 4:
            raise Malformed(f"bad {one.shown()}")
        stream = self.streams.get(one.stream)
        if stream is None:
            raise Malformed(f"rst_stream on stream {one.stream}, which is idle")
        if stream.reset:
            raise Malformed(f"a second rst_stream on stream {one.stream}")
        stream.reset = one.facts()["code"]
        if stream.message and not stream.message.complete:
            stream.message.cut = "reset"

    def take_push_promise(self, one):
        raise Malformed("a push promise")

    def take_data(self, one):
        self.receive_window -= len(one.payload)
        self.unread += len(one.payload)
        stream = self.known(one)
        data = one.payload
        if one.flags & h2.PADDED:
            if not data or data[0] >= len(data):
                raise Malformed("bad padding")
            data = data[1:len(data) - data[0]]
        if self.receive_window < 0:
            raise Malformed("more DATA than the connection's window allows")
        if stream is None:
            return self.give_back(None)
        stream.receive_window -= len(one.payload)
        stream.unread += len(one.payload)
        if stream.remote_end or stream.message is None:
            raise Malformed(f"DATA on stream {one.stream} " + ("after its end" if stream.remote_end else "before HEADERS"))
        if stream.receive_window < 0:
            raise Malformed(f"more DATA than the window of stream {one.stream} allows")
        stream.message.body += data
        if one.flags & h2.END_STREAM:
            stream.message.ended_by_data = True
            self.end(stream)
        self.give_back(stream)
        return None

    def give_back(self, stream, by_hand=False):
        """Opens the windows again, unless the test does it itself (windows: manual)."""
        if self.options.get("windows") == "manual" and not by_hand:
            return
        if self.unread >= 32768 or by_hand:
            self.send(h2.frame("window_update", 0, 0, self.unread.to_bytes(4, "big"))) if self.unread else None
            self.receive_window += self.unread
            self.unread = 0
        if stream and stream.unread and not stream.remote_end and (stream.unread * 2 >= self.own[4] or by_hand):
            self.send(h2.frame("window_update", 0, stream.id, stream.unread.to_bytes(4, "big")))
            stream.receive_window += stream.unread
            stream.unread = 0

    def take_headers(self, one):
        body = one.payload
        pad = 0
        if one.flags & h2.PADDED:
            pad, body = body[0], body[1:]
        if one.flags & h2.PRIORITY:
            body = body[5:]
        if pad > len(body):
            raise Malformed("bad padding")
        self.block = (one, bytearray(body[:len(body) - pad]))
        if one.flags & h2.END_HEADERS:
            self.whole_block()

    def take_continuation(self, one):
        if self.block is None:
            raise Malformed("a continuation without headers")
        self.block[1].extend(one.payload)
        if one.flags & h2.END_HEADERS:
            self.whole_block()

    def whole_block(self):
        (one, block), self.block = self.block, None
        try:
            fields = [(n.decode("latin-1"), v.decode("latin-1")) for n, v in self.decoder.decode(bytes(block), raw=True)]
        except hpack.HPACKError as wrong:
            raise Malformed(f"a header block that cannot be decoded: {wrong!r}") from wrong
        end_stream = bool(one.flags & h2.END_STREAM)
        if self.server and one.stream not in self.streams:
            if one.stream % 2 == 0 or one.stream <= self.last_id:
                raise Malformed(f"a request on stream {one.stream} after {self.last_id}")
            self.last_id = one.stream
            self.open(one.stream)
        stream = self.known(one)
        if stream is None:
            return
        if stream.remote_end:
            raise Malformed(f"HEADERS on stream {one.stream} after its end")
        if stream.message is not None:
            self.trailers(stream, fields, end_stream)
        elif self.server:
            self.request(stream, fields, end_stream, block)
        else:
            self.response(stream, fields, end_stream, block)

    # --- messages

    def trailers(self, stream, fields, end_stream):
        if not end_stream:
            raise Malformed(f"trailers on stream {stream.id} without END_STREAM")
        check_fields(fields, ())
        stream.message.trailers = fields
        self.end(stream)

    def response(self, stream, fields, end_stream, block):
        check_fields(fields, (":status",))
        status = dict(fields).get(":status", "")
        if not re.fullmatch(r"[1-5]\d\d", status) or status == "101":
            raise Malformed(f":status is {status!r}")
        message = Message(start=f"HTTP/2 {status} ", headers=[f for f in fields if f[0] != ":status"], stream=stream.id,
                          raw_head=text_of(fields), began=time.monotonic())
        if status[0] == "1":
            if end_stream:
                raise Malformed("an interim response that ends the stream")
            stream.interim.append(message)
            return
        message.interim, stream.message = stream.interim, message
        self.framing(stream, end_stream)

    def request(self, stream, fields, end_stream, block):
        check_fields(fields, (":method", ":scheme", ":path", ":authority", ":protocol"))
        pseudo = {n: v for n, v in fields if n.startswith(":")}
        connect = pseudo.get(":method") == "CONNECT" and ":protocol" not in pseudo
        wanted = {":method", ":authority"} if connect else {":method", ":scheme", ":path"}
        if not wanted <= set(pseudo) or (connect and set(pseudo) != wanted) or not pseudo.get(":path", "/"):
            raise Malformed(f"pseudo-header fields {pseudo}")
        if ":protocol" in pseudo and not self.own.get(8):
            raise Malformed("an extended CONNECT that we did not announce")
        hosts = [v for n, v in fields if n == "host"]
        if len(hosts) > 1 or (hosts and ":authority" in pseudo and hosts[0] != pseudo[":authority"]):
            raise Malformed(f"host {hosts} and :authority {pseudo.get(':authority')!r}")
        stream.method = pseudo[":method"]
        stream.message = Message(start=f"{stream.method} {pseudo.get(':path', pseudo.get(':authority'))} HTTP/2",
                                 headers=fields, stream=stream.id, raw_head=text_of(fields), began=time.monotonic())
        self.framing(stream, end_stream)
        if self.on_request:
            self.on_request(stream)

    def framing(self, stream, end_stream):
        lengths = stream.message.all("content-length")
        if len(lengths) > 1 or (lengths and not re.fullmatch(r"\d+", lengths[0])):
            raise Malformed(f"content-length {lengths}")
        stream.message.framing = "none" if end_stream else "length" if lengths else "stream"
        if end_stream:
            self.end(stream)

    def end(self, stream):
        message = stream.message
        stream.remote_end = message.complete = True
        message.ended = time.monotonic()
        bodiless = not self.server and (stream.method == "HEAD" or message.status in (204, 304))
        if bodiless and message.body:
            raise Malformed(f"content in answer to {stream.method} with status {message.status}")
        lengths = message.all("content-length")
        if lengths and not bodiless and int(lengths[0]) != len(message.body):
            raise Malformed(f"content-length {lengths[0]}, but {len(message.body)} bytes of DATA")


def text_of(fields):
    return "".join(f"{n}: {v}\r\n" for n, v in fields).encode("latin-1")


def check_fields(fields, pseudo):
    """Raises Malformed for what RFC 9113 section 8.2 and 8.3 forbid."""
    regular = False
    seen = set()
    for name, value in fields:
        if name.startswith(":"):
            if regular or name in seen or name not in pseudo:
                raise Malformed(f"pseudo-header field {name} " + ("after others" if regular else "that is not allowed here"))
            seen.add(name)
        else:
            regular = True
            if not NAME.fullmatch(name):
                raise Malformed(f"field name {name!r}")
        if not VALUE.fullmatch(value):
            raise Malformed(f"field {name}: {value!r}")
        if name in CONNECTION_FIELDS or (name == "te" and value != "trailers"):
            raise Malformed(f"connection-specific field {name}: {value}")
