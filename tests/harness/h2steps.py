"""Steps of a scenario that only HTTP/2 connections know."""

import time

from . import expect as expectations
from .expect import Unmet
from .h2client import Http2Client, only_ends
from .strict import Wrong
from .wire import Closed, Reset


class Http2Steps:
    """Part of Scenario."""

    def step_frames(self, frames, conn="c", to=None, tls=None, http2=None, expect=None, received=None):
        """Frames one after the other, each {type: {parts}}."""
        if conn not in self.clients:
            self.client(conn, to, tls, http2 or self.spec.get("http2") or True)
        client = self.clients[conn]
        if not isinstance(client, Http2Client):
            raise Wrong(f"frames: connection '{conn}' is not HTTP/2")
        began = time.monotonic()
        try:
            client.send_frames(frames)
        except Reset:  # the gateway may end it before all is written; what it says is expected below
            if expect is None:
                raise
        if expect is not None:
            self.check_response(client, self.of_stream(client, expect), began)
        if received is not None:
            self.step_received(received)

    @staticmethod
    def of_stream(client, spec):
        """What is expected right after sending is of the stream that was sent on."""
        if not isinstance(client, Http2Client) or not client.current:
            return spec
        return {"stream": client.current.id, **(spec if isinstance(spec, dict) else {"status": spec})}

    def check_http2(self, client, spec, began):
        """How a stream or connection goes on or ends, with or without a response."""
        ends, rest = only_ends(spec)
        timeout = rest.pop("within", 5.0) * self.slower
        number, head_only, closed = ends.get("stream"), rest.pop("head_only", False), rest.pop("closed", None)
        try:
            if head_only:
                self.last = client.head(number, timeout)
            elif rest:
                self.last = client.response(rest.get("for"), timeout, number)
            if rest:
                expectations.check_response(self.last, rest, began)
        except (Closed, Reset) as over:
            raise Unmet(f"{over}{client.ended()}") from None
        client.check_end(ends, timeout)
        if closed is True:
            client.check_closes(time.monotonic() + timeout)
        elif closed is False:
            client.check_alive(time.monotonic() + timeout)
