"""The harness tests itself against a plain relay: what is right passes, and what is wrong is found."""

from pathlib import Path

import pytest

from harness import expect, http1
from harness.scenario import Scenario, StepFailed, read_tests
from harness.strict import Wrong, load
from harness.upstream import reply_pieces

RELAY = Path(__file__).with_name("relay_gateway.py")


def run(text):
    with Scenario(load(text), RELAY) as scenario:
        scenario.run()


def test_a_request_reaches_the_echoing_upstream():
    run("""
upstreams: {shop: null}
steps:
- request: {method: POST, path: '/items?x=1', headers: {X-Test: one}, body: hello}
  expect: {status: 200, echo: {upstream: shop, method: POST, path: /items, headers: {x-test: one}, body: hello}}
- received: {by: shop, requests: 1, request: {target: '/items?x=1', absent: [X-Other], complete: true}}
""")


@pytest.mark.parametrize("wrong, said", [
    ("- request: GET /\n  expect: 404", "status: expected 404, got 200"),
    ("- request: GET /\n  expect: {headers: {X-None: '1'}}", "header X-None"),
    ("- request: GET /\n  expect: {closed: true}", "stays open"),
    ("- request: GET /\n  expect: {echo: {path: /other}}", "echo.path"),
    ("- request: GET /\n- received: {nothing: true, within: 0.1}", "expected not one byte"),
    ("- send: {data: 'x'}\n- receive: {nothing_for: 0.05}\n- receive: {closed: true, within: 0.1}", "stays open"),
    ("- log: {matches: nothing like that, within: 0.1}", "the log has nothing"),
    ("- admin: {get: /metrics, metric: {name: turnpike_config_reloads_total, at_least: 1}, within: 0.1}", "at_least 1"),
])
def test_what_is_not_met_fails_with_the_reason_and_the_bytes(wrong, said):
    with pytest.raises(StepFailed) as failure:
        run("upstreams: {shop: null}\nsteps:\n" + wrong)
    assert said in str(failure.value)
    assert "step" in str(failure.value) and "--- gateway stderr" in str(failure.value)


@pytest.mark.parametrize("wrong, said", [
    ("steps: [{reqest: GET /}]", "no step 'reqest'"),
    ("stepps: []", "did you mean 'steps'"),
    ("upstreams: {a: {reply: {satus: 200}}}\nsteps: [{request: GET /}]", "satus"),
    ("steps: [{wait: '${port.nobody}'}]", "nobody"),
])
def test_a_mistake_in_the_file_is_named(wrong, said):
    spec = "upstreams: {shop: null}\n" + wrong if "upstreams" not in wrong else wrong
    with pytest.raises((Wrong, StepFailed)) as failure:
        run(spec)
    assert said in str(failure.value)


def test_scripts_count_wait_and_misbehave():
    run("""
upstreams:
  pay:
  - {when: {request: 1}, reply: {status: 503, close: true}}
  - {when: {path: /chunked}, reply: {chunks: [ab, cd], trailers: {X-Sum: '4'}}}
  - {when: {path: /reset}, act: after_head, reset: null}
  - {when: {path: /cut}, reply: {body: '0123456789', cut: 7}}
  - {when: {path: /early}, do: [{interim: {status: 103, headers: {Link: x}}}, {reply: 204}]}
steps:
- request: GET /
  expect: {status: 503, closed: true}
- request: GET /chunked
  expect: {body: abcd, framing: chunked, trailers: {x-sum: '4'}}
- send: {data: "GET /reset HTTP/1.1\\r\\n\\r\\n"}
- receive: {closed: true}
- request: GET /cut
  expect: {cut: true}
- request: GET /early
  expect: {status: 204, interim: [{status: 103, headers: {link: x}}]}
- received: {requests: 5, connections: 5}
""")


def test_modes_of_upstreams():
    run("upstreams: {gone: {mode: refuse}}\nsteps:\n- send: x\n- receive: {closed: true}")
    run("upstreams: {mute: {mode: silent}}\nsteps:\n- send: {data: x}\n- receive: {nothing_for: 0.1}")
    run("upstreams: {rude: {mode: close}}\nsteps:\n- connect: c\n- receive: {closed: closed}")


def test_reload_is_told_from_refusal():
    run("""
upstreams: {a: null, b: {as: nothing}}
steps:
- reload: {by: HUP}
- reload: {config: "not: [yaml", by: HUP, expect: refused}
""")


def test_several_tests_share_what_stands_beside_them(tmp_path):
    file = tmp_path / "several.yaml"
    file.write_text("upstreams: {a: null}\ntests:\n- {name: one, steps: []}\n- {name: two, upstreams: {b: 1}, steps: []}\n")
    found = read_tests(file)
    assert list(found) == ["one", "two"] and set(found["two"]["upstreams"]) == {"a", "b"}


def test_certificates_and_tls_between_harness_client_and_upstream():
    run("""
certs:
  ca: {ca: true}
  site: {by: ca, hosts: [shop.test]}
  visitor: {by: ca, cn: visitor}
upstreams:
  shop: {tls: {cert: site, client_ca: ca}}
steps:
- request: GET /
  tls: {sni: shop.test, ca: ca, cert: visitor}
  expect: {echo: {tls: {sni: shop.test, client: visitor, version: TLSv1.3}}}
- connect: {as: other, tls: {sni: other.test, ca: ca}, fails: true}
""")


def test_reading_is_strict():
    for bad in (b"HTTP/1.1 200 OK\nA: b\r\n\r\n", b"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", b"HTTP/2 200 OK\r\n\r\n"):
        with pytest.raises(http1.Malformed):
            http1.parse_head(bad, http1.STATUS_LINE)
    both = http1.Message(headers=[("Content-Length", "1"), ("Transfer-Encoding", "chunked")])
    with pytest.raises(http1.Malformed):
        http1.framing_of(both)


def test_replies_are_framed_as_asked():
    assert reply_pieces({"body": "ab"}, "GET") == ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"], False)
    assert reply_pieces({"status": 204}, "GET") == ([b"HTTP/1.1 204 No Content\r\n\r\n"], False)
    assert reply_pieces({"body": "ab", "length": 5}, "GET")[0][0].endswith(b"Content-Length: 5\r\n\r\nab")
    assert reply_pieces({"body": "ab", "framing": "until_close"}, "GET")[1] is True


def test_metrics_are_summed_over_the_labels_not_named():
    text = '# HELP x\nx{a="1",b="p"} 2\nx{a="1",b="q"} 3\nx{a="2"} 5\n'
    assert expect.metric(text, "x", {"a": 1}) == 5
    assert expect.metric(text, "x", {"a": 3}) is None
