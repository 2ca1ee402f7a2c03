"""turnpike upgrade: a new program takes over, and nobody notices."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from harness.client import Client
from harness.succession import Succession

WEBSOCKET = {"reply": {"status": 101, "framing": "none", "headers": {"Connection": "Upgrade", "Upgrade": "websocket"}}}
UPSTREAMS = {"app": [{"when": {"path": "/ws"}, "do": [WEBSOCKET, "tunnel"]},
                     {"when": {"path": "/slow"}, "do": [{"wait": 1.0}, {"reply": {"body": "slow"}}]},
                     {"reply": {"body": "ok"}}]}

TWO_LISTENERS = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
  - {name: SECOND, port: 8081, protocol: HTTP}
"""


@pytest.fixture
def upgradable(scenario):
    """upgradable(*args, config=…): a running gateway (a Scenario with .succession) of a copy of the program."""
    with contextlib.ExitStack() as stack:
        def make(*args, config="", env=None, start=True, **spec):
            limit = [] if "--drain-timeout" in args else ["--drain-timeout", "20s"]
            options = {"args": [*limit, *args], "start": False}
            one = stack.enter_context(scenario({"upstreams": UPSTREAMS, "config": config, "gateway": options, **spec}))
            one.succession = Succession(one.gateway)
            stack.callback(one.succession.stop)
            if start:
                one.gateway.start(env=env)
            return one
        yield make


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.01)


def state(one):
    return json.loads(one.gateway.admin("/upgrade")[1])


def logged(one, text):
    return text.encode() in one.gateway.stderr()


def listening(pid):
    """Inodes of the TCP sockets on which a process listens."""
    known = {line.split()[9] for line in Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "0A"}
    inodes = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found = re.match(r"socket:\[(\d+)\]", os.readlink(fd))
            if found and found[1] in known:
                inodes.add(found[1])
    return inodes


class Steady:
    """Clients that ask without end, half of them with a connection for each request. `wrong`: what broke."""

    def __init__(self, address, clients=6):
        self.address, self.over, self.wrong, self.done = address, threading.Event(), [], 0
        self.threads = [threading.Thread(target=self.ask, args=(n % 2 == 0,), daemon=True) for n in range(clients)]

    def ask(self, keep):
        connection = None
        while not self.over.is_set():
            try:
                connection = connection or Client("steady", self.address)
                connection.send_request({"path": "/x", "headers": {} if keep else {"Connection": "close"}})
                answer = connection.response()
                closes = answer.get("connection") == "close"
                if answer.status != 200 or answer.body != b"ok":
                    self.wrong.append(f"{answer.status} {answer.body}")
                self.done += 1
            except Exception as error:  # noqa: BLE001 - the test tells it
                self.wrong.append(repr(error))
                closes = True
            if closes and connection:
                connection.wire.close()
                connection = None

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        until(lambda: self.done > 20)
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(20)


def open_websocket(one):
    client = Client("websocket", one.gateway.address())
    one.all_clients.append(client)
    client.send_request({"path": "/ws", "headers": {"Connection": "Upgrade", "Upgrade": "websocket"}})
    assert client.response().status == 101
    return client


def says(client, text):
    """Through the tunnel and back."""
    client.wire.send(text)
    return client.reader.exactly(len(text), time.monotonic() + 5) == text


# --- nothing is lost


def test_five_upgrades_under_load_lose_nothing(upgradable):
    one = upgradable("--workers", "2")
    first = one.gateway.process.pid
    sockets = listening(first)
    websocket = open_websocket(one)
    idle = Client("idle", one.gateway.address())  # has not said anything yet
    one.all_clients.append(idle)
    with Steady(one.gateway.address()) as steady:
        for turn in range(1, 6):
            one.succession.upgrade()
            before = steady.done
            until(lambda: steady.done > before + 20)
            assert state(one)["generation"] == turn
        idle.send_request("GET /late")
        assert idle.response().status == 200
    assert steady.wrong == []
    assert says(websocket, b"still here"), "the WebSocket of the first process was cut"
    assert listening(one.gateway.process.pid) == sockets, "these are the very sockets"
    assert len(list(Path(f"/proc/{one.gateway.process.pid}/fd").iterdir())) < 60, "no descriptor is left over"
    websocket.wire.close()
    one.succession.wait_old(10)
    one.check_admin({"get": "/metrics", "metric": {"name": "turnpike_upgrade_generation", "value": 5}})


