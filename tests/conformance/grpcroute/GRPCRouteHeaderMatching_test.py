"""All headers of a match must hold, and a rule takes a call that any of its matches takes."""

from harness.grpc_peer import GrpcClient, GrpcServer, service

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: grpc-header-matching}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{headers: [{name: version, value: one}]}]
    backendRefs: [{name: v1, port: 8080}]
  - matches: [{headers: [{name: version, value: two}]}]
    backendRefs: [{name: v2, port: 8080}]
  - matches: [{headers: [{name: version, value: two}, {name: color, value: orange}]}]
    backendRefs: [{name: v1, port: 8080}]
  - matches: [{headers: [{name: color, value: blue}]}, {headers: [{name: color, value: green}]}]
    backendRefs: [{name: v1, port: 8080}]
  - matches: [{headers: [{name: color, value: red}]}, {headers: [{name: color, value: yellow}]}]
    backendRefs: [{name: v2, port: 8080}]
"""


def test_GRPCRouteHeaderMatching(scenario):
    with GrpcServer("v1") as v1, GrpcServer("v2") as v2, scenario(
            {"config": ROUTE + service(v1) + service(v2)}) as s, GrpcClient(s.gateway.address()) as client:
        for metadata, server in (
                ({"version": "one"}, "v1"), ({"version": "two"}, "v2"), ({"version": "two", "color": "orange"}, "v1"),
                ({"color": "blue"}, "v1"), ({"color": "green"}, "v1"), ({"color": "red"}, "v2"),
                ({"color": "yellow"}, "v2")):
            assert client.call("/a.Echo/Echo", **metadata).server == server, metadata
        for metadata in ({}, {"color": "orange"}, {"version": "three"}, {"color": "Blue"}):
            assert client.call("/a.Echo/Echo", **metadata).code == 12, metadata
