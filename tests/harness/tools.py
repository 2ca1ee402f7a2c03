"""The programs of bench/ as helpers of tests: a fast upstream, and an open- or closed-loop client."""

import json
import subprocess
import time
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).resolve().parent.parent.parent / "build" / "release" / "bench"


def program(name):
    path = PROGRAMS / name
    if not path.exists():
        pytest.skip(f"build/release/bench/{name} is not built")
    return path


class Origin:
    """GET /N answers with N bytes; `port` on loopback."""

    def __enter__(self):
        import socket
        for _ in range(20):
            with socket.socket() as sock:
                sock.bind(("127.0.0.1", 0))
                self.port = sock.getsockname()[1]
            self.process = subprocess.Popen([program("origin"), str(self.port)], stdin=subprocess.DEVNULL)
            for _ in range(200):
                with socket.socket() as sock:
                    if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                        return self
                if self.process.poll() is not None:
                    break  # somebody else was quicker with the port
                time.sleep(0.01)
        raise RuntimeError("the upstream does not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def load_command(address, **options):
    argv = [str(program("load")), "--to", f"{address[0]}:{address[1]}"]
    for name, value in options.items():
        for one in value if isinstance(value, list) else [value]:
            argv += [f"--{name}", str(one)]
    return argv


def load(address, **options):
    """load(address, requests=1000, connections=8, path="/200", header=["A: b"]) or rate=, seconds=; its numbers."""
    done = subprocess.run(load_command(address, **options), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Load:
    """The same, running beside the test: `with Load(...) as l: …; l.result()`."""

    def __init__(self, address, **options):
        self.argv = load_command(address, **options)

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        return self

    def result(self, timeout=120):
        out, _ = self.process.communicate(timeout=timeout)
        return json.loads(out)

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def faultless(result):
    """Every request was answered, rightly."""
    return (result["errors"], result["wrong"], result["unanswered"]) == (0, 0, 0) and \
        result["completed"] == result["requests"] > 0
