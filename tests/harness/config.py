"""Completes a test's configuration: what nearly every test needs is added where the test does not write it."""

import re

import yaml

GATEWAY = {
    "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "gw"},
    "spec": {"gatewayClassName": "turnpike", "listeners": [{"name": "http", "port": 8080, "protocol": "HTTP"}]},
}


def substitute(value, values):
    """Replaces ${name} in every text of a structure. An unknown name is an error."""
    from .strict import Map, Wrong
    if isinstance(value, str):
        def one(found):
            if found[1] not in values:
                raise Wrong(f"there is no ${{{found[1]}}}; there are {', '.join(sorted(values))}")
            return str(values[found[1]])
        return re.sub(r"\$\{([^}]+)\}", one, value)
    if isinstance(value, dict):
        copy = Map((substitute(k, values), substitute(v, values)) for k, v in value.items())
        copy.line = getattr(value, "line", 0)
        return copy
    if isinstance(value, list):
        return [substitute(v, values) for v in value]
    return value


def documents(text):
    """The resources in a text; none of a text that is no YAML (tests of bad configurations need such)."""
    try:
        return [d for d in yaml.safe_load_all(text) if isinstance(d, dict)]
    except yaml.YAMLError:
        return None


def backend(upstream, tls_only=False):
    """The resources through which a route finds an upstream."""
    name = upstream.name
    endpoints = [{"address": "127.0.0.1", "port": p} for p in upstream.ports]
    options = upstream.options
    protocol = options.get("app_protocol") or ("kubernetes.io/h2c" if options.get("protocol") == "h2c" else None)
    meta = {"name": name}
    if options.get("namespace"):
        meta["namespace"] = options["namespace"]
    if options.get("as", "Backend").lower() != "service":
        return [{"apiVersion": "turnpike.dev/v1alpha1", "kind": "Backend", "metadata": meta,
                 "spec": {"endpoints": endpoints, **({"appProtocol": protocol} if protocol else {})}}]
    port = options.get("port", 8080)
    service_port = {"name": "main", "port": port}
    transport = {"protocol": "UDP"} if options.get("protocol") == "udp" else {}
    service_port |= transport
    if protocol:
        service_port["appProtocol"] = protocol
    resources = [{"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": [service_port]}}]
    for index, endpoint in enumerate(endpoints):  # ports belong to a slice, so replicas need one each
        resources.append({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {**meta, "name": f"{name}-{index}", "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4", "ports": [{"name": "main", "port": endpoint["port"], **transport}],
            "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}]})
    return resources


def complete(text, upstreams, certs):
    """`text` with a Gateway, a route, Backends, Secrets and ConfigMaps added unless it has its own."""
    have = documents(text)
    if have is None:
        return text
    kinds = {d.get("kind") for d in have}
    names = {(d.get("kind"), (d.get("metadata") or {}).get("name")) for d in have}
    added = []
    if not any(k.endswith("Gateway") or k == "ListenerSet" for k in kinds if k):
        added.append(GATEWAY)
    if not any(k.endswith("Route") for k in kinds if k) and upstreams:
        first = next(iter(upstreams))
        gateway = next((d["metadata"]["name"] for d in have if d.get("kind") == "Gateway"), "gw")
        added.append({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "all"},
                      "spec": {"parentRefs": [{"name": gateway}],
                               "rules": [{"backendRefs": [reference(upstreams[first])]}]}})
    for upstream in upstreams.values():
        kind = "Service" if upstream.options.get("as", "").lower() == "service" else "Backend"
        if (kind, upstream.name) not in names and upstream.options.get("as") != "nothing":
            added += backend(upstream)
    for name in certs.specs:
        if certs.is_ca(name):
            if ("ConfigMap", name) not in names:
                added.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
                              "data": {"ca.crt": certs.files(name)[0].read_text()}})
        elif ("Secret", name) not in names:
            added.append({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
                          "type": "kubernetes.io/tls",
                          "data": {"tls.crt": certs.base64(name, "pem"), "tls.key": certs.base64(name, "key")}})
    parts = [text.rstrip()] if text.strip() else []
    parts += [yaml.safe_dump(d, sort_keys=False).rstrip() for d in added]
    return "\n---\n".join(parts) + "\n"


def reference(upstream):
    if upstream.options.get("as", "").lower() == "service":
        return {"name": upstream.name, "port": upstream.options.get("port", 8080)}
    return {"group": "turnpike.dev", "kind": "Backend", "name": upstream.name}
