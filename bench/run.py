"""./dev bench: Turnpike beside nginx, HAProxy, Envoy and a bare relay, by CPU per request. bench/README.md explains."""

import argparse
import datetime
import platform
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools" / "dev"), str(ROOT / "bench")]

import contenders  # noqa: E402
import measure  # noqa: E402
import report  # noqa: E402
import term  # noqa: E402
from cases import CASES  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(
        prog="./dev bench", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Compares CPU per request with nginx, HAProxy, Envoy and a bare relay, in interleaved rounds on pinned\n"
                    "cores, and counts system calls and memory. Writes bench/results/results.{json,md} and cpu.svg.",
        epilog="cases:\n" + "\n".join(f"  {c.name:24} {c.title}" for c in CASES))
    parser.add_argument("cases", nargs="*", metavar="CASE", help="names or beginnings of names (default: all)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default 5")
    parser.add_argument("--seconds", type=int, default=3, metavar="S", help="of each measurement (default 3)")
    parser.add_argument("--only", action="append", metavar="NAME", help="only these contenders (and nginx)")
    parser.add_argument("--no-save", action="store_true", help="print, and leave bench/results alone")
    parser.add_argument("--no-build", action="store_true", help="take what is built")
    given = parser.parse_args()
    given.chosen = [c for c in CASES if not given.cases or any(c.name.startswith(n) for n in given.cases)]
    if not given.chosen:
        parser.error(f"no case begins with {' or '.join(given.cases)}; see --help")
    return given


class Bench:
    def __init__(self, given):
        self.given = given
        self.running = {}
        self.absent = {}
        self.versions = {}

    def start_origin(self):
        self.origin_port, self.h2_origin_port = contenders.free_port(), contenders.free_port()
        self.origin = contenders.pinned(contenders.LOAD_CORE, [contenders.PROGRAMS / "origin", self.origin_port])
        contenders.wait_port(self.origin_port, self.origin)
        self.h2_origin = contenders.start_h2_origin(self.h2_origin_port)

    def get(self, kind):
        """The contender, started; None if it is absent here."""
        if kind.name in self.absent:
            return None
        if kind.name not in self.running:
            one = kind(self.origin_port, self.h2_origin_port)
            try:
                one.start()
            except (contenders.Missing, RuntimeError) as missing:
                self.absent[kind.name] = str(missing)
                term.say(term.yellow(f"   {kind.name} takes no part: {missing}"))
                return None
            self.running[kind.name] = one
            if "," not in kind.name:  # variants are the same program
                self.versions[kind.name] = one.version()
        return self.running[kind.name]

    def stop(self, names=None):
        for name in list(self.running) if names is None else names:
            self.running.pop(name).stop()

    def wanted(self, case):
        kinds = case.contenders
        if self.given.only:
            kinds = [k for k in kinds if k.name == "nginx" or any(k.name.lower().startswith(o.lower()) for o in self.given.only)]
        return kinds

    def compare(self, case):
        """Rounds of A B C D, A B C D, …"""
        rounds = []
        for number in range(self.given.rounds):
            results = {}
            for kind in self.wanted(case):
                if not (contender := self.get(kind)):
                    continue
                try:
                    results[kind.name] = measure.cost(contender, lambda c=contender: case.run(c, self.given.seconds))
                except measure.Unfit as unfit:
                    term.say(term.yellow(f"   {kind.name}, round {number + 1} counts for nothing: {unfit}"))
                if hasattr(contender, "forget_log"):
                    contender.forget_log()
            rounds.append(results)
            line = "  ".join(f"{n} {r['us']:.1f}" for n, r in results.items())
            term.say(f"   round {number + 1}: {line} µs")
        return {"title": case.title, "kind": "cpu", "baseline": case.baseline, "target": case.target,
                "summary": report.summary(case, rounds), "rounds": rounds}

    def once(self, case):
        facts = {}
        for kind in self.wanted(case):
            if case.name.startswith(("idle", "resident")):  # memory is measured on a fresh process
                if kind.name in self.running:
                    self.stop([kind.name])
            if not (contender := self.get(kind)):
                continue
            try:
                facts[kind.name] = case.run(contender, self.given.seconds)
                term.say(f"   {kind.name}: {facts[kind.name]}")
            except measure.Unfit as unfit:
                term.say(term.yellow(f"   {kind.name}: {unfit}"))
        return {"title": case.title, "kind": "once", "baseline": case.baseline, "target": case.target, "facts": facts}

    def run(self, results):
        for case in self.given.chosen:
            with term.Step(f"{case.name}: {case.title}"):
                results["cases"][case.name] = self.compare(case) if case.kind == "cpu" else self.once(case)
            self.stop([n for n in self.running if "routes" in n])  # big ones do not stay
            results["versions"].update(self.versions)
            results["absent"] = sorted(self.absent)
            results["machine"] = f"{datetime.date.today()}, {platform.machine()}, Linux {platform.release().split('-')[0]}."
            if not self.given.no_save:
                report.save(results)


def main():
    given = arguments()
    if not given.no_build and subprocess.run(["./dev", "build", "release", "turnpike", "bench_origin", "bench_relay", "bench_load", "bench_handshake"], cwd=ROOT,
                                             stdout=None if sys.stderr.isatty() else subprocess.DEVNULL).returncode != 0:
        term.say("the build failed: ./dev build release shows why")
        return 1
    contenders.WORK.mkdir(parents=True, exist_ok=True)
    contenders.install_envoy(term.say)
    results = report.load() if given.cases else {"versions": {}, "cases": {}}
    order = {c.name: n for n, c in enumerate(CASES)}
    bench = Bench(given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bench.start_origin()
    try:
        bench.run(results)
    except KeyboardInterrupt:
        return 130
    finally:
        bench.stop()
        for origin in (bench.origin, bench.h2_origin):
            if origin:
                origin.terminate()
                origin.wait()
        results["cases"] = dict(sorted(results["cases"].items(), key=lambda item: order.get(item[0], 99)))
    print(report.table(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
