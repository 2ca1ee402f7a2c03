"""turnpike run: starting, refusing, draining, signals, the admin API. What requests meet is tested in tests/e2e."""

import http.client
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness.gateway import Gateway

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: hello}
spec:
  parentRefs: [{name: gw}]
  rules:
  - filters: [{type: RequestRedirect, requestRedirect: {hostname: example.com}}]
"""
SECRET = """---
apiVersion: v1
kind: Secret
metadata: {name: token}
stringData: {password: swordfish-4711}
"""


@pytest.fixture
def gateway(request, tmp_path):
    """gateway("--option", ..., config=TEXT, wait=True) starts one; it is stopped at the end."""
    started = []

    def make(*args, config=CONFIG, wait=True):
        one = Gateway(ROOT / request.config.getoption("--binary"), tmp_path / str(len(started)), args,
                      request.config.getoption("--slower"))
        started.append(one)
        one.write_config(config)
        one.start(wait=wait)
        return one
    yield make
    for one in started:
        if one.process is not None:
            one.stop()


def until(condition, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def fetch(gateway, connection=None):
    connection = connection or http.client.HTTPConnection(*gateway.address(), timeout=5)
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    return response


def ends_with(gateway, code, seconds=10):
    assert gateway.wait_exit(seconds) == code
    gateway.process = None


# --- start ---------------------------------------------------------------------------------------------------------


def test_says_where_it_listens_and_that_it_is_ready(gateway):
    one = gateway()
    text = one.stderr().decode()
    assert "listening listener=default/gw/http address=127.0.0.1:" in text and "ready version=" in text
    ports = one.ports()
    assert ports["generation"] == 1 and ports["admin"].startswith("127.0.0.1:")
    assert ports["listeners"][0]["gateway"] == "default/gw" and ports["listeners"][0]["port"] == 8080


def test_a_bad_configuration_ends_the_start_with_1(gateway):
    one = gateway(config=CONFIG.replace("listeners", "listenerz"), wait=False)
    ends_with(one, 1)
    assert b"gateway.yaml:6:3: error: " in one.stderr() and b"listeners" in one.stderr() and b"^" in one.stderr()


def test_a_taken_port_ends_the_start_with_3_and_names_the_listener(gateway, tmp_path, request):
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:  # would share the port with us
        one = Gateway(ROOT / request.config.getoption("--binary"), tmp_path / "taken")
        one.write_config(CONFIG.replace("8080", str(taken.getsockname()[1])))
        one.out, one.err = open(one.folder / "stdout", "wb"), open(one.folder / "stderr", "wb")
        done = subprocess.run([one.binary, "run", "--config", one.config, "--bind", "127.0.0.1", "--admin", "off"],
                              capture_output=True, text=True, timeout=20)
    assert done.returncode == 3
    assert "default/gw/http" in done.stderr and "gateway.yaml:7" in done.stderr and "in use" in done.stderr


def test_a_taken_admin_address_ends_the_start_with_3(gateway):
    one = gateway()
    two = gateway("--admin", one.ports()["admin"], wait=False)
    ends_with(two, 3)
    assert b"--admin off" in two.stderr()


def test_an_access_log_that_cannot_be_written_ends_the_start_with_3(gateway):
    one = gateway("--access-log", "/nonexistent/access.log", wait=False)
    ends_with(one, 3)
    assert b"/nonexistent/access.log" in one.stderr()


# --- changes -------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_refuses_the_whole_change(gateway):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        one = gateway()
        one.process.terminate(), one.process.wait()
        one.process = None
        # Ports as written this time.
        free = socket.create_server(("127.0.0.1", 0))
        first = free.getsockname()[1]
        free.close()
        config = CONFIG.replace("8080", str(first))
        one.write_config(config)
        process = subprocess.Popen([one.binary, "run", "--config", one.config, "--bind", "127.0.0.1", "--admin", "127.0.0.1:0",
                                    "--ports-file", one.ports_file], stderr=open(one.folder / "stderr", "wb"),
                                   stdout=subprocess.DEVNULL)
        try:
            until(lambda: one.ports() and one.ports()["listeners"][0]["port"] == first)
            bad = config.replace("protocol: HTTP}", f"protocol: HTTP}}\n  - {{name: b, port: {port}, protocol: HTTP}}")
            one.write_config(bad.replace("example.com", "changed.example.com"))
            until(lambda: b"configuration refused" in one.stderr())
            assert b"default/gw/b" in one.stderr()
            assert fetch(one).getheader("Location") == f"http://example.com:{first}/"  # nothing of the change is in force
            status = json.loads(one.admin("/status")[1])["configuration"]
            assert status["generation"] == 1 and "default/gw/b" in status["refused"]["error"]
        finally:
            process.terminate()
            assert process.wait(10) == 0


def test_refused_changes_are_shown_until_a_good_one(gateway):
    one = gateway()
    one.reload(CONFIG.replace("rules", "rulez"), expect="refused")
    refused = json.loads(one.admin("/status")[1])["configuration"]["refused"]
    assert refused["diagnostics"][0]["line"] == 14 and "rules" in refused["diagnostics"][0]["hint"]
    assert "turnpike_config_ok 0" in one.admin("/metrics")[1]
    one.reload(CONFIG + "\n")
    assert json.loads(one.admin("/status")[1])["configuration"]["refused"] is None
    assert "turnpike_config_ok 1" in one.admin("/metrics")[1]


def test_an_emptied_file_is_refused(gateway):
    one = gateway()
    one.reload("", expect="refused")
    assert fetch(one).status == 302 and b"no resource in it any more" in one.stderr()


def test_standard_input_is_read_once(request, tmp_path):
    ports = tmp_path / "ports.json"
    process = subprocess.Popen([ROOT / request.config.getoption("--binary"), "run", "-c", "-", "--bind", "127.0.0.1",
                                "--ephemeral-ports", "--admin", "off", "--ports-file", ports], stdin=subprocess.PIPE,
                               stdout=subprocess.DEVNULL, stderr=open(tmp_path / "stderr", "wb"))
    try:
        process.stdin.write(CONFIG.encode())
        process.stdin.close()
        until(ports.exists)
        process.send_signal(signal.SIGHUP)
        until(lambda: b"standard input can be read only once" in (tmp_path / "stderr").read_bytes())
    finally:
        process.terminate()
        assert process.wait(10) == 0


def test_memory_limit_sheds_load(gateway):
    route = CONFIG.split("---\n")[1]
    many = "".join(f"---\n{route.replace('hello', f'r{i}')}" for i in range(5000))  # takes more than the 16 MiB allowed
    one = gateway("--memory-limit", "16Mi", config=CONFIG + many)
    until(lambda: json.loads(one.admin("/status")[1])["pressure"] == "critical")
    assert fetch(one).status == 503
    until(lambda: any(entry["response_flags"] == "overloaded" for entry in one.access_log()))


def test_sighup_reads_anew(gateway):
    one = gateway()
    one.signal("HUP")
    until(lambda: one.ports()["generation"] == 2)
    assert b"because=SIGHUP" in one.stderr()


def test_a_listener_comes_and_goes(gateway):
    one = gateway()
    before = one.address("http")
    one.reload(CONFIG.replace("protocol: HTTP}", "protocol: HTTP}\n  - {name: second, port: 8081, protocol: HTTP}"))
    second = one.address("second")
    assert one.address("http") == before and fetch(one).status == 302
    one.reload(CONFIG)

    def gone():
        try:
            socket.create_connection(second, 1).close()
        except ConnectionRefusedError:
            return True
        return False
    until(gone)
    assert fetch(one).status == 302


def test_workers_change_over_together(gateway):
    one = gateway("--workers", "4")
    for host in ("a.example.com", "b.example.com"):
        one.reload(CONFIG.replace("example.com", host))
        for _ in range(20):
            assert host in fetch(one).getheader("Location")


TLS = """---
apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: shop
  annotations: {turnpike.dev/files: 'tls.crt=../shop.crt, tls.key=../shop.key'}
