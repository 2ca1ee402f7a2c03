"""Compares what came with what a test expects."""

import re
import time

from .strict import Wrong, only
from .wire import shown

OPERATORS = {"matches", "contains", "starts", "not", "not_contains", "absent", "present", "at_least", "at_most", "one_of", "size"}
RESPONSE = {"status", "reason", "version", "headers", "absent", "only_headers", "body", "body_contains", "body_lacks",
            "body_matches", "body_size", "json", "echo", "framing", "trailers", "closed", "interim", "head_matches",
            "cut", "within", "took", "for", "text", "pattern_body", "head_only"}
REQUEST = {"method", "target", "version", "headers", "absent", "body", "body_contains", "body_size", "framing",
           "trailers", "head_matches", "complete", "pattern_body", "cut"}


class Unmet(AssertionError):
    """What came is not what was expected."""


def match(value, wanted, what):
    """`wanted` is a plain value, null (must be absent), a list, a mapping of operators, or a mapping of parts."""
    if isinstance(wanted, dict) and wanted and set(wanted) <= OPERATORS:
        for name, argument in wanted.items():
            operator(name, value, argument, what)
    elif isinstance(wanted, dict):
        if not isinstance(value, dict):
            raise Unmet(f"{what}: expected a mapping, got {value!r}")
        for key, part in wanted.items():
            match(value.get(key), part, f"{what}.{key}")
    elif isinstance(wanted, list) and isinstance(value, list):
        if len(wanted) != len(value):
            raise Unmet(f"{what}: expected {len(wanted)} entries {wanted!r}, got {len(value)}: {value!r}")
        for index, (one, other) in enumerate(zip(value, wanted)):
            match(one, other, f"{what}[{index}]")
    elif isinstance(wanted, (bool, type(None))) or isinstance(value, (bool, type(None))):
        if value is not wanted:
            raise Unmet(f"{what}: expected {wanted!r}, got {value!r}")
    elif isinstance(value, (int, float)) and isinstance(wanted, (int, float)):
        if value != wanted:
            raise Unmet(f"{what}: expected {wanted!r}, got {value!r}")
    elif str(value) != str(wanted):
        raise Unmet(f"{what}: expected {wanted!r}, got {value!r}")


def operator(name, value, argument, what):
    text = "" if value is None else str(value)
    holds = {
        "matches": lambda: value is not None and re.search(argument, text) is not None,
        "contains": lambda: argument in (value if isinstance(value, list) else text),
        "not_contains": lambda: argument not in (value if isinstance(value, list) else text),
        "starts": lambda: text.startswith(argument),
        "not": lambda: text != str(argument),
        "absent": lambda: (value is None) == bool(argument),
        "present": lambda: (value is not None) == bool(argument),
        "at_least": lambda: value is not None and float(value) >= argument,
        "at_most": lambda: value is not None and float(value) <= argument,
        "one_of": lambda: text in [str(a) for a in argument],
        "size": lambda: value is not None and len(value) == argument,
    }[name]()
    if not holds:
        raise Unmet(f"{what}: expected {name} {argument!r}, got {value!r}")


def check_status(status, wanted):
    options = wanted if isinstance(wanted, list) else [wanted]
    for one in options:
        if isinstance(one, str) and re.fullmatch(r"[1-5]xx", one):
            if status // 100 == int(one[0]):
                return
        elif status == int(one):
            return
    raise Unmet(f"status: expected {wanted}, got {status}")


def check_fields(fields, wanted, what):
    """A scalar asks for exactly one field line of that name with that value; a list for these lines in order."""
    for name, expected in (wanted or {}).items():
        values = [v for n, v in fields if n.lower() == name.lower()]
        if expected is None:
            if values:
                raise Unmet(f"{what} {name}: expected none, got {values!r}")
        elif isinstance(expected, list):
            match(values, expected, f"{what} {name}")
        elif isinstance(expected, dict) and set(expected) <= OPERATORS:
            match(", ".join(values) if values else None, expected, f"{what} {name}")
        else:
            if len(values) != 1:
                raise Unmet(f"{what} {name}: expected one line {expected!r}, got {values!r}")
            match(values[0], expected, f"{what} {name}")


def check_absent(fields, names, what):
    for name in names or []:
        values = [v for n, v in fields if n.lower() == name.lower()]
        if values:
            raise Unmet(f"{what} {name}: expected none, got {values!r}")


def check_body(body, spec):
    from . import http1
    body = bytes(body)
    text = body.decode("latin-1")
    if "body" in spec and body != http1.as_bytes(spec["body"]):
        raise Unmet(f"body: expected {spec['body']!r}, got {shown(body, 300)!r}")
    for part in as_list(spec.get("body_contains")):
        if http1.as_bytes(part) not in body:
            raise Unmet(f"body: {part!r} is not in {shown(body, 600)!r}")
    for part in as_list(spec.get("body_lacks")):
        if http1.as_bytes(part) in body:
            raise Unmet(f"body: {part!r} must not be in {shown(body, 600)!r}")
    if "body_matches" in spec and not re.search(spec["body_matches"], text):
        raise Unmet(f"body: expected to match {spec['body_matches']!r}, got {shown(body, 600)!r}")
    if "body_size" in spec and len(body) != spec["body_size"]:
        raise Unmet(f"body: expected {spec['body_size']} bytes, got {len(body)}")
    if "pattern_body" in spec and body != http1.pattern_bytes(spec["pattern_body"]):
        raise Unmet(f"body: not the {spec['pattern_body']} bytes of the pattern (got {len(body)} bytes)")


