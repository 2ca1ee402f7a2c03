"""WebSockets (RFC 6455) spoken by hand: a client, and an upstream that does what a test tells it."""

import socket
import struct
import threading
import time

from .client import Client
from .wire import Closed, Reset, TooLate

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(opcode, content=b"", mask=None, fin=True):
    head = bytes([(0x80 if fin else 0) | opcode])
    bit = 0x80 if mask else 0
    if len(content) < 126:
        head += bytes([bit | len(content)])
    elif len(content) < 65536:
        head += bytes([bit | 126]) + struct.pack(">H", len(content))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(content))
    return head + (mask + masked(content, mask) if mask else content)


def masked(content, mask):
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(content))


def read_frame(exactly):
    """(opcode, content); `exactly(n)` gives n bytes."""
    first, second = exactly(2)
    size = second & 0x7f
    if size == 126:
        size = struct.unpack(">H", exactly(2))[0]
    elif size == 127:
        size = struct.unpack(">Q", exactly(8))[0]
    mask = exactly(4) if second & 0x80 else None
    content = bytes(exactly(size))
    return first & 15, masked(content, mask) if mask else content


class WebSocket:
    """The client's end."""

    MASK = b"\x21\x43\x65\x87"

    def __init__(self, address, path="/ws"):
        self.client = Client("websocket", address)
        self.client.send_request({"path": path, "headers": {
            "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}})
        answer = self.client.response()
        assert answer.status == 101, answer.start

    def send(self, opcode, content=b""):
        self.client.wire.send(frame(opcode, content, self.MASK))

    def receive(self, timeout=10.0):
        deadline = time.monotonic() + timeout
        return read_frame(lambda n: self.client.reader.exactly(n, deadline) if n else b"")

    def nothing(self, within):
        """Whether no byte comes for so long."""
        try:
            self.client.reader.more(time.monotonic() + within)
        except TooLate:
            return True
        except (Closed, Reset):
            return False
        return False

    def ended(self, timeout=10.0):
        return self.client.wait_closed(timeout)


class Feed:
    """An upstream of WebSockets: answers text with the same, and notes each frame. `pongs`: whether it answers pings."""

    def __init__(self, pongs=True):
        self.pongs = pongs
        self.frames = []   # (opcode, content), of all connections
        self.sockets = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [self.listener, *self.sockets]:
            one.close()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.sockets.append(sock)
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def serve(self, sock):
        stream = sock.makefile("rb")

        def exactly(count):
            data = stream.read(count)
            if len(data) < count:
                raise EOFError
            return data
        try:
            while stream.readline() not in (b"\r\n", b""):
                pass
            sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            while True:
                opcode, content = read_frame(exactly)
                self.frames.append((opcode, content))
                if opcode == TEXT:
                    sock.sendall(frame(TEXT, content))
                elif opcode == PING and self.pongs:
                    sock.sendall(frame(PONG, content))
                elif opcode == CLOSE:
                    sock.sendall(frame(CLOSE, content))
                    return
        except (EOFError, OSError):
            pass
        finally:
            sock.close()
