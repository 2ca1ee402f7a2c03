"""Gateway API status as the admin API serves it under /status."""

import json

from .expect import Unmet, match


def resources(document):
    """Every object with kind, metadata and status, wherever the document keeps it."""
    if isinstance(document, dict):
        if "kind" in document and "status" in document:
            yield document
        for value in document.values():
            yield from resources(value)
    elif isinstance(document, list):
        for value in document:
            yield from resources(value)


def named(resource):
    meta = resource.get("metadata", resource)
    return f"{resource['kind']} {meta.get('namespace') or 'default'}/{meta.get('name')}"


def conditions(resource, parent=None, listener=None):
    status = resource["status"]
    if listener is not None:
        return [c for one in status.get("listeners", []) if one.get("name") == listener for c in one["conditions"]]
    if "parents" in status:
        found = []
        for one in status["parents"]:
            reference = one.get("parentRef", {})
            if parent is None or parent in (reference.get("name"), reference.get("sectionName")):
                found += one.get("conditions", [])
        return found
    if "ancestors" in status:
        return [c for one in status["ancestors"] for c in one.get("conditions", [])]
    return status.get("conditions", [])


def find(gateway, name):
    """(the resource's full name, the resource in /status)."""
    code, text = gateway.admin("/status")
    if code != 200:
        raise Unmet(f"/status answers {code}")
    kind, _, name = name.partition(" ")
    wanted = f"{kind} {name if '/' in name else 'default/' + name}"
    found = [r for r in resources(json.loads(text)) if named(r) == wanted]
    if not found:
        raise Unmet(f"/status has no {wanted}")
    return wanted, found[0]


def check_part(gateway, spec):
    wanted, resource = find(gateway, spec["of"])
    match(resource["status"], spec["has"], f"status of {wanted}")


def check_condition(gateway, spec):
    wanted, resource = find(gateway, spec["of"])
    have = conditions(resource, spec.get("parent"), spec.get("listener"))
    unmet = None
    for one in have:
        if one["type"] != spec["type"]:
            continue
        try:
            for key in ("status", "reason", "message", "observedGeneration"):
                if key in spec:
                    value = str(spec[key]) if isinstance(spec[key], bool) else spec[key]  # a bare True is a YAML boolean
                    match(one.get(key), value, f"{wanted} {spec['type']}.{key}")
            return
        except Unmet as different:
            unmet = different
    if unmet:
        raise unmet
    raise Unmet(f"{wanted} has no condition {spec['type']}; it has {[c['type'] for c in have]}")
