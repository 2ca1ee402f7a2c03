"""Configuration that changes all the time must not harm a single request."""

from harness import tools

CONFIG = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw}}
spec:
  gatewayClassName: turnpike
  listeners:
  - {{name: http, port: 8080, protocol: HTTP}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: main}}
spec:
  parentRefs: [{{name: gw}}]
  rules:
  - filters:
    - {{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: X-Turn, value: turn-{turn}}}]}}}}
    backendRefs: [{{group: turnpike.dev, kind: Backend, name: {backend}}}]
{more}---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {{name: one}}
spec:
  endpoints: [{{address: 127.0.0.1, port: {one}}}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {{name: two}}
spec:
  endpoints: [{{address: 127.0.0.1, port: {two}}}, {{address: 127.0.0.1, port: {one}}}]
"""

MORE = """  - matches: [{{path: {{value: /extra-{n}}}}}]
    backendRefs: [{{group: turnpike.dev, kind: Backend, name: one}}]
"""


def config(turn, one, two):
    """Each turn changes a filter, the backend, and how many rules there are."""
    more = "".join(MORE.format(n=n) for n in range(turn % 5))
    return CONFIG.format(turn=turn, backend="one" if turn % 2 else "two", more=more, one=one.port, two=two.port)


def test_two_hundred_changes_under_load_break_nothing(scenario):
    with tools.Origin() as one, tools.Origin() as two:
        with scenario({"config": config(0, one, two), "gateway": {"args": ["--workers", "2"]}}) as s:
            address = s.gateway.address()
            with tools.Load(address, requests=10**9, connections=64, path="/2000", expect="X-Turn: turn-") as closed, \
                 tools.Load(address, rate=500, seconds=600, connections=32, path="/200", expect="X-Turn: turn-") as steady:
                for turn in range(1, 201):
                    s.gateway.reload(config(turn, one, two))
                for running in (closed, steady):
                    assert running.process.poll() is None
                    running.process.terminate()
                results = [closed.result(), steady.result()]
            for result in results:
                assert tools.faultless(result), result
            assert results[0]["completed"] > 1000
            s.step_request("GET /5", expect={"headers": {"X-Turn": "turn-200"}})
            s.check_admin({"get": "/metrics", "metric": {"name": "turnpike_config_reloads_total", "labels": {"result": "ok"}, "at_least": 200}})
