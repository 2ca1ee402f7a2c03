"""Requests that others collected: HTTP/1.1 compliance probes and request smuggling (corpora/SOURCES.md)."""

import json
import time

import pytest
import yaml

from harness.client import Client
from harness.http1 import Malformed
from harness.wire import Closed, Reset, TooLate

WELL_BEHAVED = b"GET /after HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

# Cases whose bytes were lost on the way into the corpus: what the project that made it sends (a UTF-8 path).
PROBE_REPAIRS = {"MAL-NON-ASCII-URL": (b"GET /caf?? HTTP", b"GET /caf\xc3\xa9 HTTP")}

# Compliant by the collection, which judges heads alone; refused by a gateway, which must know where a message ends
# and what its path is: {name: (status, why)}.
DESYNC_EXCEPTIONS = {
    "Different Transfer-Encoding headers": (400, "Transfer-Encoding is accepted once, and as chunked alone"),
    "Different Transfer-Encoding headers combined": (501, "codings besides chunked are not implemented: RFC 9112 section 6.1"),
    "Transfer-Encoding with a param: chunked;custom_param": (400, "Transfer-Encoding is accepted once, and as chunked alone"),
    "Compliant URL": (400, "it has a fragment, and no request target has one: RFC 9112 section 3.2"),
}


def exchange(address, data, patience):
    """(statuses, how it ended): sends bytes as they are and reads what comes back until the end or silence."""
    client = Client("probe", address)
    statuses = []
    try:
        try:
            client.wire.send(data)
        except Reset:
            pass
        while True:
            statuses.append(client.response("HEAD" if data.startswith(b"HEAD ") else "GET", patience).status)
    except Closed:
        return statuses, "close"
    except Reset:
        return statuses, "close"
    except TooLate:
        return statuses, "timeout"
    except Malformed as wrong:
        pytest.fail(f"the gateway answered with no HTTP: {wrong}\n{client.wire.transcript()}")
    finally:
        client.wire.close()


def accepted(expected, statuses, end):
    """Whether an answer is one that the corpus allows: '400 or close', '400/405 or 2xx', '2xx + close', '!101'."""
    if expected.startswith("!"):
        return int(expected[1:]) not in statuses
    first = statuses[0] if statuses else None
    if "+" in expected:
        status, _, ending = expected.partition(" + ")
        return fits(status, first) and end == ending
    options = expected.replace(" or ", "/").split("/")
    return any((option == end and not statuses) if option in ("close", "timeout") else fits(option, first)
               for option in options)


def fits(option, status):
    if status is None:
        return False
    return status // 100 == int(option[0]) if option.endswith("xx") else status == int(option)


SHORT = """
apiVersion: turnpike.dev/v1alpha1
kind: ListenerPolicy
metadata: {name: short}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gw}]
  timeouts: {head: 1s, body: 1s, keepAlive: 5s}
"""


def test_the_compliance_probes_are_answered_as_expected(scenario, corpora, slower):
    cases = json.loads((corpora / "http1-probe" / "cases.json").read_text())
    wrong = []
    with scenario({"upstreams": {"shop": None}, "config": SHORT}) as s:
        for case in cases:
            data = case["rawRequest"].encode("latin-1")
            if case["id"] in PROBE_REPAIRS:
                data = data.replace(*PROBE_REPAIRS[case["id"]])
            statuses, end = exchange(s.gateway.address(), data, 0.25 * slower)
            if not accepted(case["expected"], statuses, end):
                wrong.append(f"{case['id']}: expected {case['expected']}, got {statuses} and {end}: {data[:150]!r}")
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(wrong)
    assert len(cases) == 74


# --- desync --------------------------------------------------------------------------------------------------------


def desync_cases(corpora, tier):
    for path in sorted((corpora / "desync").glob("*.yaml")):
        for case in yaml.safe_load(path.read_text()):
            if case["expected"]["tier"] == tier:
                yield f"{path.stem}: {case['name']}", case


def raw(text):
    """The collection's texts are bytes up to U+00FF; what lies beyond is a name that a client writes as UTF-8."""
    text = str(text)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def as_sent(case):
    """The request as the collection's parser was given it, with a Host (its cases are graded without)."""
    uri = raw(case["uri"])
    if not case["uri"]:
        uri = b"http://localhost"  # the one form in which a path may be empty (RFC 9112 section 3.2.2)
    elif case["expected"]["tier"] == "Compliant" and not str(case["uri"]).isascii():
        uri = b"".join(bytes([b]) if b < 128 else b"%%%02X" % b for b in str(case["uri"]).encode())  # RFC 3987 section 3.1
    headers = case.get("headers") or []
    lines = [b"%s %s %s" % (raw(case["method"]), uri, raw(case["version"]))]
    lines += [raw(h["name"]) + b": " + raw(h["value"]) for h in headers]
    if not any(str(h["name"]).lower() == "host" for h in headers):
        lines.insert(1, b"Host: localhost")
    return b"\r\n".join(lines) + b"\r\n\r\n"


def content_for(case):
    """The content that the head announces, so that a compliant request is a whole one."""
    for header in case.get("headers") or []:
        name, value = str(header["name"]).strip().lower(), str(header["value"]).strip().lower()
        if name == "transfer-encoding" and "chunked" in value:
            return b"5\r\nhello\r\n0\r\n\r\n"
        if name == "content-length" and value.isdigit():
            return b"x" * int(value)
    return b""


def test_every_severe_request_is_refused_and_not_a_byte_passed_on(scenario, corpora, slower):
    wrong, count = [], 0
    with scenario({"upstreams": {"shop": None}, "config": SHORT}) as s:
        for name, case in desync_cases(corpora, "Severe"):
            count += 1
            # What an attacker hides behind it must not be served either.
            statuses, end = exchange(s.gateway.address(), as_sent(case) + WELL_BEHAVED, 0.5 * slower)
            if statuses not in ([400], [501]) or end != "close":
                wrong.append(f"{name}: got {statuses} and {end}: {as_sent(case)[:200]!r}")
            received = s.upstreams["shop"].received_bytes
            if received:
                wrong.append(f"{name}: {received} bytes reached the upstream: {as_sent(case)[:200]!r}")
                break
        time.sleep(0.05)
        assert not s.upstreams["shop"].received_bytes
    assert not wrong, "\n".join(wrong)
    assert count >= 51


def test_every_compliant_request_is_served(scenario, corpora, slower):
    wrong, count = [], 0
    with scenario({"upstreams": {"shop": None}, "config": SHORT}) as s:
        for name, case in desync_cases(corpora, "Compliant"):
            count += 1
            wanted, _ = DESYNC_EXCEPTIONS.get(case["name"], (200, ""))
            statuses, _ = exchange(s.gateway.address(), as_sent(case) + content_for(case), 0.25 * slower)
            if statuses[:1] != [wanted]:
                wrong.append(f"{name}: got {statuses}: {as_sent(case)[:300]!r}")
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong)
    assert count >= 18