def as_list(value):
    return value if isinstance(value, list) else [] if value is None else [value]


def check_echo(message, wanted):
    """`echo:` looks at what the upstream saw, as its default answer reports it."""
    try:
        seen = message.json()
    except ValueError as wrong:
        raise Unmet(f"echo: the body is not what an echoing upstream sends: {shown(message.body, 300)!r}") from wrong
    wanted = dict(wanted) if isinstance(wanted, dict) else {"upstream": wanted}
    fields = [(n, v) for n, values in seen.get("headers", {}).items() for v in values]
    check_fields(fields, wanted.pop("headers", None), "header at the upstream")
    check_absent(fields, wanted.pop("absent", None), "header at the upstream")
    match(seen, wanted, "echo")


def check_response(message, spec, began):
    """Everything in `spec` but `closed`, which needs the connection."""
    if isinstance(spec, (int, str, list)):
        spec = {"status": spec}
    only(spec, RESPONSE, "expect")
    if "status" in spec:
        check_status(message.status, spec["status"])
    if bool(spec.get("cut")) != bool(message.cut):
        raise Unmet(f"the response was cut ({message.cut}) after {len(message.body)} bytes of content" if message.cut
                    else "expected a response that breaks off, but it is complete")
    for key in ("reason", "version", "framing"):
        if key in spec:
            match(getattr(message, key), spec[key], key)
    check_fields(message.headers, spec.get("headers"), "header")
    check_absent(message.headers, spec.get("absent"), "header")
    if "only_headers" in spec:
        wanted = sorted(n.lower() for n in spec["only_headers"])
        got = sorted({n.lower() for n, _ in message.headers})
        if wanted != got:
            raise Unmet(f"headers: expected only {wanted}, got {got}")
    if "trailers" in spec:
        check_fields(message.trailers, spec["trailers"], "trailer")
    check_body(message.body, spec)
    if "json" in spec:
        match(message.json(), spec["json"], "json")
    if "echo" in spec:
        check_echo(message, spec["echo"])
    if "interim" in spec:
        got = [m.status for m in message.interim]
        wanted = [i if isinstance(i, int) else i["status"] for i in spec["interim"]]
        if got != wanted:
            raise Unmet(f"interim responses: expected {wanted}, got {got}")
        for one, expected in zip(message.interim, spec["interim"]):
            if isinstance(expected, dict):
                check_fields(one.headers, expected.get("headers"), "interim header")
    if "head_matches" in spec and not re.search(spec["head_matches"], message.raw_head.decode("latin-1")):
        raise Unmet(f"head: expected to match {spec['head_matches']!r}, got {shown(message.raw_head)!r}")
    if "took" in spec:
        match(time.monotonic() - began, spec["took"], "seconds")


def check_request(message, spec):
    only(spec, REQUEST, "request")
    for key in ("method", "target", "version", "framing", "complete", "cut"):
        if key in spec:
            match(getattr(message, key), spec[key], f"request {key}")
    check_fields(message.headers, spec.get("headers"), "header at the upstream")
    check_absent(message.headers, spec.get("absent"), "header at the upstream")
    if "trailers" in spec:
        check_fields(message.trailers, spec["trailers"], "trailer at the upstream")
    check_body(message.body, spec)
    if "head_matches" in spec and not re.search(spec["head_matches"], message.raw_head.decode("latin-1")):
        raise Unmet(f"request head: expected to match {spec['head_matches']!r}, got {shown(message.raw_head)!r}")


# --- metrics -------------------------------------------------------------------------------------------------------

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def metric(text, name, labels):
    """The sum of the samples of `name` that have these labels; None if there is none."""
    total = None
    for line in text.splitlines():
        found = SAMPLE.match(line)
        if not found or found[1] != name:
            continue
        have = dict(LABEL.findall(found[2] or ""))
        if all(have.get(k) == str(v) for k, v in (labels or {}).items()):
            total = (total or 0) + float(found[3])
    return total


def check_metric(text, spec):
    only(spec, {"name", "labels", "value", "at_least", "at_most"}, "metric")
    value = metric(text, spec["name"], spec.get("labels"))
    what = f"metric {spec['name']} {dict(spec.get('labels') or {})}"
    if not set(spec) & {"value", "at_least", "at_most"}:
        raise Wrong("metric needs value, at_least or at_most")
    if "value" in spec:
        match(value, spec["value"], what)
    match(value, {k: v for k, v in spec.items() if k in ("at_least", "at_most")} or {"present": True}, what)
