"""What a service manager gives and hears: socket activation, sd_notify, the watchdog. The test plays the manager."""

import contextlib
import http.client
import json
import os
import socket
import time
from pathlib import Path

import pytest

from harness.gateway import Gateway
from harness.succession import Orphan, Succession

ROOT = Path(__file__).resolve().parents[2]

CONFIG = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: PORT, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: hello}
spec:
  parentRefs: [{name: gw}]
  rules:
  - filters: [{type: RequestRedirect, requestRedirect: {hostname: example.com}}]
"""


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


class Manager:
    """Hears what the service says."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.settimeout(10)

    def hear(self):
        """One message, as a mapping."""
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def hear_until(self, key):
        """The next message with `key`; those before it are passed over."""
        while True:
            said = self.hear()
            if key in said:
                return said


@pytest.fixture
def service(request, tmp_path):
    """service(port, fds={name: socket}, env={}, args=[]): the gateway, started as a manager does it."""
    with contextlib.ExitStack() as stack:
        def make(port, fds=None, env=None, args=()):
            one = Gateway(ROOT / request.config.getoption("--binary"), tmp_path, (),
                          request.config.getoption("--slower"))
            one.succession = Succession(one)
            one.write_config(CONFIG.replace("PORT", str(port)))
            one.out, one.err = open(tmp_path / "stdout", "ab"), open(tmp_path / "stderr", "ab")
            given = list((fds or {}).values())

            def give():  # as the manager does between fork and exec
                for index, number in enumerate(range(100, 100 + len(given))):
                    os.dup2(given[index].fileno(), number)
                for index in range(len(given)):
                    os.dup2(100 + index, 3 + index, inheritable=True)
                    os.close(100 + index)
                if given:
                    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(given)),
                                      LISTEN_FDNAMES=":".join(fds))
                os.environ.update(env or {})
                os.execv(one.binary, [str(a) for a in argv])
            argv = [one.binary, "run", "--config", one.config, "--bind", "127.0.0.1", "--ports-file", one.ports_file,
                    "--workers", "3", "--drain-timeout", "10s", *(args or ["--admin", "127.0.0.1:0"])]
            pid = os.fork()
            if pid == 0:
                try:
                    os.chdir(tmp_path)
                    os.dup2(one.out.fileno(), 1)
                    os.dup2(one.err.fileno(), 2)
                    give()
                finally:
                    os._exit(127)
            one.process = Orphan(pid)
            stack.callback(lambda: one.process is None or one.stop())
            stack.callback(one.succession.stop)
            one.wait_ready()
            return one
        yield make


def listen():
    return socket.create_server(("127.0.0.1", 0))  # without SO_REUSEPORT, as a manager's


def status_of(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status


def test_sockets_of_the_manager_are_used_and_outlive_the_service(service):
    with listen() as given:
        port = given.getsockname()[1]
        one = service(port, {"web": given})
        assert [status_of(port) for _ in range(20)] == [302] * 20
        one.stop()
        # The manager still listens: a client waits for the next start, and is not refused.
        with socket.create_connection(("127.0.0.1", port)) as waiting:
            waiting.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            one = service(port, {"web": given})
            assert waiting.recv(100).startswith(b"HTTP/1.1 302")


def test_they_are_handed_on_in_an_upgrade(service):
    with listen() as given:
        port = given.getsockname()[1]
        one = service(port, {"web": given})
        for _ in range(2):
            one.succession.upgrade()
            assert [status_of(port) for _ in range(20)] == [302] * 20
        one.succession.wait_old(10)


def test_a_socket_that_no_listener_wants_is_told(service):
    with listen() as given, listen() as other:
        one = service(given.getsockname()[1], {"web": given, "more": other})
        until(lambda: f"127.0.0.1:{other.getsockname()[1]} name=more".encode() in one.stderr())
        # It is kept: a configuration that wants it gets it.
        text = CONFIG.replace("PORT", str(given.getsockname()[1]))
        one.reload(text.replace("HTTP}\n", f"HTTP}}\n  - {{name: b, port: {other.getsockname()[1]}, protocol: HTTP}}\n"))
        assert status_of(other.getsockname()[1]) == 302


def test_the_admin_api_by_its_name(service, tmp_path):
    with listen() as given, socket.socket(socket.AF_UNIX) as admin:
        admin.bind(str(tmp_path / "admin.sock"))
        admin.listen()
        one = service(given.getsockname()[1], {"web": given, "admin": admin})
        assert one.ports()["admin"] == f"unix:{tmp_path}/admin.sock"
        assert one.admin("/readyz")[0] == 200


@pytest.mark.parametrize("abstract", [True, False])
def test_the_manager_hears_of_start_reload_upgrade_and_end(service, tmp_path, abstract):
    name = f"\0turnpike-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    manager = Manager(name)
    with listen() as free:
        port = free.getsockname()[1]
    one = service(port, env={"NOTIFY_SOCKET": name.replace("\0", "@")})
    assert manager.hear() == {"READY": "1", "STATUS": "serving"}

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    one.signal("HUP")
    said = manager.hear()
    assert said["RELOADING"] == "1" and int(said["MONOTONIC_USEC"]) >= before
    assert manager.hear() == {"READY": "1", "STATUS": "serving"}

    one.reload("kind: Nothing\n", expect="refused")
    assert "refused" in manager.hear_until("READY")["STATUS"]
    one.reload(CONFIG.replace("PORT", str(port)))
    assert manager.hear_until("READY")["STATUS"] == "serving"

    one.succession.upgrade()
    assert manager.hear()["RELOADING"] == "1"
    messages = [manager.hear(), manager.hear()]  # of both processes: their order does not matter
    assert {"MAINPID": str(one.process.pid), "READY": "1", "STATUS": "serving"} in messages
    assert {"READY": "1", "STATUS": "serving"} in messages

    one.succession.install_script("exit 9")
    one.succession.ask()
    assert manager.hear()["RELOADING"] == "1"
    assert "failed" in manager.hear_until("READY")["STATUS"]

    one.succession.wait_old(20)
    one.process.terminate()
    assert manager.hear() == {"STOPPING": "1", "STATUS": "draining"}


def test_the_watchdog_is_fed(service):
    manager = Manager(f"\0turnpike-watchdog-{os.getpid()}")
    with listen() as free:
        port = free.getsockname()[1]
    one = service(port, env={"NOTIFY_SOCKET": f"@turnpike-watchdog-{os.getpid()}", "WATCHDOG_USEC": "100000"})
    for _ in range(3):
        assert manager.hear_until("WATCHDOG") == {"WATCHDOG": "1"}
    one.succession.upgrade()  # the successor feeds it too
    manager.hear_until("MAINPID")
    for _ in range(3):
        assert manager.hear_until("WATCHDOG") == {"WATCHDOG": "1"}
    assert json.loads(one.admin("/upgrade")[1])["pid"] == one.process.pid
