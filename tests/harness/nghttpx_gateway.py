#!/usr/bin/python3
"""Stands in for the gateway when the HTTP/2 half of the harness tests itself: nghttpx."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

parser = argparse.ArgumentParser()
parser.add_argument("command")
for flag in ("--config", "--bind", "--ports-file", "--admin", "--workers"):
    parser.add_argument(flag)
parser.add_argument("--ephemeral-ports", action="store_true")
given = parser.parse_args()


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


documents = [d for f in sorted(Path(given.config).glob("*.yaml")) for d in yaml.safe_load_all(f.read_text())]
backend = next(d for d in documents if d["kind"] == "Backend")["spec"]
endpoint, protocol = backend["endpoints"][0], "h2" if backend.get("appProtocol") else "http/1.1"
gateway = next(d for d in documents if d["kind"] == "Gateway")
port = free_port()
program = next(p for p in ("/usr/sbin/nghttpx", "/usr/bin/nghttpx") if os.path.exists(p))
child = subprocess.Popen([program, "--no-location-rewrite", "--workers=1", f"--frontend=127.0.0.1,{port};no-tls",
                          f"--backend={endpoint['address']},{endpoint['port']};;proto={protocol}", "--conf=/dev/null", "--errorlog-file=/dev/stderr",
                          "--accesslog-file=/dev/null"], stdin=subprocess.DEVNULL)
signal.signal(signal.SIGTERM, lambda *_: (child.kill(), os._exit(0)))
while socket.socket().connect_ex(("127.0.0.1", port)):
    time.sleep(0.01)
one = gateway["spec"]["listeners"][0]
fresh = given.ports_file + ".new"
Path(fresh).write_text(json.dumps({"listeners": [{"gateway": f"default/{gateway['metadata']['name']}", "listener": one["name"],
                                                  "port": one["port"], "address": f"127.0.0.1:{port}"}]}))
os.rename(fresh, given.ports_file)
print("standing in with nghttpx", file=sys.stderr, flush=True)
while True:
    signal.pause()
