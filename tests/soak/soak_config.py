"""Everything to a program of bench/ as the upstream."""

TEXT = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: all}
spec:
  parentRefs: [{name: gw}]
  rules:
  - backendRefs: [{group: turnpike.dev, kind: Backend, name: origin}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: origin}
spec:
  endpoints: [{address: 127.0.0.1, port: PORT}]
"""


def for_origin(port):
    return TEXT.replace("PORT", str(port))
