"""The program under test: started on free loopback ports, watched, reconfigured and stopped."""

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from .strict import Wrong

SANITIZER = (b"ERROR: AddressSanitizer", b"ERROR: LeakSanitizer", b"runtime error:", b"WARNING: ThreadSanitizer")


class Failed(AssertionError):
    """The gateway did not start, stop or reload as it should."""


class Gateway:
    """`folder` is the test's own: configuration in folder/config, ports and logs beside it."""

    def __init__(self, binary, folder, args=(), slower=1.0, prefix=()):
        self.binary = Path(binary)
        self.folder = Path(folder)
        self.config = self.folder / "config"
        self.args = [str(a) for a in args]
        self.prefix = [str(p) for p in prefix]  # strace, taskset, env …
        self.slower = slower
        self.process = None
        self.ports_file = self.folder / "ports.json"
        self.config.mkdir(parents=True, exist_ok=True)

    # --- life

    def write_config(self, text, name="gateway.yaml"):
        """As editors do it: a new file renamed over the old one."""
        fresh = self.config / f".{name}.new"
        fresh.write_text(text)
        fresh.rename(self.config / name)

    def start(self, env=None, wait=True, argv=None):
        """`argv`: arguments in place of `run` with its configuration and ports."""
        if argv is not None:
            return self.launch([*self.prefix, self.binary, *argv], env, wait)
        argv = [*self.prefix, self.binary, "run", "--config", self.config, "--bind", "127.0.0.1", "--ephemeral-ports",
                "--ports-file", self.ports_file]
        if "--admin" not in self.args:
            argv += ["--admin", "127.0.0.1:0"]
        if "--workers" not in self.args:
            argv += ["--workers", "1"]
        return self.launch([*argv, *self.args], env, wait)

    def launch(self, argv, env, wait):
        self.out = open(self.folder / "stdout", "ab")
        self.err = open(self.folder / "stderr", "ab")
        self.ports_file.unlink(missing_ok=True)
        self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=self.err, cwd=self.folder,
                                        env={**os.environ, **(env or {})})
        if wait:
            self.wait_ready()

    def wait_ready(self, timeout=10.0):
        deadline = time.monotonic() + timeout * self.slower
        while time.monotonic() < deadline:
            if self.ports() is not None:
                return
            if self.process.poll() is not None:
                raise Failed(f"the gateway ended at its start with exit code {self.process.returncode}")
            time.sleep(0.005)
        raise Failed(f"the gateway was not ready after {timeout * self.slower} s")

    def stop(self, timeout=10.0):
        """Asks it to end, twice if need be. Raises Failed when it had to be killed, crashed or a sanitizer spoke."""
        if self.process is None:
            return
        problem = ""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(1.0 * self.slower)
            except subprocess.TimeoutExpired:
                self.process.terminate()  # the second one ends the drain
                try:
                    self.process.wait(timeout * self.slower)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
                    problem = f"did not end within {timeout * self.slower} s of the second SIGTERM"
            if not problem and self.process.returncode != 0:
                problem = f"ended with exit code {self.process.returncode} after SIGTERM"
        elif self.process.returncode < 0:
            problem = f"died of signal {-self.process.returncode}"
        for file in (self.out, self.err):
            file.close()
        if any(mark in self.stderr() for mark in SANITIZER):
            problem = problem or "a sanitizer found something"
        process, self.process = self.process, None
        self.exit_code = process.returncode
        if problem:
            raise Failed(f"the gateway {problem}")

    def signal(self, name):
        self.process.send_signal(getattr(signal, "SIG" + name.upper().removeprefix("SIG")))

    def wait_exit(self, timeout):
        try:
            return self.process.wait(timeout * self.slower)
        except subprocess.TimeoutExpired:
            raise Failed(f"the gateway still runs after {timeout * self.slower} s") from None

    @property
    def pid(self):
        """Of the gateway itself, also under strace or taskset."""
        pid = self.process.pid
        while os.readlink(f"/proc/{pid}/exe") != str(self.binary.resolve()):
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                raise Failed(f"process {pid} is not the gateway and has no child")
            pid = int(children[0])
        return pid

    # --- where it listens

    def ports(self):
        try:
            return json.loads(self.ports_file.read_text())
        except (OSError, ValueError):
            return None

    def address(self, listener=None):
        """(host, port) of a listener: its name, "namespace/gateway/name", its configured port, or None for the first."""
        known = (self.ports() or {}).get("listeners", [])
        for one in known:
            names = (one["listener"], f"{one['gateway']}/{one['listener']}", one["port"], str(one["port"]))
            if listener is None or listener in names:
                host, _, port = one["address"].rpartition(":")
                return host.strip("[]"), int(port)
        raise Wrong(f"no listener '{listener}'; there are "
                    + (", ".join(f"{o['gateway']}/{o['listener']} ({o['port']})" for o in known) or "none"))

    # --- configuration while it runs

    def ports_stamp(self):
        try:
            stat = self.ports_file.stat()
            return stat.st_mtime_ns, stat.st_ino
        except OSError:
            return None

    def reload(self, text, expect="applied", by="file", timeout=5.0):
        """Writes a configuration and waits until it is applied or refused."""
        stamp, refused = self.ports_stamp(), self.refusals()
        self.write_config(text)
        if by == "HUP":
            self.signal("HUP")
        deadline = time.monotonic() + timeout * self.slower
        while time.monotonic() < deadline:
            if self.ports_stamp() != stamp and self.ports() is not None:
                if expect == "refused":
                    raise Failed("the configuration was applied, not refused")
                time.sleep(0.02 * self.slower)  # workers take it over with the next turn of their loops
                return
            if self.refusals() > refused:
                if expect == "applied":
                    raise Failed("the configuration was refused, not applied")
                return
            if self.process.poll() is not None:
                raise Failed(f"the gateway ended with exit code {self.process.returncode} during the reload")
            time.sleep(0.01)
        raise Failed(f"no word of the new configuration after {timeout * self.slower} s")

    def refusals(self):
        """How many configurations it has refused so far."""
        from .expect import metric
        status, text = self.admin("/metrics")
        if status != 200:
            return 0
        return metric(text, "turnpike_config_reloads_total", {"result": "failed"}) or 0

    # --- what it says

    def admin(self, path, method="GET", timeout=5.0):
        """(status, text) of a request to the admin API."""
        where = (self.ports() or {}).get("admin")
        if not where:
            raise Failed("the gateway says no address of its admin API")
        connection = AdminConnection(where, timeout * self.slower)
        try:
            connection.request(method, path, headers={"Host": "localhost"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def stdout(self):
        return (self.folder / "stdout").read_bytes() if (self.folder / "stdout").exists() else b""

    def stderr(self):
        return (self.folder / "stderr").read_bytes() if (self.folder / "stderr").exists() else b""

    def access_log(self):
        """The access log's entries, where it is JSON lines on standard output."""
        entries = []
        for line in self.stdout().decode(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                entries.append(entry)
        return entries

    def memory(self):
        """Resident kilobytes."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def transcript(self):
        parts = []
        for name, text in (("stderr", self.stderr()), ("stdout", self.stdout())):
            lines = text.decode(errors="replace").splitlines()
            if lines:
                more = [f"… {len(lines) - 60} lines before"] if len(lines) > 60 else []
                parts.append("\n".join([f"--- gateway {name}", *more, *lines[-60:]]))
        return "\n".join(parts)


class AdminConnection(http.client.HTTPConnection):
    """Over TCP or a Unix socket ("unix:/path")."""

    def __init__(self, where, timeout):
        host, _, port = where.rpartition(":")
        self.where = where
        super().__init__(host.strip("[]") if not where.startswith("unix:") else "localhost",
                         int(port) if not where.startswith("unix:") else None, timeout=timeout)

    def connect(self):
        if not self.where.startswith("unix:"):
            return super().connect()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        return self.sock.connect(self.where.removeprefix("unix:"))


def in_thread(function, *args):
    """Runs it beside the test; .result() waits for it and raises what it raised."""
    return _Beside(function, args)


class _Beside(threading.Thread):
    def __init__(self, function, args):
        super().__init__(daemon=True)
        self.function, self.arguments, self.value, self.error = function, args, None, None
        self.start()

    def run(self):
        try:
            self.value = self.function(*self.arguments)
        except BaseException as wrong:  # handed to whoever asks for the result
            self.error = wrong

    def result(self, timeout=60):
        self.join(timeout)
        if self.is_alive():
            raise Failed("a background step did not end")
        if self.error:
            raise self.error
        return self.value
