"""The HTTP/2 half of the harness tests itself: its client against its upstream through a plain relay, and against nghttpx."""

import shutil
from pathlib import Path

import hpack
import pytest

from harness import h2frames as h2
from harness.h2client import upgrade_settings
from harness.http1 import Malformed
from harness.http2 import check_fields
from harness.scenario import Scenario, StepFailed
from harness.strict import load

RELAY = Path(__file__).with_name("relay_gateway.py")
NGHTTPX = Path(__file__).with_name("nghttpx_gateway.py")


def run(text, binary=RELAY):
    with Scenario(load("http2: true\n" + text), binary) as scenario:
        scenario.run()


@pytest.fixture(params=["relay", "nghttpx"])
def binary(request):
    if request.param == "nghttpx" and not shutil.which("nghttpx", path="/usr/bin:/usr/sbin"):
        pytest.skip("nghttpx is not installed")
    return RELAY if request.param == "relay" else NGHTTPX


def test_requests_and_responses_with_content_and_trailers(binary):
    run("""
upstreams:
  shop:
    protocol: h2c
    script:
    - {when: {path: /trailers}, reply: {chunks: [ab, cd], trailers: {X-Sum: '4'}}}
    - {when: {path: /large}, reply: {size: 1048576}}
    - {when: {path: /early}, do: [{interim: {status: 103, headers: {Link: x}}}, {reply: 204}]}
    - {when: {path: /head}, reply: {body: never sent}}
steps:
- request: {method: POST, path: '/items?x=1', headers: {X-Test: one}, body: hello}
  conn: a
  expect: {status: 200, version: HTTP/2, echo: {method: POST, path: /items, version: HTTP/2, headers: {x-test: one}, body: hello}}
- {request: {method: POST, path: /, size: 300000}, conn: a, expect: {echo: {body_size: 300000}}}
- {request: {method: POST, path: /, chunks: [a, b], trailers: {X-T: '1'}}, conn: a}
- received: {request: {body: ab, trailers: {x-t: '1'}, framing: stream, complete: true}}
- {request: GET /trailers, conn: a, expect: {body: abcd, trailers: {x-sum: '4'}}}
- {request: GET /large, conn: a, expect: {pattern_body: 1048576, framing: length}}
- {request: GET /early, conn: a, expect: {status: 204, interim: [{status: 103, headers: {link: x}}]}}
- {request: {method: HEAD, path: /head}, conn: a, expect: {headers: {content-length: '10'}, body: '', alive: true}}
""", binary)


def test_streams_run_side_by_side(binary):
    run("""
upstreams:
  shop:
    protocol: h2c
    script: [{when: {path: /late}, do: [{release: go}, {reply: {body: late}}]}]
steps:
- {request: GET /late, conn: a, expect: null}
- {request: GET /soon, conn: a, expect: null}
- receive: {conn: a, stream: 3, status: 200}
- release: go
- receive: {conn: a, stream: 1, body: late}
""", binary)


def test_windows_hold_content_back(binary):
    run("""
upstreams: {shop: {protocol: h2c, script: {reply: {size: 1000}}}}
steps:
- connect: {as: a, http2: {settings: {INITIAL_WINDOW_SIZE: 10}, windows: manual}}
- {request: GET /, conn: a, expect: null}
- receive: {conn: a, so_far: 10, alive: true}
- {frames: [{window_update: {stream: 1, increment: 5}}], conn: a, expect: {so_far: 15}}
- {frames: [{settings: {INITIAL_WINDOW_SIZE: 985}}], conn: a, expect: {so_far: 990}}
- {frames: [{window_update: {stream: 1, increment: 10}}], conn: a, expect: {pattern_body: 1000}}
""", binary)


def test_a_stand_in_refuses_what_is_malformed():
    if not shutil.which("nghttpx", path="/usr/bin:/usr/sbin"):
        pytest.skip("nghttpx is not installed")
    run("""
upstreams: {shop: {protocol: h2c}}
steps:
- {frames: [{data: {stream: 0, data: x}}], conn: a, expect: {goaway: PROTOCOL_ERROR}}
- {frames: [{headers: {fields: {X-Upper: '1'}}}], conn: b, expect: {reset: PROTOCOL_ERROR}}
- {frames: [{ping: {data: abcdefgh}}], conn: c, expect: {frame: {type: ping, ack: true, data: abcdefgh}}}
- {frames: [{settings: {INITIAL_WINDOW_SIZE: 2147483648}}], conn: d, expect: {goaway: FLOW_CONTROL_ERROR}}
- {frames: [{headers: {end_headers: false}}, {ping: null}], conn: e, expect: {error: PROTOCOL_ERROR}}
- {frames: [{headers: {block: "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff"}}], conn: f, expect: {goaway: COMPRESSION_ERROR}}
""", NGHTTPX)


