"""A socket with deadlines that remembers what passed over it, and a buffered reader on top."""

import socket
import ssl
import struct
import time

KEPT = 256 * 1024  # bytes of each direction kept for the failure report and for `raw` expectations


class Closed(Exception):
    """The peer closed in order."""


class Reset(Exception):
    """The peer reset the connection."""


class TooLate(Exception):
    """Nothing came in time."""


def shown(data, most=1500):
    """Bytes as a person reads them: one line per line, escapes for the rest."""
    text = bytes(data[:most]).decode("latin-1").encode("unicode_escape").decode("ascii")
    text = text.replace("\\r\\n", "\\r\\n\n").rstrip("\n")
    return text + (f"\n… {len(data) - most} bytes more" if len(data) > most else "")


class Wire:
    """One connection. Every wait has a deadline; nothing here waits for ever."""

    def __init__(self, sock, name):
        self.sock = sock
        self.name = name
        self.sent = bytearray()
        self.received = bytearray()
        self.sent_bytes = 0
        self.received_bytes = 0
        self.end = ""  # how the peer ended it: "closed", "reset" or ""
        self.opened_at = time.monotonic()
        self.frames = None  # of HTTP/2, as lines for the report

    # --- sending

    def send(self, data, timeout=10.0):
        """All of `data`, or an exception: Reset, TooLate."""
        view = memoryview(data)
        deadline = time.monotonic() + timeout
        while view:
            self.sock.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                count = self.sock.send(view[:65536])
            except (TimeoutError, ssl.SSLWantWriteError) as late:
                raise TooLate(f"{self.name}: the peer took {self.sent_bytes} bytes and no more in {timeout} s") from late
            except (BrokenPipeError, ConnectionResetError, ssl.SSLError, OSError) as broken:
                self.end = self.end or "reset"
                raise Reset(f"{self.name}: {broken}") from broken
            self.sent_bytes += count
            if len(self.sent) < KEPT:
                self.sent += view[:count]
            view = view[count:]

    def send_slowly(self, data, size, interval):
        for start in range(0, len(data), size):
            self.send(data[start:start + size])
            if start + size < len(data):
                time.sleep(interval)

    # --- receiving

    def receive(self, timeout, most=65536):
        """Some bytes. Raises Closed, Reset or TooLate."""
        if self.end:
            raise Closed(self.name) if self.end == "closed" else Reset(self.name)
        self.sock.settimeout(max(0.001, timeout))
        try:
            data = self.sock.recv(most)
        except (TimeoutError, ssl.SSLWantReadError) as late:
            raise TooLate(self.name) from late
        except ssl.SSLEOFError as cut:  # TCP ended without close_notify
            self.end = "reset"
            raise Reset(self.name) from cut
        except (ConnectionResetError, BrokenPipeError, OSError) as broken:
            self.end = "reset"
            raise Reset(f"{self.name}: {broken}") from broken
        if not data:
            self.end = "closed"
            raise Closed(self.name)
        self.received_bytes += len(data)
        if len(self.received) < KEPT:
            self.received += data
        return data

    # --- ending

    def shutdown(self):
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        try:
            self.sock.close()
        except OSError:
            pass

    def reset(self):
        """RST instead of FIN."""
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.sock.close()
        except OSError:
            pass

    def transcript(self):
        if self.frames is not None:
            more = [f"… {len(self.frames) - 60} frames before"] if len(self.frames) > 60 else []
            ended = f"{self.end} by the peer" if self.end else "open"
            return "\n".join([f"--- {self.name}: frames, > to the gateway, < from it; {ended}", *more, *self.frames[-60:]])
        lines = [f"--- {self.name}: sent {self.sent_bytes} bytes"]
        if self.sent:
            lines.append(shown(self.sent))
        ended = f", then {self.end} by the peer" if self.end else ""
        lines.append(f"--- {self.name}: received {self.received_bytes} bytes{ended}")
        if self.received:
            lines.append(shown(self.received))
        return "\n".join(lines)


class Reader:
    """Takes bytes off a wire in the pieces that a protocol wants."""

    def __init__(self, wire):
        self.wire = wire
        self.buffer = bytearray()
        self.timeout = 5.0
        self.most_per_read = 65536
        self.pause = 0.0  # before each read: a slow reader

    def more(self, deadline):
        if self.pause:
            time.sleep(self.pause)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TooLate(f"{self.wire.name}: not complete in time")
        self.buffer += self.wire.receive(left, self.most_per_read)

    def until(self, mark, deadline, most=1 << 20):
        """Everything up to and with `mark`."""
        start = 0
        while (at := self.buffer.find(mark, start)) < 0:
            if len(self.buffer) > most:
                raise ValueError(f"{self.wire.name}: no {mark!r} within {most} bytes")
            start = max(0, len(self.buffer) - len(mark))
            self.more(deadline)
        return self.take(at + len(mark))

    def exactly(self, count, deadline):
        while len(self.buffer) < count:
            self.more(deadline)
        return self.take(count)

    def take(self, count):
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data
