"""What the scripts behind ./dev say on the terminal: steps with their time, colours only where a person looks."""

import os
import sys
import time

_COLOUR = sys.stderr.isatty() and not os.environ.get("NO_COLOR")


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if _COLOUR else text


def bold(text):
    return paint("1", text)


def green(text):
    return paint("32", text)


def yellow(text):
    return paint("33", text)


def red(text):
    return paint("31", text)


def say(text=""):
    print(text, file=sys.stderr, flush=True)


class Step:
    """`with Step("unit tests"):` announces what runs and says how long it took."""

    def __init__(self, name):
        self.name = name
        self.note = ""

    def __enter__(self):
        self.start = time.monotonic()
        say(bold(f"== {self.name}"))
        return self

    def __exit__(self, kind, value, trace):
        took = f"{time.monotonic() - self.start:.1f} s"
        if kind is None:
            say(f"   {self.note + ', ' if self.note else ''}{took}")
        return False