"""


def shown_certificate(gateway):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(gateway.address("https")) as plain, context.wrap_socket(plain, server_hostname="a.test") as tls:
        return tls.getpeercert(binary_form=True)


def test_certificates_in_pem_files_are_swapped_live(gateway, tmp_path, request):
    def make(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                        "60", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:a.test", "-keyout", tmp_path / "key",
                        "-out", tmp_path / "crt"], check=True, capture_output=True)
        (tmp_path / "0").mkdir(exist_ok=True)
        (tmp_path / "key").rename(tmp_path / "0" / "shop.key")
        (tmp_path / "crt").rename(tmp_path / "0" / "shop.crt")
    make("one")
    https = "protocol: HTTP}\n  - {name: https, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: shop}]}}"
    one = gateway(config=CONFIG.replace("protocol: HTTP}", https) + TLS)
    first = shown_certificate(one)
    make("two")
    until(lambda: shown_certificate(one) != first)
    assert json.loads(one.admin("/status")[1])["configuration"]["refused"] is None
    assert 'turnpike_certificate_expiry_timestamp_seconds{secret="default/shop"}' in one.admin("/metrics")[1]


# --- end -----------------------------------------------------------------------------------------------------------


def test_sigterm_ends_with_0_and_frees_the_ports(gateway):
    one = gateway()
    address = one.address()
    one.signal("TERM")
    ends_with(one, 0)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, 1)


def test_readiness_goes_first_and_connections_are_told(gateway):
    one = gateway("--drain-delay", "700ms")
    connection = http.client.HTTPConnection(*one.address(), timeout=5)
    assert fetch(one, connection).getheader("Connection") is None
    assert one.admin("/readyz")[0] == 200
    one.signal("TERM")
    until(lambda: one.admin("/readyz")[0] == 503)
    assert one.admin("/healthz")[0] == 200
    assert fetch(one).status == 302  # still accepted
    until(lambda: fetch(one, connection).getheader("Connection") == "close")
    ends_with(one, 0)


def test_a_second_signal_ends_at_once(gateway):
    one = gateway("--drain-delay", "60s")
    one.signal("TERM")
    until(lambda: b"draining" in one.stderr())
    one.signal("INT")
    ends_with(one, 0, 3)


def test_sigint_does_not_wait_for_idle_connections(gateway):
    one = gateway()
    connection = http.client.HTTPConnection(*one.address(), timeout=5)
    fetch(one, connection)
    one.signal("INT")
    ends_with(one, 0, 3)


def test_drain_timeout_cuts_what_is_left(gateway):
    one = gateway("--drain-timeout", "300ms")
    with socket.create_connection(one.address()) as slow:
        slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n")  # a head that never ends
        one.signal("TERM")
        ends_with(one, 0, 5)


def test_sigusr1_opens_the_access_log_anew(gateway, tmp_path):
    log = tmp_path / "access.log"
    one = gateway("--access-log", log)
    fetch(one)
    until(lambda: log.exists() and log.read_text().count("\n") == 1)
    log.rename(tmp_path / "old.log")
    one.signal("USR1")
    until(lambda: log.exists())
    fetch(one)
    until(lambda: log.read_text().count("\n") == 1)
    assert (tmp_path / "old.log").read_text().count("\n") == 1


# --- admin API -----------------------------------------------------------------------------------------------------


def test_admin_pages(gateway):
    one = gateway(config=CONFIG + SECRET)
    index = json.loads(one.admin("/")[1])
    assert set(index["pages"]) == {"/healthz", "/readyz", "/metrics", "/status", "/config", "/clusters", "/upgrade"}
    for page in index["pages"]:
        code, text = one.admin(page)
        assert code == 200 and text
        if page in ("/status", "/config", "/clusters"):
            json.loads(text)
    status = json.loads(one.admin("/status")[1])
    gateways = [r for r in status["resources"] if r["kind"] == "Gateway"]
    assert gateways[0]["status"]["listeners"][0]["attachedRoutes"] == 1


def test_status_says_who_decided_and_since_when(gateway):
    one = gateway()
    before = json.loads(one.admin("/status")[1])
    route = next(r for r in before["resources"] if r["kind"] == "HTTPRoute")["status"]["parents"][0]
    assert route["controllerName"] == "turnpike.dev/gateway-controller"
    since = {c["type"]: c["lastTransitionTime"] for c in route["conditions"]}
    assert all(t == before["configuration"]["loaded"] for t in since.values())
    time.sleep(1.1)  # times have whole seconds
    one.write_config(CONFIG.replace("parentRefs: [{name: gw}]", "parentRefs: [{name: gwx}]"))
    until(lambda: json.loads(one.admin("/status")[1])["configuration"]["generation"] == 2)
    after = json.loads(one.admin("/status")[1])
    gw = next(r for r in after["resources"] if r["kind"] == "Gateway")["status"]
    assert {c["lastTransitionTime"] for c in gw["conditions"]} == set(since.values())
    route = next(r for r in after["resources"] if r["kind"] == "HTTPRoute")["status"]["parents"][0]
    assert {c["lastTransitionTime"] for c in route["conditions"]} == {after["configuration"]["loaded"]}
    assert gw["addresses"][0]["type"] == "IPAddress"


def test_secrets_are_never_shown(gateway):
    one = gateway(config=CONFIG + SECRET)
    import base64
    for page in ("/", "/status", "/config", "/clusters", "/metrics"):
        text = one.admin(page)[1]
        assert "swordfish" not in text and base64.b64encode(b"swordfish-4711").decode() not in text
    resources = json.loads(one.admin("/config")[1])["resources"]
    assert next(r for r in resources if r["kind"] == "Secret")["data"] == {"password": "(redacted)"}


def test_config_shows_what_is_in_force_with_defaults(gateway):
    one = gateway()
    route = next(r for r in json.loads(one.admin("/config")[1])["resources"] if r["kind"] == "HTTPRoute")
    assert route["metadata"] == {"name": "hello", "namespace": "default", "generation": 0}
    redirect = route["spec"]["rules"][0]["filters"][0]["requestRedirect"]
    assert redirect["hostname"] == "example.com" and redirect["statusCode"] == 302


def test_admin_refuses(gateway):
    one = gateway()
    code, text = one.admin("/statsu")
    assert code == 404 and "did you mean '/status'" in json.loads(text)["error"]["message"]
    assert one.admin("/", method="POST")[0] == 405
    host, _, port = one.ports()["admin"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=5)
    connection.request("GET", "/config", headers={"Host": "attacker.example"})
    assert connection.getresponse().status == 403


def test_admin_over_a_unix_socket(gateway, tmp_path):
    path = tmp_path / "admin.sock"
    one = gateway("--admin", f"unix:{path}")
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert one.admin("/readyz")[0] == 200
    one.signal("TERM")
    ends_with(one, 0)
    assert not path.exists()


def test_no_admin_api(gateway):
    assert gateway("--admin", "off").ports()["admin"] is None


# --- proxy ---------------------------------------------------------------------------------------------------------


def test_proxy_without_a_file(request, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as upstream:
        def answer():
            connection, _ = upstream.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        threading.Thread(target=answer, daemon=True).start()
        ports = tmp_path / "ports.json"
        process = subprocess.Popen([ROOT / request.config.getoption("--binary"), "proxy", "--listen", "127.0.0.1:0",
                                    "--to", f"127.0.0.1:{upstream.getsockname()[1]}", "--admin", "off", "--ports-file", ports],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            until(ports.exists)
            host, _, port = json.loads(ports.read_text())["listeners"][0]["address"].rpartition(":")
            connection = http.client.HTTPConnection(host, int(port), timeout=5)
            connection.request("GET", "/x")
            response = connection.getresponse()
            assert response.status == 200 and response.read() == b"hi"
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
