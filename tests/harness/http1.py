"""Just enough HTTP/1 to drive tests: strict when reading, and able to write what is wrong on purpose."""

import json
import re
import time
from dataclasses import dataclass, field

from .wire import Closed, Reset


class Malformed(Exception):
    """What the gateway or the client sent is no HTTP message."""


@dataclass
class Message:
    start: str = ""
    headers: list = field(default_factory=list)   # (name, value) as on the wire
    body: bytearray = field(default_factory=bytearray)
    trailers: list = field(default_factory=list)
    raw_head: bytes = b""
    framing: str = "none"      # none, length, chunked, until_close
    complete: bool = False     # the whole body came
    cut: str = ""              # how it broke off: "closed" or "reset"
    interim: list = field(default_factory=list)   # the 1xx messages before
    chunk_sizes: list = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0

    def all(self, name, fields=None):
        return [v for n, v in (self.headers if fields is None else fields) if n.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        return values[0] if values else default

    @property
    def status(self):
        return int(self.start.split(" ")[1])

    @property
    def reason(self):
        return self.start.split(" ", 2)[2]

    @property
    def method(self):
        return self.start.split(" ")[0]

    @property
    def target(self):
        return self.start.split(" ")[1]

    @property
    def version(self):
        return self.start.split(" ")[2] if not self.start.startswith("HTTP/") else self.start.split(" ")[0]

    def json(self):
        return json.loads(bytes(self.body).decode())


STATUS_LINE = re.compile(r"HTTP/1\.[01] [1-5]\d\d [^\r\n]*")
REQUEST_LINE = re.compile(r"[!#-'*+.^-z|~0-9A-Z-]+ [^ ]+ HTTP/1\.[01]")


def parse_fields(lines):
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise Malformed(f"no field line: {line!r}")
        fields.append((name, value.strip(" \t")))
    return fields


def parse_head(raw, pattern):
    text = raw.decode("latin-1")
    if "\n" in text.replace("\r\n", ""):
        raise Malformed(f"bare LF in {text!r}")
    lines = text[:-4].split("\r\n")
    if not pattern.fullmatch(lines[0]):
        raise Malformed(f"first line is {lines[0]!r}")
    return Message(start=lines[0], headers=parse_fields(lines[1:]), raw_head=raw, began=time.monotonic())


def read_body(reader, message, deadline, on_data=None):
    """Fills message.body by its framing. Closed and Reset mark the message as cut and are not raised."""
    try:
        if message.framing == "length":
            left = int(message.get("content-length"))
            while left:
                if not reader.buffer:
                    reader.more(deadline)
                data = reader.take(min(left, len(reader.buffer)))
                message.body += data
                left -= len(data)
        elif message.framing == "chunked":
            read_chunks(reader, message, deadline)
        elif message.framing == "until_close":
            try:
                while True:
                    message.body += reader.take(len(reader.buffer))
                    reader.more(deadline)
            except Closed:
                message.body += reader.take(len(reader.buffer))
        message.complete = True
    except Closed:
        message.cut = "closed"
    except Reset:
        message.cut = "reset"
    message.ended = time.monotonic()


def read_chunks(reader, message, deadline):
    while True:
        line = reader.until(b"\r\n", deadline)[:-2].decode("latin-1")
        size = line.split(";")[0]
        if not re.fullmatch(r"[0-9a-fA-F]{1,16}", size):
            raise Malformed(f"chunk size {line!r}")
        count = int(size, 16)
        if count == 0:
            break
        message.chunk_sizes.append(count)
        message.body += reader.exactly(count, deadline)
        if reader.exactly(2, deadline) != b"\r\n":
            raise Malformed("no CRLF after a chunk")
    lines = []
    while (line := reader.until(b"\r\n", deadline)) != b"\r\n":
        lines.append(line[:-2].decode("latin-1"))
    message.trailers = parse_fields(lines)


def framing_of(message):
    codings = message.all("transfer-encoding")
    if codings:
        if message.all("content-length"):
            raise Malformed("Transfer-Encoding and Content-Length together")
        if [c.strip().lower() for c in ",".join(codings).split(",")] != ["chunked"]:
            raise Malformed(f"Transfer-Encoding {codings}")
        return "chunked"
    lengths = message.all("content-length")
    if len(lengths) > 1 or (lengths and not lengths[0].isdigit()):
        raise Malformed(f"Content-Length {lengths}")
    return "length" if lengths else "none"


def read_response(reader, method, deadline):
    """One final response with the interim ones before it. Raises TooLate, Closed, Reset before the head is whole."""
    interim = []
    while True:
        message = parse_head(reader.until(b"\r\n\r\n", deadline), STATUS_LINE)
        if message.status // 100 != 1 or message.status == 101:
            break
        interim.append(message)
    message.interim = interim
    status = message.status
    framing = framing_of(message)
    if method == "HEAD" or status in (101, 204, 304) or (method == "CONNECT" and status // 100 == 2):
        message.framing, message.complete, message.ended = "none", True, time.monotonic()
        return message
    message.framing = framing if framing != "none" else "until_close"
    read_body(reader, message, deadline)
    return message


def read_request_head(reader, deadline):
    message = parse_head(reader.until(b"\r\n\r\n", deadline), REQUEST_LINE)
    message.framing = framing_of(message)
    return message


# --- writing -------------------------------------------------------------------------------------------------------


def field_list(spec):
    """Headers as written in YAML: a mapping (a list as value repeats the field) or a list of [name, value]."""
    if not spec:
        return []
    if isinstance(spec, list):
        return [(str(n), str(v)) for n, v in spec]
    return [(str(n), str(v)) for n, values in spec.items() for v in (values if isinstance(values, list) else [values])]


def write_head(start, headers):
    lines = [start] + [f"{n}: {v}" for n, v in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def write_chunked(chunks, trailers=()):
    """Pieces of a chunked body, the last one with the trailers."""
    for chunk in chunks:
        if chunk:
            yield f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n"
    yield b"0\r\n" + "".join(f"{n}: {v}\r\n" for n, v in trailers).encode("latin-1") + b"\r\n"


def as_bytes(value):
    """YAML text as bytes: characters up to U+00FF are bytes, so "\\x00" and "\\xff" work; others become UTF-8."""
    if isinstance(value, bytes):
        return value
    text = str(value)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def pattern_bytes(size):
    """`size` bytes that differ from place to place, so that a shifted or repeated piece shows."""
    line = b"".join(b"%07d " % n for n in range(min(size // 8 + 1, 125000)))
    return (line * (size // len(line) + 1))[:size] if size else b""
