"""Upgrades of the program under test: its successor becomes the gateway's process."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import time

from .gateway import Failed

PR_SET_CHILD_SUBREAPER = 36


class Orphan:
    """A process that this one did not start: as much of subprocess.Popen as the gateway needs. Its parent's end makes
    it our child (we are its subreaper); until then only /proc tells of it."""

    def __init__(self, pid):
        self.pid = pid
        self.returncode = None

    def poll(self):
        if self.returncode is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            except ChildProcessError:
                pass  # the child of its predecessor still
        return self.returncode

    def wait(self, timeout=60):
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return self.returncode

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Succession:
    """Upgrades a gateway that runs a copy of the program, which may be replaced. `old`: the processes before."""

    def __init__(self, gateway):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self.gateway = gateway
        self.cli = gateway.binary  # as it was: the copy may be no program any more
        self.old = []
        gateway.binary = gateway.folder / "turnpike"
        self.install(self.cli)

    def install(self, program):
        """As packages do it: a new file renamed over the old one."""
        fresh = self.gateway.folder / "turnpike.new"
        shutil.copy2(program, fresh)
        fresh.rename(self.gateway.binary)

    def install_script(self, text):
        fresh = self.gateway.folder / "turnpike.new"
        fresh.write_text("#!/bin/sh\n" + text + "\n")
        fresh.chmod(0o755)
        fresh.rename(self.gateway.binary)

    def ask(self, timeout=60):
        """What `turnpike upgrade` answers."""
        return subprocess.run([self.cli, "upgrade", "--admin", self.gateway.ports()["admin"]], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=timeout * self.gateway.slower)

    def upgrade(self):
        done = self.ask()
        if done.returncode != 0:
            raise Failed(f"turnpike upgrade ended with {done.returncode}: {done.stdout}{done.stderr}")
        self.adopt()
        return done.stdout

    def adopt(self):
        """The process that answers now is the gateway's."""
        pid = json.loads(self.gateway.admin("/upgrade")[1])["pid"]
        if pid == self.gateway.process.pid:
            raise Failed("the process is the same as before")
        self.old.append(self.gateway.process)
        self.gateway.process = Orphan(pid)
        return pid

    def wait_old(self, timeout):
        """Until all processes before have ended by themselves, in order."""
        for process in self.old:
            code = process.wait(timeout * self.gateway.slower)
            if code != 0:
                raise Failed(f"a process that was succeeded ended with exit code {code}")
        self.old.clear()

    def stop(self):
        """Cuts what the processes before still serve: their first SIGTERM changes nothing, the second one does."""
        for process in self.old:
            while process.poll() is None:
                process.terminate()
                time.sleep(0.05)
        self.wait_old(1)
