"""./dev demo: the payment campus. Starts five sample services and the gateway, says what to try, stops on Ctrl-C."""

import argparse
import ctypes
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "dev"))

import term  # noqa: E402

CONFIG = ROOT / "demo" / "config"
WORK = ROOT / "build" / "demo"
SERVICES = {"shop": 9001, "payments": 9002, "ledger": 9003, "users": 9004, "rates": 9005}
GATEWAY_PORT = 8080
ADMIN_PORT = 9901


class Trouble(Exception):
    """Why the demo cannot run, for the person in front of it."""


def seconds(text):
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no duration; write 20s")
    return float(found[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[found[2] or "s"]


def is_free(port, host="127.0.0.1"):
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            return True
        except OSError:
            return False


def next_free(port, taken):
    """The port itself, or the next one that is free everywhere."""
    for candidate in range(port, port + 1000):
        if candidate not in taken and is_free(candidate) and is_free(candidate, "0.0.0.0"):
            taken.add(candidate)
            return candidate
    raise Trouble(f"no free port from {port} to {port + 999}")


def choose_ports():
    taken = set()
    return {port: next_free(port, taken) for port in [GATEWAY_PORT, ADMIN_PORT, *SERVICES.values()]}


def live_config(ports):
    """The configuration to run: demo/config itself, or a copy with other ports where the usual ones are taken."""
    moved = {old: new for old, new in ports.items() if old != new and old != ADMIN_PORT}
    if not moved:
        return CONFIG
    copy = WORK / "config"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for path in CONFIG.glob("*.yaml"):
        text = re.sub(r"port: (\d+)\b", lambda m: f"port: {moved.get(int(m[1]), int(m[1]))}", path.read_text())
        (copy / path.name).write_text(text)
    return copy


def dies_with_us():
    """In the child: end when the demo is killed without a chance to clean up (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Campus:
    def __init__(self):
        self.processes = {}
        self.stopping = threading.Event()

    def start(self, name, argv, **how):
        process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=dies_with_us, **how)
        process.args_shown = argv
        self.processes[name] = process
        return process

    def start_service(self, role, ports):
        program = ROOT / "build/release/demo/campus"
        argv = [program, role, "--listen", f"127.0.0.1:{ports[SERVICES[role]]}"]
        if role == "payments":
            argv += ["--gateway", f"127.0.0.1:{ports[GATEWAY_PORT]}"]
        log = open(WORK / f"{role}.log", "wb")
        self.start(role, argv, stdout=log, stderr=log)

    def start_gateway(self, config, ports):
        argv = [ROOT / "build/release/turnpike", "run", "--config", shown_path(config), "--admin", f"127.0.0.1:{ports[ADMIN_PORT]}",
                "--workers", "1", "--access-log", WORK / "access.log", "--ports-file", WORK / "ports.json"]
        (WORK / "ports.json").unlink(missing_ok=True)
        process = self.start("gateway", argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        threading.Thread(target=self.watch_log, args=(process.stderr,), daemon=True).start()
        deadline = time.monotonic() + 10
        while not (WORK / "ports.json").exists():
            if process.poll() is not None:
                time.sleep(0.1)  # its last words
                raise Trouble(f"the gateway did not start:\n{(WORK / 'gateway.log').read_text()}")
            if time.monotonic() > deadline:
                raise Trouble(f"the gateway is not ready after 10 s; its log is {WORK / 'gateway.log'}")
            time.sleep(0.01)

    def watch_log(self, stream):
        """Keeps the gateway's log, and shows what somebody who edits the configuration wants to see."""
        with open(WORK / "gateway.log", "w") as log:
            for line in stream:
                text = line.decode(errors="replace")
                log.write(text)
                log.flush()
                if self.ready and not self.stopping.is_set() and SHOWN.search(text):
                    term.say(f"  gateway: {text.rstrip()}")

    ready = False

    def wait(self, limit):
        """Until Ctrl-C, SIGTERM, the time is up, or something dies that should not."""
        deadline = time.monotonic() + limit if limit else None
        while not self.stopping.wait(0.2):
            if deadline and time.monotonic() >= deadline:
                return
            for name in [n for n, process in self.processes.items() if process.poll() is not None]:
                self.report_end(name, self.processes.pop(name))

    def report_end(self, name, process):
        """A service may die: that is something to see. Without the gateway there is no demo."""
        if name == "gateway":
            raise Trouble(f"the gateway ended with exit code {process.returncode}; its log is {WORK / name}.log")
        words = " ".join(shlex.quote(shown_path(a) if isinstance(a, Path) else str(a)) for a in process.args_shown)
        term.say(f"  {name} has ended: the gateway answers 503 for it. Start it again with: {words}")

    def stop(self):
        self.stopping.set()
        for name in sorted(self.processes, key=lambda n: n != "gateway"):  # the gateway first: it drains
            process = self.processes[name]
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


# What somebody who edits wants to see: errors with the line that is quoted below them, and what came of it.
SHOWN = re.compile(r"warn|error|reload|refused|applied|^ +hint:|^ +\d* \| |\.yaml:\d+", re.I)


def build():
    term.say(term.bold("Building (the first time takes minutes) …"))
    done = subprocess.run(["./dev", "build", "release", "turnpike", "campus"], cwd=ROOT, stdin=subprocess.DEVNULL,
                          stdout=sys.stderr if sys.stderr.isatty() else subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        if done.stdout:
            term.say(done.stdout.decode(errors="replace")[-4000:])
        raise Trouble("it does not compile; the errors are above")


def shown_path(path):
    return os.path.relpath(path, Path.cwd()) if path.is_relative_to(Path.cwd()) else str(path)


def welcome(config, ports, users, limit):
    """`users`: the process id of that service."""
    url = f"http://127.0.0.1:{ports[GATEWAY_PORT]}"
    admin = f"http://127.0.0.1:{ports[ADMIN_PORT]}"
    routes = shown_path(config / "routes.yaml")
    usual = config == CONFIG
    campus = shown_path(ROOT / "build/release/demo/campus")
    print(f"""
{term.bold("The payment campus is open.")}{"" if usual else "  (The usual ports are taken: this is a copy on others.)"}

  gateway   {url}
  admin     {admin}/status  /metrics  /clusters
  services  {", ".join(f"{role} :{ports[port]}" for role, port in SERVICES.items())}

Try:
  curl -s {url}/shop/items
  curl -s {url}/payments -d 'account=alice&cents=1250'
  curl -s '{url}/ledger/balance?account=alice'
  {campus} convert 1250 EUR USD 127.0.0.1:{ports[GATEWAY_PORT]}    (a gRPC call over HTTP/2)
  {campus} feed 127.0.0.1:{ports[GATEWAY_PORT]}    (a WebSocket: pay something meanwhile)

Then change something while it runs:
  edit {routes} and save: max-age=60 to max-age=5, 302 to 301, a new rule. It is in force at once:
                       curl -si {url}/shop/items
  Make a mistake in it: the line is shown here, and the gateway goes on as before.
  Let a service fail:  curl -X PUT 'http://127.0.0.1:{ports[SERVICES["users"]]}/faults?errors=0.5&latency=50ms'
  and see the retries: curl -s {url}/users
  Or end it:           kill {users}, then curl -si {url}/users
  Ask why:  build/release/turnpike explain {shown_path(config)} GET {url}/users

Logs are in {shown_path(WORK)}. {"Ctrl-C stops everything." if not limit else f"Ends after {limit:g} s, or with Ctrl-C."}
""", flush=True)


def main():
    parser = argparse.ArgumentParser(
        prog="./dev demo", description="Starts the gateway in front of five sample services (shop, payments, ledger, "
        "users, rates), says what to try and what to edit, and stops cleanly on Ctrl-C. Needs no root. Ports that are taken "
        "are replaced by the next free ones.")
    parser.add_argument("--for", dest="limit", type=seconds, default=0, metavar="20s", help="stop by itself after this time")
    parser.add_argument("--no-build", action="store_true", help="take what is built")
    given = parser.parse_args()
    campus = Campus()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: campus.stopping.set())
    try:
        if not given.no_build:
            build()
        WORK.mkdir(parents=True, exist_ok=True)
        ports = choose_ports()
        config = live_config(ports)
        for role in SERVICES:
            campus.start_service(role, ports)
        campus.start_gateway(config, ports)
        campus.ready = True
        welcome(config, ports, campus.processes["users"].pid, given.limit)
        campus.wait(given.limit)
    except Trouble as trouble:
        campus.stop()
        term.say(term.red(f"demo: {trouble}"))
        return 1
    campus.stop()
    print("The campus is closed.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
