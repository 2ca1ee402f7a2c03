"""Upgrades of the program under load: 5 in CI, 50 with --long. Not one request may break, and no WebSocket."""

from harness import tools
from harness.succession import Succession
from harness.websocket import TEXT, Feed, WebSocket
from soak_config import for_origin

WEBSOCKETS = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ws}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{path: {value: /ws}}]
    backendRefs: [{group: turnpike.dev, kind: Backend, name: feed}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: feed}
spec:
  endpoints: [{address: 127.0.0.1, port: PORT}]
"""


def test_upgrades_under_load_lose_nothing(scenario, long_run):
    turns = 50 if long_run else 5
    with tools.Origin() as origin, Feed() as feed:
        text = for_origin(origin.port) + WEBSOCKETS.replace("PORT", str(feed.port))
        with scenario({"config": text, "gateway": {"args": ["--workers", "2", "--drain-timeout", "120s"],
                                                   "start": False}}) as s:
            succession = Succession(s.gateway)
            s.gateway.start()
            address = s.gateway.address()
            sockets = []
            with tools.Load(address, requests=10**9, connections=32, path="/2000") as closed, \
                 tools.Load(address, rate=300, seconds=3600, connections=16, path="/200") as steady, \
                 tools.Load(address, rate=100, seconds=3600, connections=4, path="/200", header="Connection: close") as fresh:
                for turn in range(turns):
                    sockets.append(WebSocket(address))
                    succession.upgrade()
                    for number, one in enumerate(sockets):
                        content = b"%d of %d" % (number, turn)
                        one.send(TEXT, content)
                        assert one.receive() == (TEXT, content)
                results = []
                for running in (closed, steady, fresh):
                    assert running.process.poll() is None
                    running.process.terminate()
                    results.append(running.result())
            for result in results:
                assert tools.faultless(result), result
            s.check_admin({"get": "/metrics", "metric": {"name": "turnpike_upgrade_generation", "value": turns}})
            for one in sockets:
                one.client.wire.close()
            succession.wait_old(60)
            succession.stop()
