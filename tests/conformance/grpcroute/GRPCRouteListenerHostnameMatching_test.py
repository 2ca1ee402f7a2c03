"""The listener's hostname decides where the route has none; a call belongs to the most specific listener."""

from harness.grpc_peer import GrpcClient, GrpcServer, service

CONFIG = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: listener-1, port: 8080, protocol: HTTP, hostname: bar.com}
  - {name: listener-2, port: 8080, protocol: HTTP, hostname: foo.bar.com}
  - {name: listener-3, port: 8080, protocol: HTTP, hostname: '*.bar.com'}
  - {name: listener-4, port: 8080, protocol: HTTP, hostname: '*.foo.com'}
"""
ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: {name}}}
spec:
  parentRefs: {parents}
  rules: [{{backendRefs: [{{name: {name}, port: 8080}}]}}]
"""


def test_GRPCRouteListenerHostnameMatching(scenario):
    routes = "".join(ROUTE.format(name=name, parents=str([{"name": "gw", "sectionName": l} for l in listeners]))
                     for name, listeners in (("v1", ["listener-1"]), ("v2", ["listener-2"]),
                                             ("v3", ["listener-3", "listener-4"])))
    with GrpcServer("v1") as v1, GrpcServer("v2") as v2, GrpcServer("v3") as v3, scenario(
            {"config": CONFIG + routes + service(v1) + service(v2) + service(v3)}) as s:
        for host, server in (("bar.com", "v1"), ("foo.bar.com", "v2"), ("baz.bar.com", "v3"), ("boo.bar.com", "v3"),
                             ("multiple.prefixes.bar.com", "v3"), ("multiple.prefixes.foo.com", "v3"),
                             ("foo.com", None), ("no.matching.host", None)):
            with GrpcClient(s.gateway.address(), host) as client:
                reply = client.call("/a.Echo/Echo")
                assert (reply.server, reply.code) == (server, 0 if server else 12), host
