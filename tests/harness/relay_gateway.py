#!/usr/bin/python3
"""Stands in for the gateway when the harness tests itself: relays bytes to the first Backend endpoint it finds."""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import yaml

parser = argparse.ArgumentParser()
parser.add_argument("command")
for flag in ("--config", "--bind", "--ports-file", "--admin", "--workers"):
    parser.add_argument(flag)
parser.add_argument("--ephemeral-ports", action="store_true")
given = parser.parse_args()
state = {"refused": 0}


def read():
    documents = [d for f in sorted(Path(given.config).glob("*.yaml")) for d in yaml.safe_load_all(f.read_text())]
    endpoint = next(d for d in documents if d["kind"] == "Backend")["spec"]["endpoints"][0]
    state["to"] = (endpoint["address"], endpoint["port"])
    return next(d for d in documents if d["kind"] == "Gateway")


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        for one in (source, sink):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(listener):
    while True:
        client, _ = listener.accept()
        try:
            upstream = socket.create_connection(state["to"])
        except OSError:
            client.close()
            continue
        threading.Thread(target=pump, args=(client, upstream), daemon=True).start()
        threading.Thread(target=pump, args=(upstream, client), daemon=True).start()


class Admin(BaseHTTPRequestHandler):
    def do_GET(self):
        text = f'turnpike_config_reloads_total{{result="failed"}} {state["refused"]}\n'
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


def publish():
    fresh = given.ports_file + ".new"
    Path(fresh).write_text(json.dumps(ports))
    os.rename(fresh, given.ports_file)


def reload(*_):
    try:
        read()
        publish()
    except Exception:
        state["refused"] += 1


gateway = read()
ports = {"listeners": []}
for one in gateway["spec"]["listeners"]:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(64)
    threading.Thread(target=serve, args=(sock,), daemon=True).start()
    ports["listeners"].append({"gateway": f"default/{gateway['metadata']['name']}", "listener": one["name"],
                               "port": one["port"], "address": f"127.0.0.1:{sock.getsockname()[1]}"})
admin = HTTPServer(("127.0.0.1", 0), Admin)
ports["admin"] = f"127.0.0.1:{admin.server_port}"
threading.Thread(target=admin.serve_forever, daemon=True).start()
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
signal.signal(signal.SIGHUP, reload)
publish()
print("relaying", file=sys.stderr, flush=True)
while True:
    signal.pause()
