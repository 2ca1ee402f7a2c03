"""One test read from YAML: its upstreams, its gateway, and its steps one after the other (tests/e2e/README.md)."""

import functools
import json
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import config as configuration
from . import expect, http1
from .certs import Certs
from .client import Client, normal_request
from .expect import Unmet
from .gateway import Failed, Gateway
from .h2client import Http2Client
from .h2steps import Http2Steps
from .strict import Wrong, load, only
from .upstream import Upstream
from .wire import Closed, Reset, TooLate, shown

TEST = {"name", "about", "skip", "certs", "files", "upstreams", "config", "gateway", "steps", "http2"}
GATEWAY = {"args", "start", "env"}
ALONGSIDE = {"expect", "conn", "to", "tls", "received", "http2"}  # keys that may stand beside `request:`


class StepFailed(AssertionError):
    """A step went wrong; its text says which, why, and what passed over the wires."""


def read_tests(path):
    """The tests of one file: {name: specification}. `tests:` holds several; what stands beside it is common."""
    spec = load(Path(path).read_text())
    if not isinstance(spec, dict):
        raise Wrong(f"{path}: not a mapping")
    if "tests" not in spec:
        return {str(spec.get("name", Path(path).stem)): spec}
    common = {k: v for k, v in spec.items() if k not in ("tests", "name")}
    only(common, TEST, "test file")
    found = {}
    for one in spec["tests"]:
        if "name" not in one:
            raise Wrong(f"{path}: line {one.line}: each of several tests needs a name")
        if one["name"] in found:
            raise Wrong(f"{path}: line {one.line}: two tests are called '{one['name']}'")
        whole = {**common, **one}
        for key in ("upstreams", "certs", "files"):
            if key in common and key in one:
                whole[key] = {**common[key], **one[key]}
        found[one["name"]] = whole
    return found