def test_a_request_under_way_is_answered_by_the_process_that_took_it(upgradable):
    one = upgradable()
    client = Client("slow", one.gateway.address())
    client.send_request("GET /slow")
    until(lambda: one.upstreams["app"].requests)
    one.succession.upgrade()
    answer = client.response()
    assert answer.body == b"slow" and answer.get("connection") == "close"
    one.succession.wait_old(5)


def test_a_websocket_lives_until_the_drain_limit(upgradable):
    one = upgradable("--drain-timeout", "1s")
    websocket = open_websocket(one)
    one.succession.upgrade()
    assert says(websocket, b"the old one drains")
    assert websocket.wait_closed(10) in ("closed", "reset")
    one.succession.wait_old(10)
    one.step_request("GET /", expect=200)


@pytest.mark.parametrize("before, after", [(1, 3), (3, 1)])
def test_the_number_of_workers_may_change(upgradable, before, after):
    one = upgradable("--workers", str(before))
    with Steady(one.gateway.address()) as steady:
        one.succession.install_script(
            f'for a; do shift; [ "$last" = --workers ] && a={after}; last=$a; set -- "$@" "$a"; done\n'
            f'exec "{one.succession.cli}" "$@"')
        one.succession.upgrade()
        done = steady.done
        until(lambda: steady.done > done + 50)
    assert steady.wrong == []
    assert json.loads(one.gateway.admin("/status")[1])["workers"] == after
    assert len(listening(one.gateway.process.pid)) - 1 == 3  # of the port: fewer workers serve all of them; less the admin's


def test_tls_sessions_are_resumed_by_the_successor(upgradable):
    tls = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: https, port: 8443, protocol: HTTPS, tls: {certificateRefs: [{name: shop}]}}
