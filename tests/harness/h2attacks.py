"""Floods by HTTP/2 frames, for tests of the budgets against them: each a generator of bytes to send."""

import time

from . import h2frames as h2

BASE = b"\x82\x86\x84\x01\x0cgateway.test"  # GET http / gateway.test, nothing indexed


class Attack:
    """The state of one attacker connection."""

    def __init__(self):
        self.stream = 1

    def headers(self, block=BASE, end_stream=True, stream=None):
        number = self.stream
        if stream is None:
            self.stream += 2
        flags = h2.END_HEADERS | (h2.END_STREAM if end_stream else 0)
        return h2.frame("headers", flags, number if stream is None else stream, block)


def rapid_reset(a):
    """CVE-2023-44487."""
    while True:
        out = b""
        for _ in range(100):
            number = a.stream
            out += a.headers() + h2.frame("rst_stream", 0, number, b"\0\0\0\x08")
        yield out


def made_you_reset(provoke):
    """CVE-2025-8671: the client makes the server reset a stream whose request is under way."""
    def rounds(a):
        while True:
            out = b""
            for _ in range(50):
                number = a.stream
                out += a.headers(end_stream=False) + provoke(number)
            yield out
    return rounds


def window_overflow(number):
    return h2.frame("window_update", 0, number, b"\x7f\xff\xff\xff")


def window_zero(number):
    return h2.frame("window_update", 0, number, b"\0\0\0\0")


def data_after_end(number):
    return h2.frame("data", h2.END_STREAM, number) + h2.frame("data", 0, number, b"x")


def headers_after_end(number):
    return h2.frame("data", h2.END_STREAM, number) + h2.frame("headers", 5, number, b"\x00\x01x\x01y")


def priority_of_wrong_length(number):
    return h2.frame("priority", 0, number, b"\0\0\0\0")


def priority_on_itself(number):
    return h2.frame("priority", 0, number, number.to_bytes(4, "big") + b"\x0f")


def continuation_flood(a):
    """CVE-2024-27316: a header block that never ends."""
    yield h2.frame("headers", h2.END_STREAM, 1, BASE)
    while True:
        yield h2.frame("continuation", 0, 1, h2.literal("x-a", "b" * 1000)) * 16


def empty_continuations(a):
    yield h2.frame("headers", h2.END_STREAM, 1, BASE)
    while True:
        yield h2.frame("continuation", 0, 1) * 500


def pings(a):
    while True:
        yield h2.frame("ping", 0, 0, b"12345678") * 500


def settings(a):
    while True:
        yield h2.frame("settings", 0, 0, h2.settings_payload({"HEADER_TABLE_SIZE": 4096})) * 200


def priorities(a):
    while True:
        yield h2.frame("priority", 0, 1, b"\0\0\0\x05\x10") * 500


def priority_updates(a):
    while True:
        yield h2.frame("priority_update", 0, 0, b"\0\0\0\x01u=1") * 500


def empty_data(a):
    yield a.headers(end_stream=False)
    while True:
        yield h2.frame("data", 0, 1) * 500


def padded_nothing(a):
    yield a.headers(end_stream=False)
    while True:
        yield h2.frame("data", h2.PADDED, 1, b"\0") * 500


def window_updates(a):
    yield a.headers(end_stream=False)
    while True:
        yield h2.frame("window_update", 0, 0, b"\0\0\0\x01") * 500


def unknown_frames(a):
    while True:
        yield h2.frame(99, 0, 0, b"") * 500


def hpack_references(a):
    """CVE-2016-6581: one large entry, referred to again and again."""
    yield a.headers(BASE + b"\x40\x01x" + h2.integer(3000, 7) + b"a" * 3000)
    while True:
        yield a.headers(BASE + b"\xbe" * 10000)


def cookie_crumbs(a):
    while True:
        yield a.headers(BASE + (b"\x0f\x11\x01a" * 3900))


def many_fields(a):
    """The smallest fields there are: 32 bytes each by RFC 7541 section 4.1."""
    while True:
        yield a.headers(BASE + b"\x00\x01a\x00" * 3900)


def closed_streams(a):
    yield a.headers()
    time.sleep(0.2)
    while True:
        yield h2.frame("window_update", 0, 1, b"\0\0\0\x01") * 500


# What it is called: the attack, and the budgets that may have been spent by it.
ATTACKS = {
    "rapid reset": (rapid_reset, {"client_reset"}),
    "MadeYouReset: window overflow": (made_you_reset(window_overflow), {"provoked_reset"}),
    "MadeYouReset: window update of zero": (made_you_reset(window_zero), {"provoked_reset"}),
    "MadeYouReset: DATA after END_STREAM": (made_you_reset(data_after_end), {"provoked_reset"}),
    "MadeYouReset: HEADERS after END_STREAM": (made_you_reset(headers_after_end), {"provoked_reset", ""}),
    "MadeYouReset: PRIORITY of a wrong length": (made_you_reset(priority_of_wrong_length), {"provoked_reset", ""}),
    "MadeYouReset: PRIORITY on itself": (made_you_reset(priority_on_itself), {"provoked_reset", ""}),
    "CONTINUATION without end": (continuation_flood, {"continuation", "header_list"}),
    "CONTINUATION without content": (empty_continuations, {"continuation", "empty_frame"}),
    "PING": (pings, {"ping", "output"}),
    "SETTINGS": (settings, {"settings", "output"}),
    "PRIORITY": (priorities, {"priority"}),
    "PRIORITY_UPDATE": (priority_updates, {"priority"}),
    "empty DATA": (empty_data, {"empty_frame"}),
    "DATA of padding alone": (padded_nothing, {"empty_frame"}),
    "WINDOW_UPDATE": (window_updates, {"window_update"}),
    "unknown frames": (unknown_frames, {"empty_frame"}),
    "HPACK references": (hpack_references, {"header_list"}),
    "cookie crumbs": (cookie_crumbs, {"header_list", "provoked_reset", "431"}),
    "fields of one byte": (many_fields, {"header_list", "provoked_reset", "431"}),
    "frames for closed streams": (closed_streams, {"closed_stream", "window_update"}),
}
