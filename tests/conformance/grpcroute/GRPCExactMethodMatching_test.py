"""A call reaches the backend of the rule that names its method; one that no rule names is UNIMPLEMENTED."""

from harness.grpc_peer import GrpcClient, GrpcServer, service

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {name: exact-matching}
spec:
  parentRefs: [{name: gw}]
  rules:
  - matches: [{method: {service: gateway_api_conformance.echo_basic.grpcecho.GrpcEcho, method: Echo}}]
    backendRefs: [{name: v1, port: 8080}]
  - matches: [{method: {service: gateway_api_conformance.echo_basic.grpcecho.GrpcEcho, method: EchoTwo}}]
    backendRefs: [{name: v2, port: 8080}]
"""
ECHO = "/gateway_api_conformance.echo_basic.grpcecho.GrpcEcho/"


def test_GRPCExactMethodMatching(scenario):
    with GrpcServer("v1") as v1, GrpcServer("v2") as v2, scenario(
            {"config": ROUTE + service(v1) + service(v2)}) as s, GrpcClient(s.gateway.address()) as client:
        s.step_condition({"of": "GRPCRoute exact-matching", "type": "Accepted", "status": True, "reason": "Accepted"})
        assert client.call(ECHO + "Echo").server == "v1"
        assert client.call(ECHO + "EchoTwo").server == "v2"
        assert client.call(ECHO + "EchoThree").code == 12
        assert client.call("/other.Service/Echo").code == 12
