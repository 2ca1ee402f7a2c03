"""Rules may have names, which are unique within the route; the log tells them."""

from harness.grpc_peer import GrpcClient, GrpcServer, service

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: grpc-named-rules}
spec:
  parentRefs: [{name: gw}]
  rules:
  - name: named-rule
    matches: [{method: {service: a.Echo, method: Echo}}]
    backendRefs: [{name: v1, port: 8080}]
  - matches: [{method: {service: a.Echo, method: EchoTwo}}]
    backendRefs: [{name: v2, port: 8080}]
"""


def test_GRPCRouteNamedRule(scenario):
    with GrpcServer("v1") as v1, GrpcServer("v2") as v2, scenario(
            {"config": ROUTE + service(v1) + service(v2)}) as s, GrpcClient(s.gateway.address()) as client:
        s.step_condition({"of": "GRPCRoute grpc-named-rules", "type": "Accepted", "status": True})
        assert client.call("/a.Echo/Echo").server == "v1"
        assert client.call("/a.Echo/EchoTwo").server == "v2"
        s.step_log({"entry": {"route": "default/grpc-named-rules", "rule": "named-rule", "grpc_status": 0}})