@pytest.mark.parametrize("wrong, said", [
    ("- {request: GET /, expect: {goaway: NO_ERROR, within: 0.1}}", "no GOAWAY"),
    ("- {request: GET /, expect: {reset: CANCEL, within: 0.1}}", "nothing refused it; it was answered with 200"),
    ("- {request: GET /, expect: {refused: CANCEL, within: 0.1}}", "not refused"),
    ("- {request: GET /, expect: {so_far: 3, within: 0.1}}", "expected 3 so far"),
    ("- {frames: [{ping: null}], expect: {frame: goaway, within: 0.1}}", "no frame like"),
    ("- {frames: [{ping: null}], expect: {no_frame: ping}}", "expected none like"),
    ("- {frames: [{headers: null}], expect: {status: 404}}", "expected 404, got 200"),
    ("- {frames: [{headers: null}], expect: {closes: true, within: 0.1}}", "stays open"),
])
def test_what_is_not_met_fails(wrong, said):
    with pytest.raises(StepFailed) as failure:
        run("upstreams: {shop: {protocol: h2c}}\nsteps:\n" + wrong)
    assert said in str(failure.value)
    assert "> headers stream=1" in str(failure.value) or "> ping" in str(failure.value)


def test_upstreams_misbehave_as_asked():
    run("""
upstreams:
  shop:
    protocol: h2c
    script:
    - {when: {path: /rst}, rst_stream: REFUSED_STREAM}
    - {when: {path: /cut}, reply: {body: '0123456789', cut: 7}}
    - {when: {path: /goaway}, do: [{goaway: {code: NO_ERROR}}, {reply: 200}]}
    - {when: {path: /close}, close: null}
    - {when: {path: /raw}, do: [{frames: [{ping: {data: '87654321'}}, {headers: {block: "\\x88", end_stream: true}}]}]}
steps:
- {request: GET /rst, conn: a, expect: {reset: REFUSED_STREAM}}
- {request: GET /cut, conn: a, expect: {cut: true, body: '0123456', alive: true}}
- {request: GET /raw, conn: a, expect: {status: 200, frame: {type: ping, data: '87654321'}}}
- {request: GET /goaway, conn: a, expect: {status: 200, goaway: NO_ERROR, last: 7}}
- {request: GET /close, conn: b, expect: {closes: true}}
""")


def test_tls_with_alpn_and_websockets():
    run("""
certs: {ca: {ca: true}, site: {by: ca, hosts: [shop.test]}}
upstreams: {shop: {tls: {cert: site, alpn: [h2]}, http2: {settings: {ENABLE_CONNECT_PROTOCOL: 1}}, script: [{when: {method: CONNECT}, act: after_head, websocket: null}]}}
steps:
- {request: {method: POST, path: /, size: 500000}, tls: {sni: shop.test, ca: ca}, expect: {echo: {body_size: 500000, tls: {alpn: h2}}}}
- {request: {method: CONNECT, path: /chat, protocol: websocket}, conn: a, tls: {sni: shop.test, ca: ca}, expect: {head_only: true, status: 200}}
- {frames: [{data: {data: hello}}], conn: a, expect: {so_far: 5}}
- {frames: [{data: {end_stream: true}}], conn: a, expect: {body: hello}}
""")


# --- the pieces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [
    [("X", "1")], [("a b", "1")], [("x", " 1")], [("x", "1\0")], [("x", "a\rb")], [("x", "1"), (":path", "/")], [(":path", "/"), (":path", "/")],
    [(":odd", "/")], [("connection", "close")], [("te", "gzip")], [("transfer-encoding", "chunked")], [("", "x")],
])
def test_malformed_fields_are_found(fields):
    with pytest.raises(Malformed):
        check_fields(fields, (":path",))


def test_frames_are_written_as_described():
    encoder = hpack.Encoder()
    assert h2.write({"ping": {"data": "abcdefgh"}}, encoder, 1) == b"\0\0\x08\x06\0\0\0\0\0abcdefgh"
    assert h2.write({"settings": "ack"}, encoder, 1) == b"\0\0\0\x04\x01\0\0\0\0"
    assert h2.write({"data": {"data": "hi", "pad": 2, "end_stream": True}}, encoder, 5) == b"\0\0\x05\0\x09\0\0\0\5\2hi\0\0"
    assert h2.write({"window_update": {"increment": 7, "repeat": 2}}, encoder, 3) == b"\0\0\4\x08\0\0\0\0\3\0\0\0\7" * 2
    assert h2.write({"raw": {"type": 99, "flags": 1, "payload": "x", "length": 5}}, encoder, 3) == b"\0\0\5c\1\0\0\0\3x"
    split = h2.write({"headers": {"block": "abcde", "split": 2, "end_stream": False}}, encoder, 1)
    assert split == b"\0\0\2\1\0\0\0\0\1ab\0\0\2\x09\0\0\0\0\1cd\0\0\1\x09\4\0\0\0\1e"
    assert h2.literal("a", "b", 0x40) == b"@\1a\1b"
    assert h2.integer(1337, 5) == b"\x1f\x9a\x0a"
    assert upgrade_settings({"INITIAL_WINDOW_SIZE": 65535}) == "AAQAAP__"
