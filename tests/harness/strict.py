"""A mistake in a test file is an error with its place, never a check that silently does nothing."""

import yaml


class Wrong(Exception):
    """The test file itself is wrong."""


class Map(dict):
    """A mapping that knows the line it stands on."""

    line = 0


class Loader(yaml.SafeLoader):
    pass


def _construct_map(loader, node):
    data = Map()
    data.line = node.start_mark.line + 1
    yield data
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key is True:  # YAML 1.1 reads a bare `on` as true
            key = key_node.value
        if key in data:
            raise Wrong(f"line {key_node.start_mark.line + 1}: '{key}' is given twice")
        data[key] = loader.construct_object(value_node, deep=True)


Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)


def load(text):
    return yaml.load(text, Loader)


def only(spec, allowed, what):
    """Raises Wrong for a key that is not known, with the nearest known one."""
    if not isinstance(spec, dict):
        raise Wrong(f"{what}: expected a mapping, not {spec!r}")
    for key in spec:
        if key not in allowed:
            import difflib
            near = difflib.get_close_matches(str(key), [str(a) for a in allowed], 1)
            hint = f"; did you mean '{near[0]}'?" if near else f"; known: {', '.join(sorted(map(str, allowed)))}"
            raise Wrong(f"line {getattr(spec, 'line', '?')}: {what} has no '{key}'{hint}")