class Scenario(Http2Steps):
    """With `with`: upstreams and gateway run inside the block. Python tests use it directly, YAML tests through run()."""

    def __init__(self, spec, binary, slower=1.0, prefix=()):
        only(spec, TEST, "test")
        only(spec.get("gateway") or {}, GATEWAY, "gateway")
        self.spec = spec
        self.binary = binary
        self.slower = slower
        self.prefix = prefix
        self.upstreams, self.clients, self.all_clients, self.values = {}, {}, [], {}
        self.gateway = None
        self.last = None  # the last response
        self.datagram_clients = {}
        self.leftover = {}  # conn -> body held back by expect_continue

    # --- set-up and end

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="turnpike-test-"))
        try:
            self.set_up()
        except BaseException:
            self.tear_down(False)
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.tear_down(kind is None)

    def set_up(self):
        self.certs = Certs(self.folder / "certs", self.spec.get("certs"))
        self.values = {"dir": str(self.folder)}
        for name in self.certs.specs:
            chain, key = self.certs.files(name)
            self.values.update({f"cert.{name}.pem": chain, f"cert.{name}.key": key,
                                f"cert.{name}.pem64": self.certs.base64(name, "pem"),
                                f"cert.{name}.key64": self.certs.base64(name, "key")})
        for name, spec in (self.spec.get("upstreams") or {}).items():
            upstream = Upstream(name, configuration.substitute(spec, self.values), self.certs)
            self.upstreams[name] = upstream
            self.values[f"port.{name}"] = upstream.ports[0]
            self.values[f"address.{name}"] = f"127.0.0.1:{upstream.ports[0]}"
            for index, port in enumerate(upstream.ports):
                self.values[f"port.{name}.{index}"] = port
        for name, text in (self.spec.get("files") or {}).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(configuration.substitute(text, self.values))
            self.values[f"file.{name}"] = path
        options = self.spec.get("gateway") or {}
        args = configuration.substitute(options.get("args", []), self.values)
        self.gateway = Gateway(self.binary, self.folder, args, self.slower, self.prefix)
        self.config_text = self.spec.get("config") or ""
        self.gateway.write_config(self.completed(self.config_text))
        if options.get("start", True):
            self.gateway.start(env=configuration.substitute(options.get("env") or {}, self.values))

    def completed(self, text):
        return configuration.complete(configuration.substitute(text, self.values), self.upstreams, self.certs)

    def tear_down(self, demanding):
        for client in self.all_clients:
            client.wire.close()
        problem = None
        try:
            if self.gateway:
                self.gateway.stop()
        except Failed as failed:
            problem = failed
        for upstream in self.upstreams.values():
            upstream.close()
        if demanding and problem is None:
            complaints = [c for u in self.upstreams.values() for c in u.complaints]
            problem = Failed("\n".join(complaints)) if complaints else None
        self.story = self.transcript()
        shutil.rmtree(self.folder, ignore_errors=True)
        if demanding and problem is not None:
            raise StepFailed(f"{problem}\n{self.story}") from None

    def transcript(self):
        parts = [c.wire.transcript() for c in self.all_clients[-8:]]
        parts += [c.wire.transcript() for u in self.upstreams.values() for c in u.connections[-8:]]
        if self.gateway:
            parts.append(self.gateway.transcript())
        return "\n".join(p for p in parts if p)

    # --- running the steps

    def run(self):
        for number, step in enumerate(self.spec.get("steps") or [], 1):
            step = configuration.substitute(step, self.values)
            where = f"step {number} (line {getattr(step, 'line', '?')})"
            try:
                self.perform({step: None} if isinstance(step, str) else step)
            except (Unmet, Failed, http1.Malformed) as wrong:
                raise StepFailed(f"{where}: {wrong}\n{self.transcript()}") from None
            except TooLate as late:
                raise StepFailed(f"{where}: nothing came in time: {late}\n{self.transcript()}") from None
            except (Closed, Reset, OSError) as broken:
                raise StepFailed(f"{where}: {type(broken).__name__}: {broken}\n{self.transcript()}") from None
            except Wrong as wrong:
                raise Wrong(f"{where}: {wrong}") from None

    def perform(self, step):
        name = next(iter(step))
        method = getattr(self, "step_" + name.replace("-", "_"), None)
        if method is None:
            known = sorted(m.removeprefix("step_") for m in dir(self) if m.startswith("step_"))
            raise Wrong(f"there is no step '{name}'; there are {', '.join(known)}")
        only(step, {name} | (ALONGSIDE if name in ("request", "send", "frames") else set()), f"step {name}")
        method(step[name], **{k: v for k, v in step.items() if k != name})

    # --- connections

    def client(self, conn=None, to=None, tls=None, http2=None):
        """The named connection, opened if there is none (or if `conn` is None: a new one)."""
        if conn is not None and conn in self.clients:
            return self.clients[conn]
        spec = {"as": conn or f"{len(self.all_clients) + 1}", "to": to, "tls": tls}
        return self.step_connect(spec if http2 is None else {**spec, "http2": http2})

    def step_connect(self, spec=None):
        spec = {"as": spec} if isinstance(spec, str) else spec or {}
        only(spec, {"as", "to", "tls", "receive_buffer", "source", "fails", "facts", "http2", "before"}, "connect")
        name, tls = str(spec.get("as", "c")), spec.get("tls")
        tls = {} if tls is True else tls
        http2 = spec.get("http2", self.spec.get("http2"))
        kind = functools.partial(Http2Client, http2=http2) if http2 else Client
        if http2 and tls is not None:
            tls = {"alpn": ["h2"], **tls}
        resume = self.clients[tls["resume"]] if tls and "resume" in tls else None
        try:
            client = kind(name, self.gateway.address(spec.get("to")), tls, self.certs, spec.get("receive_buffer"),
                            spec.get("source"), resume, **({"before": spec["before"]} if "before" in spec else {}))
            if spec.get("fails"):  # a reset, or what TLS 1.3 tells a client of its fate, comes with the first read
                client.wire.receive(2 * self.slower)
        except (OSError, Reset, Closed) as refused:
            if spec.get("fails"):
                return None
            raise Unmet(f"connecting to listener {spec.get('to')}: {refused}") from None
        except TooLate:
            client.wire.close()
        if spec.get("fails"):
            raise Unmet("the connection was accepted, and should not have been")
        self.clients[name] = client
        self.all_clients.append(client)
        if "facts" in spec:
            expect.match(client.tls_facts(), spec["facts"], "tls")
        return client

    def step_facts(self, spec):
        spec = dict(spec)
        expect.match(self.client(spec.pop("conn", "c")).tls_facts(), spec, "tls")

    def step_shutdown(self, conn):
        self.client(conn or "c").wire.shutdown()

    def step_close(self, conn):
        self.clients.pop(conn or "c").wire.close()

    def step_reset(self, conn):
        self.clients.pop(conn or "c").wire.reset()

    # --- requests and responses

    def step_request(self, spec, expect=200, conn=None, to=None, tls=None, received=None, http2=None):
        """Sends a request and reads the response. Without `conn`: on a connection of its own, closed afterwards."""
        spec = normal_request(spec)
        client = self.client(conn, to, tls, http2)
        began = time.monotonic()
        held = client.send_request(spec)
        if held:
            self.leftover[client.name] = held
        if expect is not None:
            self.check_response(client, self.of_stream(client, expect), began, last=conn is None)
        if conn is None:
            client.wire.close()
            self.clients.pop(client.name, None)
        if received is not None:
            self.step_received(received)
        return self.last

    def step_send(self, spec, conn="c", to=None, tls=None, expect=None, received=None):
        """Raw bytes."""
        spec = spec if isinstance(spec, dict) else {"data": spec}
        only(spec, {"data", "repeat", "pace", "then", "ignore_errors"}, "send")
        client = self.client(conn, to, tls)
        data = http1.as_bytes(spec.get("data", "")) * spec.get("repeat", 1)
        began = time.monotonic()
        try:
            if "pace" in spec:
                client.wire.send_slowly(data, spec["pace"].get("bytes", 1), spec["pace"].get("interval", 0.01))
            else:
                client.wire.send(data)
        except Reset:
            if not spec.get("ignore_errors"):
                raise
        if expect is not None:
            self.check_response(client, expect, began)
        if received is not None:
            self.step_received(received)

    def step_send_body(self, conn):
        """The body that `expect_continue: true` held back."""
        client = self.client(conn or "c")
        for piece in self.leftover.pop(client.name):
            client.send_held(piece)

    def check_response(self, client, spec, began, last=False):
        spec = spec if isinstance(spec, dict) else {"status": spec}
        if isinstance(client, Http2Client):
            return self.check_http2(client, spec, began)
        message = client.response(spec.get("for"), spec.get("within", 5.0) * self.slower)
        self.last = message
        expect.check_response(message, spec, began)
        if spec.get("closed") is True:
            try:
                client.wait_closed(2.0 * self.slower)
            except TooLate:
                raise Unmet("the connection stays open after the response") from None
            if client.reader.buffer:
                raise Unmet(f"after the response came {shown(client.reader.buffer, 300)!r}")
        elif spec.get("closed") is False and not client.is_open():
            raise Unmet("the connection was closed after the response")

    def step_receive(self, spec):
        """The next response, or raw expectations: see README."""
        spec = {"status": spec} if not isinstance(spec, dict) else dict(spec)
        client = self.client(spec.pop("conn", "c"))
        raw = {"bytes", "matches", "size", "nothing_for", "closed", "interim_only", "skip"} & set(spec)
        if isinstance(client, Http2Client) and raw - {"closed"}:
            raise Wrong(f"receive: {', '.join(raw)} is of HTTP/1; over HTTP/2 see 'frame' and 'so_far'")
        if raw and not set(spec) - raw - {"within"}:
            self.receive_raw(client, spec)
        else:
            self.check_response(client, spec, time.monotonic())

    def receive_raw(self, client, spec):
        reader, deadline = client.reader, time.monotonic() + spec.get("within", 5.0) * self.slower
        if "interim_only" in spec:
            message = http1.parse_head(reader.until(b"\r\n\r\n", deadline), http1.STATUS_LINE)
            expect.check_status(message.status, spec["interim_only"])
        if "bytes" in spec:
            wanted = http1.as_bytes(spec["bytes"])
            got = reader.exactly(len(wanted), deadline)
            if got != wanted:
                raise Unmet(f"expected the bytes {shown(wanted, 300)!r}, got {shown(got, 300)!r}")
        if "skip" in spec:
            reader.exactly(spec["skip"], deadline)
        if "size" in spec:
            reader.exactly(spec["size"], deadline)
        if "matches" in spec:
            pattern = re.compile(http1.as_bytes(spec["matches"]), re.S)
            while not (found := pattern.search(reader.buffer)):
                try:
                    reader.more(deadline)
                except (Closed, Reset, TooLate) as over:
                    raise Unmet(f"{type(over).__name__} before anything matched {spec['matches']!r}: "
                                f"{shown(reader.buffer, 300)!r}") from None
            reader.take(found.end())
        if "nothing_for" in spec:
            try:
                reader.more(time.monotonic() + spec["nothing_for"])
                raise Unmet(f"expected silence, got {shown(reader.buffer, 300)!r}")
            except TooLate:
                pass
            except (Closed, Reset):
                raise Unmet("expected silence, but the connection was ended") from None
        if "closed" in spec:
            self.expect_end(client, spec["closed"], deadline)

    def expect_end(self, client, wanted, deadline):
        """`wanted`: true (either way), "closed", "reset", or false (must stay open)."""
        if wanted is False:
            if not client.is_open():
                raise Unmet("the connection was ended")
            return
        try:
            end = client.wait_closed(deadline - time.monotonic())
        except TooLate:
            raise Unmet("the connection stays open") from None
        if wanted is not True and end != wanted:
            raise Unmet(f"expected the connection to be {wanted}, it was {end}")
        if client.reader.buffer:
            raise Unmet(f"before the end came {shown(client.reader.buffer, 300)!r}")

    # --- upstreams

    def step_received(self, spec):
        """What an upstream got; waits a little until it holds."""
        spec = {"by": spec} if isinstance(spec, str) else spec
        only(spec, {"by", "requests", "connections", "nothing", "request", "nth", "raw_matches", "raw_lacks", "within",
                    "tls", "open_connections"}, "received")
        name = spec.get("by", next(iter(self.upstreams), None))
        if name not in self.upstreams:
            raise Wrong(f"there is no upstream '{name}'")
        upstream = self.upstreams[name]
        self.eventually(lambda: self.check_received(upstream, spec), spec.get("within", 1.0))
        if spec.get("nothing"):  # give a late byte the chance to prove it wrong
            time.sleep(0.05)
            self.check_received(upstream, spec)

    def check_received(self, upstream, spec):
        if spec.get("nothing") and upstream.received_bytes:
            raise Unmet(f"upstream {upstream.name}: expected not one byte, got {upstream.received_bytes}")
        if "requests" in spec:
            expect.match(len(upstream.requests), spec["requests"], f"requests to upstream {upstream.name}")
        if "connections" in spec:
            expect.match(len(upstream.connections), spec["connections"], f"connections to upstream {upstream.name}")
        if "open_connections" in spec:
            open_now = sum(1 for c in upstream.connections if not c.wire.end and c.wire.sock.fileno() >= 0)
            expect.match(open_now, spec["open_connections"], f"open connections to upstream {upstream.name}")
        raw = b"".join(bytes(c.wire.received) for c in upstream.connections)
        if "raw_matches" in spec and not re.search(http1.as_bytes(spec["raw_matches"]), raw, re.S):
            raise Unmet(f"upstream {upstream.name}: nothing matches {spec['raw_matches']!r}")
        if "raw_lacks" in spec and http1.as_bytes(spec["raw_lacks"]) in raw:
            raise Unmet(f"upstream {upstream.name}: got {spec['raw_lacks']!r}")
        if "request" in spec:
            nth = spec.get("nth", len(upstream.requests))
            if not 1 <= nth <= len(upstream.requests):
                raise Unmet(f"upstream {upstream.name}: no request {nth or 'at all'}")
            expect.check_request(upstream.requests[nth - 1], spec["request"])
        if "tls" in spec:
            if not upstream.connections:
                raise Unmet(f"upstream {upstream.name}: no connection")
            expect.match(upstream.connections[-1].tls, spec["tls"], f"tls at upstream {upstream.name}")

    def eventually(self, check, within):
        deadline = time.monotonic() + within * self.slower
        while True:
            try:
                return check()
            except Unmet:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.01)

    def step_upstream(self, spec):
        """Changes an upstream: {name, script | stop: true | start: true}."""
        only(spec, {"name", "script", "stop", "start", "forget"}, "upstream")
        upstream = self.upstreams[spec["name"]]
        if "script" in spec:
            upstream.set_script(spec["script"])
        if spec.get("stop"):
            upstream.stop_listening()
        if spec.get("start"):
            upstream.listen_again()
        if spec.get("forget"):
            with upstream.changed:
                upstream.requests.clear()

    def step_release(self, name):
        for upstream in self.upstreams.values():
            upstream.gate(name).set()

    # --- the gateway

    def step_reload(self, spec):
        """{config | edit: {old: new}, expect: applied | refused, by: file | HUP}."""
        only(spec, {"config", "edit", "expect", "by", "within"}, "reload")
        text = spec.get("config", self.config_text)
        for old, new in (spec.get("edit") or {}).items():
            if old not in text:
                raise Wrong(f"edit: '{old}' is not in the configuration")
            text = text.replace(old, new)
        result = spec.get("expect", "applied")
        if result not in ("applied", "refused"):
            raise Wrong("expect: applied or refused")
        self.gateway.reload(self.completed(text), result, spec.get("by", "file"), spec.get("within", 5.0))
        if result == "applied":
            self.config_text = text

    def step_write(self, spec):
        """{file: text}: replaces files of the test's folder."""
        for name, text in spec.items():
            path = self.folder / name
            fresh = path.with_name(path.name + ".new")
            fresh.write_text(text)
            fresh.rename(path)

    def step_renew(self, spec):
        """{cert: name, …new specification}: makes a certificate anew; `reload: {}` then hands it out."""
        spec = dict(spec)
        name = spec.pop("cert")
        self.certs.remake(name, {**(self.certs.specs[name] or {}), **spec})

    def step_signal(self, name):
        self.gateway.signal(name)

    def step_exits(self, spec):
        spec = spec if isinstance(spec, dict) else {"code": spec if spec is not None else 0}
        only(spec, {"code", "within"}, "exits")
        expect.match(self.gateway.wait_exit(spec.get("within", 5.0)), spec.get("code", 0), "exit code")

    def step_admin(self, spec):
        """{get, status, matches, lacks, json, metric | metrics, within}: the admin API, asked until it holds."""
        spec = {"get": spec} if isinstance(spec, str) else spec
        only(spec, {"get", "post", "status", "matches", "lacks", "json", "metric", "metrics", "within"}, "admin")
        self.eventually(lambda: self.check_admin(spec), spec.get("within", 2.0))

    def check_admin(self, spec):
        path = spec.get("get", spec.get("post", "/metrics"))
        try:
            status, text = self.gateway.admin(path, "POST" if "post" in spec else "GET")
        except OSError as refused:
            raise Unmet(f"admin {path}: {refused}") from None
        expect.check_status(status, spec.get("status", 200))
        for pattern in expect.as_list(spec.get("matches")):
            if not re.search(pattern, text, re.M):
                raise Unmet(f"admin {path}: nothing matches {pattern!r} in:\n{text[:3000]}")
        for pattern in expect.as_list(spec.get("lacks")):
            if re.search(pattern, text, re.M):
                raise Unmet(f"admin {path}: {pattern!r} must not match")
        if "json" in spec:
            try:
                expect.match(json.loads(text), spec["json"], f"admin {path}")
            except ValueError:
                raise Unmet(f"admin {path}: no JSON: {text[:300]!r}") from None
        for metric in [*expect.as_list(spec.get("metrics")), *expect.as_list(spec.get("metric"))]:
            if metric["name"] == "process_resident_memory_bytes" and self.slower > 1:
                continue  # a sanitizer keeps what was freed: memory is judged in the release build
            expect.check_metric(text, metric)

    def step_condition(self, spec):
        """{of: "HTTPRoute default/name", type, status, reason, parent}: a status condition in /status."""
        only(spec, {"of", "type", "status", "reason", "parent", "listener", "message", "observedGeneration", "within"},
             "condition")
        from .status import check_condition
        self.eventually(lambda: check_condition(self.gateway, spec), spec.get("within", 2.0))

    def step_status(self, spec):
        """{of: "Gateway default/gw", has: {part of its status}}: in /status; lists in full."""
        only(spec, {"of", "has", "within"}, "status")
        from .status import check_part
        self.eventually(lambda: check_part(self.gateway, spec), spec.get("within", 2.0))

    def step_log(self, spec):
        """{matches | lacks | entry: {…}}: the log on stderr, and the access log on stdout as JSON lines."""
        spec = {"matches": spec} if isinstance(spec, str) else spec
        only(spec, {"matches", "lacks", "entry", "entries", "within"}, "log")
        self.eventually(lambda: self.check_log(spec), spec.get("within", 2.0))

    def check_log(self, spec):
        text = self.gateway.stderr().decode(errors="replace") + self.gateway.stdout().decode(errors="replace")
        for pattern in expect.as_list(spec.get("matches")):
            if not re.search(pattern, text, re.M):
                raise Unmet(f"the log has nothing that matches {pattern!r}")
        for pattern in expect.as_list(spec.get("lacks")):
            if re.search(pattern, text, re.M):
                raise Unmet(f"the log has what matches {pattern!r}")
        entries = self.gateway.access_log()
        if "entries" in spec:
            expect.match(len(entries), spec["entries"], "lines of the access log")
        if "entry" in spec:
            if not entries:
                raise Unmet("the access log is empty")
            reasons = []
            for entry in reversed(entries):
                try:
                    return expect.match(entry, spec["entry"], "access log")
                except Unmet as unmet:
                    reasons.append(str(unmet))
            raise Unmet(f"no line of the access log fits; the last: {reasons[0]}")
        return None

    def step_start(self, spec):
        """Starts a gateway that `gateway: {start: false}` left alone; {fails: exit code} when it must not start."""
        spec = spec or {}
        only(spec, {"fails", "says"}, "start")
        if "fails" not in spec:
            self.gateway.start()
            return
        self.gateway.start(wait=False)
        expect.match(self.gateway.wait_exit(10), spec["fails"], "exit code")
        for pattern in expect.as_list(spec.get("says")):
            if not re.search(pattern, self.gateway.stderr().decode(errors="replace")):
                raise Unmet(f"standard error has nothing that matches {pattern!r}")

    def step_command(self, spec):
        """{args: [check, "${dir}/config"], exit: 1, stdout: pattern(s), stderr: pattern(s), json: {…}}."""
        only(spec, {"args", "exit", "stdout", "stderr", "stdout_lacks", "json", "input"}, "command")
        done = subprocess.run([self.binary, *[str(a) for a in spec["args"]]], capture_output=True, text=True,
                              cwd=self.folder, timeout=30 * self.slower, input=spec.get("input", ""))
        said = f"\nstdout:\n{done.stdout[-3000:]}\nstderr:\n{done.stderr[-3000:]}"
        if done.returncode != spec.get("exit", 0):
            raise Unmet(f"exit code: expected {spec.get('exit', 0)}, got {done.returncode}{said}")
        for stream in ("stdout", "stderr"):
            for pattern in expect.as_list(spec.get(stream)):
                if not re.search(pattern, getattr(done, stream), re.M):
                    raise Unmet(f"{stream}: nothing matches {pattern!r}{said}")
        for pattern in expect.as_list(spec.get("stdout_lacks")):
            if re.search(pattern, done.stdout, re.M):
                raise Unmet(f"stdout: {pattern!r} must not match{said}")
        if "json" in spec:
            expect.match(json.loads(done.stdout), spec["json"], "stdout")

    def step_spread(self, spec):
        """{request, times, over: {upstream: share}, tolerance}: sends many and counts who answered."""
        only(spec, {"request", "times", "over", "tolerance", "key", "conn", "to", "tls"}, "spread")
        counts, times = {}, spec.get("times", 100)
        for _ in range(times):
            message = self.step_request(spec["request"], conn=spec.get("conn"), to=spec.get("to"), tls=spec.get("tls"))
            who = str(message.json()[spec.get("key", "upstream")])
            counts[who] = counts.get(who, 0) + 1
        total = sum(spec["over"].values())
        for who in set(counts) | {str(w) for w in spec["over"]}:
            share = {str(k): v for k, v in spec["over"].items()}.get(who, 0) / total
            if abs(counts.get(who, 0) / times - share) > (spec.get("tolerance", 0.1) if share else 0):
                raise Unmet(f"{who} answered {counts.get(who, 0)} of {times}, expected a share of {share}: {counts}")

    def step_datagram(self, spec):
        from . import datagrams
        datagrams.step_datagram(self, spec)

    def step_datagram_spread(self, spec):
        from . import datagrams
        datagrams.spread(self, spec)

    def step_eventually(self, spec):
        """{request, expect, within}: asks again until the answer is as expected."""
        only(spec, {"request", "expect", "within", "to", "tls"}, "eventually")
        how = {k: spec[k] for k in ("to", "tls") if k in spec}
        self.eventually(lambda: self.step_request(spec["request"], spec.get("expect", 200), **how), spec.get("within", 3.0))

    def step_file(self, spec):
        """{name, matches, lacks}: a file in the test's folder."""
        only(spec, {"name", "exists", "matches", "lacks", "within"}, "file")
        self.eventually(lambda: self.check_file(spec), spec.get("within", 2.0))

    def check_file(self, spec):
        path = self.folder / spec["name"]
        if "exists" in spec and path.exists() != spec["exists"]:
            raise Unmet(f"{spec['name']} is {'not ' if spec['exists'] else ''}there")
        text = path.read_text(errors="replace") if path.exists() else ""
        for pattern in expect.as_list(spec.get("matches")):
            if not re.search(pattern, text, re.M):
                raise Unmet(f"{spec['name']}: nothing matches {pattern!r} in {text[-500:]!r}")
        for pattern in expect.as_list(spec.get("lacks")):
            if re.search(pattern, text, re.M):
                raise Unmet(f"{spec['name']}: {pattern!r} must not match")

    def step_move(self, spec):
        """{old: new}: renames files of the test's folder."""
        for old, new in spec.items():
            (self.folder / old).rename(self.folder / new)

    def step_background(self, argv):
        """Another subcommand that serves, in place of `run`; it must write ${dir}/ports.json."""
        self.gateway.start(argv=argv)

    def step_wait(self, seconds):
        time.sleep(seconds)