"""
    one = upgradable(config=tls, certs={"ca": {"ca": True}, "shop": {"by": "ca", "hosts": ["shop.test"]}})
    spec = {"sni": "shop.test", "ca": "ca"}
    first = Client("first", one.gateway.address(), spec, one.certs)
    first.send_request("GET /")
    assert first.response().status == 200
    one.succession.upgrade()
    second = Client("second", one.gateway.address(), spec, one.certs, resume=first)
    second.send_request("GET /")
    assert second.response().status == 200 and second.tls_facts()["resumed"]


# --- the configuration changes with it


def test_ports_that_go_are_closed_and_ports_that_come_are_opened(upgradable):
    one = upgradable(config=TWO_LISTENERS.replace("SECOND", "goes"))
    gone = one.gateway.address("goes")
    # The files change while the new program starts: the old one waits with its reload.
    (one.gateway.folder / "new.yaml").write_text(
        one.completed(TWO_LISTENERS.replace("SECOND", "comes").replace("8081", "8082")))
    one.succession.install_script(f'mv new.yaml config/gateway.yaml; exec "{one.succession.cli}" "$@"')
    one.succession.upgrade()
    until(lambda: one.gateway.ports()["listeners"][1]["listener"] == "comes")
    one.step_request("GET /", expect=200)
    client = Client("new", one.gateway.address("comes"))
    client.send_request("GET /")
    assert client.response().status == 200

    def refused():
        with socket.socket() as sock:
            return sock.connect_ex(gone) != 0
    until(refused)


def test_a_bad_configuration_stops_the_upgrade_and_is_told(upgradable):
    one = upgradable()
    pid = one.gateway.process.pid
    one.gateway.reload(one.completed("").replace("parentRefs", "parentRefz"), expect="refused")
    with Steady(one.gateway.address()) as steady:
        done = one.succession.ask()
        assert done.returncode == 4
        assert re.search(r"gateway.yaml:\d+:\d+: error: .*parentRefz", done.stderr), done.stderr
        assert f"({pid}) serves on" in done.stderr
    assert steady.wrong == []
    assert state(one)["pid"] == pid and "parentRefz" in state(one)["error"]
    one.check_admin({"get": "/metrics", "metric": {"name": "turnpike_upgrades_failed_total", "value": 1}})
    assert logged(one, "upgrade failed; this process serves on")
    # Once it is good again, so is the upgrade.
    one.gateway.reload(one.completed(""))
    one.succession.upgrade()
    assert state(one)["error"] is None


# --- programs that are none


@pytest.mark.parametrize("script, why", [
    ("exit 7", "ended with exit code 7 before it was ready"),
    ("kill -SEGV $$", "signal 11"),
    ("exec sleep 1000", "was not ready after 1 s"),
])
def test_a_program_that_fails_changes_nothing(upgradable, script, why):
    one = upgradable("--upgrade-timeout", "1s")
    pid = one.gateway.process.pid
    one.succession.install_script(script)
    with Steady(one.gateway.address()) as steady:
        done = one.succession.ask()
    assert steady.wrong == []
    assert done.returncode == 4 and why in done.stderr, done.stderr
    assert state(one) == {**state(one), "pid": pid, "running": False, "attempts": 1}
    one.succession.install(one.succession.cli)
    one.succession.upgrade()


def test_a_program_that_is_gone_or_of_another_format(upgradable):
    one = upgradable()
    one.gateway.binary.unlink()
    assert "there is no program to start" in one.succession.ask().stderr
    one.gateway.binary.write_bytes(b"\x7fELF and no more")
    one.gateway.binary.chmod(0o755)
    assert "cannot be started" in one.succession.ask().stderr
    one.succession.install(one.succession.cli)
    one.succession.upgrade()


def test_a_command_line_that_the_new_program_does_not_take_is_told(upgradable):
    one = upgradable()
    one.succession.install_script(f'exec "{one.succession.cli}" "$@" --wrong-option')
    done = one.succession.ask()
    assert done.returncode == 4 and "there is no option '--wrong-option'" in done.stderr


# --- how it is asked for


def test_sigusr2_does_the_same(upgradable):
    one = upgradable("--admin", "unix:${dir}/admin.sock")
    one.gateway.signal("USR2")
    until(lambda: state(one)["pid"] != one.gateway.process.pid)
    one.succession.adopt()
    one.step_request("GET /", expect=200)
    one.succession.wait_old(10)
    assert state(one)["generation"] == 1, "the Unix socket of the admin API is still there"


def test_two_at_once_are_refused(upgradable):
    one = upgradable()
    one.succession.install_script(f'sleep 1; exec "{one.succession.cli}" "$@"')
    one.gateway.signal("USR2")
    until(lambda: state(one)["running"])
    done = one.succession.ask()
    assert done.returncode == 4 and "another upgrade is under way" in done.stderr
    one.gateway.signal("USR2")
    until(lambda: logged(one, "upgrade refused"))
    until(lambda: state(one)["pid"] != one.gateway.process.pid)
    one.succession.adopt()
    assert state(one)["generation"] == 1 and state(one)["attempts"] == 0


def test_a_change_during_an_upgrade_is_not_lost(upgradable):
    one = upgradable()
    one.succession.install_script(f'"{one.succession.cli}" version >/dev/null; sleep 1; exec false')
    one.gateway.signal("USR2")
    until(lambda: state(one)["running"])
    one.gateway.write_config(one.completed(TWO_LISTENERS.replace("SECOND", "more")))
    until(lambda: logged(one, "upgrade failed"))
    until(lambda: len(one.gateway.ports()["listeners"]) == 2)


def test_sigterm_during_an_upgrade_ends_both(upgradable):
    one = upgradable()
    one.succession.install_script("echo $$ >pid; exec sleep 1000")
    one.gateway.signal("USR2")
    pid_file = one.gateway.folder / "pid"
    until(lambda: pid_file.exists() and pid_file.read_text().strip())
    one.gateway.signal("TERM")
    assert one.gateway.wait_exit(10) == 0
    until(lambda: not Path(f"/proc/{pid_file.read_text().strip()}").exists())


def test_one_sigterm_for_both_processes_lets_the_old_one_drain(upgradable):
    """A service manager that stops a service signals all of its processes."""
    one = upgradable()
    client = Client("slow", one.gateway.address())
    client.send_request("GET /slow")
    until(lambda: one.upstreams["app"].requests)
    one.succession.upgrade()
    one.succession.old[0].terminate()
    assert client.response().status == 200
    one.succession.wait_old(10)


def test_without_an_admin_api_there_is_the_signal(upgradable):
    one = upgradable()
    one.step_command({"args": ["upgrade", "--admin", "off"], "exit": 2, "stderr": "SIGUSR2"})


def test_standard_input_cannot_be_read_twice(upgradable, tmp_path):
    one = upgradable(start=False)
    fifo = tmp_path / "in"
    fifo.write_text((one.gateway.config / "gateway.yaml").read_text())
    shell = f'exec "{one.gateway.binary}" run - --bind 127.0.0.1 --ephemeral-ports --admin 127.0.0.1:0 ' \
            f'--ports-file "{one.gateway.ports_file}" <"{fifo}"'
    one.gateway.launch(["/bin/sh", "-c", shell], None, True)
    done = one.succession.ask()
    assert done.returncode == 4 and "standard input" in done.stderr
