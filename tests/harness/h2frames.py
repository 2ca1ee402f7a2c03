"""Frames and header blocks of HTTP/2 (RFC 9113, RFC 7541): written as a test says, also wrongly, and read strictly."""

import struct
from dataclasses import dataclass

from .http1 import as_bytes, field_list, pattern_bytes
from .strict import Wrong, only

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
TYPES = {"data": 0, "headers": 1, "priority": 2, "rst_stream": 3, "settings": 4, "push_promise": 5, "ping": 6,
         "goaway": 7, "window_update": 8, "continuation": 9, "priority_update": 16}
TYPE_NAMES = {v: k for k, v in TYPES.items()}
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
ERRORS = ["NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
          "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
          "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"]
SETTINGS = {"HEADER_TABLE_SIZE": 1, "ENABLE_PUSH": 2, "MAX_CONCURRENT_STREAMS": 3, "INITIAL_WINDOW_SIZE": 4,
            "MAX_FRAME_SIZE": 5, "MAX_HEADER_LIST_SIZE": 6, "ENABLE_CONNECT_PROTOCOL": 8, "NO_RFC7540_PRIORITIES": 9}
DEFAULTS = {1: 4096, 2: 1, 3: 2**31, 4: 65535, 5: 16384, 6: 2**31}

# The keys of a frame as a test writes it: {headers: {stream: 1, fields: …}}.
COMMON = {"stream", "flags", "length", "payload", "repeat"}
KEYS = {
    "data": {"data", "size", "pad", "end_stream"},
    "headers": {"fields", "only", "method", "path", "scheme", "authority", "block", "end_stream", "end_headers", "pad", "priority",
                "split", "huffman", "literal", "filler"},
    "continuation": {"block", "end_headers"},
    "priority": {"on", "weight", "exclusive"},
    "rst_stream": {"code"},
    "settings": {"ack"} | set(SETTINGS) | {"raw"},
    "push_promise": {"promised", "block", "end_headers"},
    "ping": {"data", "ack"},
    "goaway": {"last", "code", "debug"},
    "window_update": {"increment"},
    "priority_update": {"of", "value"},
    "raw": {"type"},
}


def error_code(value):
    if isinstance(value, int):
        return value
    if value not in ERRORS:
        raise Wrong(f"there is no error code '{value}'; there are {', '.join(ERRORS)}")
    return ERRORS.index(value)


def error_name(code):
    return ERRORS[code] if code < len(ERRORS) else f"0x{code:x}"


@dataclass
class Frame:
    type: int
    flags: int
    stream: int
    payload: bytes

    @property
    def name(self):
        return TYPE_NAMES.get(self.type, f"type_{self.type}")

    def facts(self):
        """What a test may ask about: {type, stream, flags, and the type's own parts}."""
        facts = {"type": self.name, "stream": self.stream, "flags": self.flags, "length": len(self.payload)}
        body = self.payload
        if self.name == "rst_stream" and len(body) == 4:
            facts["code"] = error_name(struct.unpack(">I", body)[0])
        elif self.name == "goaway" and len(body) >= 8:
            last, code = struct.unpack(">II", body[:8])
            facts.update(last=last & 0x7FFFFFFF, code=error_name(code), debug=body[8:].decode("latin-1"))
        elif self.name == "window_update" and len(body) == 4:
            facts["increment"] = struct.unpack(">I", body)[0] & 0x7FFFFFFF
        elif self.name == "ping":
            facts.update(ack=bool(self.flags & ACK), data=body.decode("latin-1"))
        elif self.name == "settings":
            facts["ack"] = bool(self.flags & ACK)
            names = {v: k for k, v in SETTINGS.items()}
            facts.update({names.get(i, str(i)): v for i, v in settings_of(body)})
        elif self.name in ("data", "headers"):
            facts["end_stream"] = bool(self.flags & END_STREAM)
        return facts

    def shown(self):
        facts = self.facts()
        rest = " ".join(f"{k}={v}" for k, v in facts.items() if k not in ("type", "stream", "flags", "length"))
        return f"{self.name} stream={self.stream} flags=0x{self.flags:x} length={len(self.payload)} {rest}".rstrip()


def settings_of(payload):
    return [struct.unpack(">HI", payload[at:at + 6]) for at in range(0, len(payload) - 5, 6)]


def frame(kind, flags, stream, payload=b"", length=None):
    """The bytes of a frame; `length` may lie."""
    kind = TYPES[kind] if isinstance(kind, str) else kind
    return struct.pack(">I", len(payload) if length is None else length)[1:] + \
        struct.pack(">BBI", kind, flags, stream & 0xFFFFFFFF) + payload


def settings_payload(values):
    return b"".join(struct.pack(">HI", SETTINGS[k] if isinstance(k, str) else k, v) for k, v in values.items())


def integer(value, prefix, first=0):
    """An HPACK integer (RFC 7541 section 5.1)."""
    most = (1 << prefix) - 1
    if value < most:
        return bytes([first | value])
    out, value = bytearray([first | most]), value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def literal(name, value, form=0x00):
    """A literal field line without Huffman coding: form 0x00 not indexed, 0x40 into the table, 0x10 never indexed."""
    name, value = as_bytes(name), as_bytes(value)
    return bytes([form]) + integer(len(name), 7) + name + integer(len(value), 7) + value


