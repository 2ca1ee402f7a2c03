"""Calls are shared by weight; a backend of the weight 0 gets none."""

from collections import Counter

from harness.grpc_peer import GrpcClient, GrpcServer, service

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: weighted-backends}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs:
    - {name: v1, port: 8080, weight: 70}
    - {name: v2, port: 8080, weight: 30}
    - {name: v3, port: 8080, weight: 0}
"""


def test_GRPCRouteWeight(scenario):
    with GrpcServer("v1") as v1, GrpcServer("v2") as v2, GrpcServer("v3") as v3, scenario(
            {"config": ROUTE + service(v1) + service(v2) + service(v3)}) as s, GrpcClient(
                s.gateway.address()) as client:
        got = Counter(client.call("/a.Echo/Echo").server for _ in range(500))
        assert set(got) == {"v1", "v2"}
        assert 280 < got["v1"] < 420, got  # six standard deviations