def request_fields(spec):
    """[(name, value)] of a `headers:` frame: `only` these, or a request's pseudo-header fields and then `fields`."""
    if "only" in spec:
        return field_list(spec["only"])
    return [(":method", str(spec.get("method", "GET"))), (":scheme", str(spec.get("scheme", "http"))),
            (":path", str(spec.get("path", "/"))), (":authority", str(spec.get("authority", "gateway.test"))),
            *field_list(spec.get("fields"))]


def padded(flags, body, spec):
    if "pad" not in spec:
        return flags, body
    return flags | PADDED, bytes([spec["pad"]]) + body + b"\0" * spec["pad"]


def encode(encoder, spec):
    """The header block of a `headers:` frame."""
    if "block" in spec:
        return as_bytes(spec["block"])
    fields = request_fields(spec) + ([("x-filler", "a" * spec["filler"])] if "filler" in spec else [])
    if spec.get("literal"):
        return b"".join(literal(n, v) for n, v in fields)
    return encoder.encode([(as_bytes(n), as_bytes(v)) for n, v in fields], huffman=spec.get("huffman", True))


def write(spec, encoder, stream):
    """The bytes of one frame that a test describes; `stream` is the one it gets if it names none."""
    only(spec, set(KEYS) | {"bytes"}, "frame")
    ((kind, body),) = spec.items()
    if kind == "bytes":
        return as_bytes(body)
    body = {} if body is None else {"ack": True} if body == "ack" else body
    only(body, COMMON | KEYS[kind], f"frame {kind}")
    repeat = body.get("repeat", 1)
    stream = body.get("stream", 0 if kind in ("settings", "ping", "goaway", "priority_update") else stream)
    body = {k: v for k, v in body.items() if k not in ("stream", "repeat")}
    if kind == "headers":  # the encoder's table moves on with each
        return b"".join(one(kind, body, encoder, stream) for _ in range(repeat))
    return one(kind, body, encoder, stream) * repeat


def one(kind, body, encoder, stream):
    if kind == "raw":
        return frame(body["type"], body.get("flags", 0), stream, as_bytes(body.get("payload", "")), body.get("length"))
    flags, payload, rest = parts(kind, body, encoder, stream)
    if "payload" in body:
        payload = as_bytes(body["payload"])
    return frame(kind, body.get("flags", flags), stream, payload, body.get("length")) + rest


def parts(kind, body, encoder, stream):
    """(flags, payload, bytes of further frames)."""
    flags, rest = 0, b""
    if kind == "data":
        payload = pattern_bytes(body["size"]) if "size" in body else as_bytes(body.get("data", ""))
        flags, payload = padded(END_STREAM if body.get("end_stream") else 0, payload, body)
    elif kind == "headers":
        return headers_parts(body, encode(encoder, body), stream)
    elif kind == "continuation":
        flags, payload = END_HEADERS if body.get("end_headers", True) else 0, as_bytes(body.get("block", ""))
    elif kind == "priority":
        payload = priority_bytes(body)
    elif kind == "rst_stream":
        payload = struct.pack(">I", error_code(body.get("code", "CANCEL")))
    elif kind == "settings":
        flags = ACK if body.get("ack") else 0
        payload = settings_payload({k: v for k, v in body.items() if k in SETTINGS})
        payload += settings_payload(dict(body.get("raw") or {}))
    elif kind == "push_promise":
        flags = END_HEADERS if body.get("end_headers", True) else 0
        payload = struct.pack(">I", body.get("promised", 2)) + as_bytes(body.get("block", "\x82\x86\x84"))
    elif kind == "ping":
        flags, payload = ACK if body.get("ack") else 0, as_bytes(body.get("data", "12345678"))
    elif kind == "goaway":
        payload = struct.pack(">II", body.get("last", 0), error_code(body.get("code", "NO_ERROR"))) + as_bytes(body.get("debug", ""))
    elif kind == "window_update":
        payload = struct.pack(">I", body.get("increment", 1))
    elif kind == "priority_update":
        payload = struct.pack(">I", body.get("of", 1)) + as_bytes(body.get("value", "u=3"))
    return flags, payload, rest


def priority_bytes(spec):
    exclusive = 0x80000000 if spec.get("exclusive") else 0
    return struct.pack(">IB", spec.get("on", 0) | exclusive, spec.get("weight", 16) - 1)


def headers_parts(body, block, stream):
    """A HEADERS frame; `split: N` puts what follows the first N bytes into CONTINUATIONs of N bytes."""
    rest, flags = b"", END_STREAM if body.get("end_stream", True) else 0
    ends = body.get("end_headers", True)
    if "split" in body or (len(block) > 16384 and "length" not in body):
        size = body.get("split", 16384)
        pieces = [block[at:at + size] for at in range(0, len(block), size)] or [b""]
        block, more = pieces[0], pieces[1:]
        for index, piece in enumerate(more):
            rest += frame("continuation", END_HEADERS if ends and index == len(more) - 1 else 0, stream, piece)
        ends = ends and not more
    flags |= END_HEADERS if ends else 0
    if "priority" in body:
        flags |= PRIORITY
        block = priority_bytes(body["priority"]) + block
    flags, block = padded(flags, block, body)
    return flags, block, rest
