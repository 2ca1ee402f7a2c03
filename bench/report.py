"""Results as JSON, as a table for people, and as a chart."""

import json
import math
import statistics
from html import escape
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "results"
ORDER = ["nginx", "nginx, large buffers", "HAProxy", "Envoy", "bare relay", "Turnpike"]
COLOURS = {"nginx": "#9aa5b1", "nginx, large buffers": "#c5ccd4", "HAProxy": "#7b8794", "Envoy": "#b8a1c9",
           "bare relay": "#cfd8c4", "Turnpike": "#c8502d"}


def ordered(names):
    return sorted(names, key=lambda n: (ORDER.index(n) if n in ORDER else len(ORDER), n))


def ratios(rounds, name, baseline):
    """The ratios of one contender to the baseline, each within one round."""
    return [r[name]["us"] / r[baseline]["us"] for r in rounds if name in r and baseline in r]


def spread(values):
    """(median, first quartile, third quartile)."""
    if len(values) < 2:
        return (values[0],) * 3
    low, mid, high = statistics.quantiles(values, n=4, method="inclusive")
    return mid, low, high


def summary(case, rounds):
    """{contender: {us, ratio, low, high, user_us, …}} of a CPU case."""
    out = {}
    for name in ordered({n for r in rounds for n in r}):
        mine = [r[name] for r in rounds if name in r]
        entry = {"us": statistics.median(m["us"] for m in mine),
                 "user_us": statistics.median(m["us"] * m["user_share"] for m in mine), "rounds": len(mine)}
        entry["user_share"] = entry["user_us"] / entry["us"]
        for key in ("p50_us", "p99_us", "p999_us"):
            if key in mine[0]:
                entry[key] = statistics.median(m[key] for m in mine)
        if values := ratios(rounds, name, case.baseline):
            entry["ratio"], entry["low"], entry["high"] = spread(values)
        out[name] = entry
    return out


def save(results):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (FOLDER / "results.md").write_text(table(results))
    (FOLDER / "cpu.svg").write_text(chart(results))


def load():
    path = FOLDER / "results.json"
    return json.loads(path.read_text()) if path.is_file() else {"versions": {}, "cases": {}}


# --- the table -----------------------------------------------------------------------------------------------------


def table(results):
    cases = results["cases"]
    lines = ["# What a request costs", "",
             "CPU time (user + system) of the proxy for each completed request, as a ratio to nginx in the same round: "
             "median and, in brackets, the middle half of the rounds. Turnpike writes its access log and its metrics; the others "
             "write neither. One worker, pinned to one core; load and upstream on another. Made by `./dev bench`.", "",
             "Versions: " + ", ".join(f"{n} {v}" for n, v in results["versions"].items() if v) + ". "
             + (f"Absent: {', '.join(results['absent'])}. " if results.get("absent") else "")
             + f"{results.get('machine', '')}", ""]
    cpu = [(n, c) for n, c in cases.items() if c["kind"] == "cpu" and c["baseline"] == "nginx"]
    if cpu:
        names = ordered({n for _, c in cpu for n in c["summary"]})
        lines += ["| work | nginx µs | " + " | ".join(n for n in names if n != "nginx") + " | target |",
                  "| --- " * (len(names) + 2) + "|"]
        for _, case in cpu:
            cells = []
            for name in names:
                entry = case["summary"].get(name)
                if name == "nginx":
                    cells.append(f"{entry['us']:.1f}" if entry else "-")
                elif entry and "ratio" in entry:
                    cells.append(f"{entry['ratio']:.2f} ({entry['low']:.2f}-{entry['high']:.2f})")
                else:
                    cells.append("-")
            lines.append(f"| {case['title']} | " + " | ".join(cells) + f" | {target(case)} |")
        lines += ["", "| work | " + " | ".join(f"{n}: user + system µs" for n in names) + " |", "| --- " * (len(names) + 1) + "|"]
        for _, case in cpu:
            cells = [f"{e['user_us']:.1f} + {e['us'] - e['user_us']:.1f}" if (e := case["summary"].get(n)) else "-" for n in names]
            lines.append(f"| {case['title']} | " + " | ".join(cells) + " |")
    lines += latency_table(cpu) + other_tables(cases)
    return "\n".join(lines) + "\n"


def target(case):
    return f"≤ {case['target']}" if case.get("target") else "-"


def latency_table(cpu):
    rows = [(c, n, e) for _, c in cpu for n, e in c["summary"].items() if "p50_us" in e]
    if not rows:
        return []
    lines = ["", "Latency at a fixed rate, from the moment a request was due, µs:", "",
             "| work | contender | median | 99 % | 99.9 % |", "| --- | --- | --- | --- | --- |"]
    return lines + [f"| {c['title']} | {n} | {e['p50_us']:.0f} | {e['p99_us']:.0f} | {e['p999_us']:.0f} |" for c, n, e in rows]


def other_tables(cases):
    lines = []
    for case in cases.values():
        if case["kind"] == "cpu" and case["baseline"] != "nginx":
            for name, entry in case["summary"].items():
                if name != case["baseline"] and "ratio" in entry:
                    lines += ["", f"{case['title']}: {entry['ratio']:.2f} ({entry['low']:.2f}-{entry['high']:.2f}) times the "
                              f"CPU of {case['baseline']}; target {target(case)}."]
    once = [c for c in cases.values() if c["kind"] == "once"]
    if once:
        lines += ["", "| structure | " + "contender | value | target of Turnpike |", "| --- | --- | --- | --- |"]
        for case in once:
            for name, facts in case["facts"].items():
                value = ", ".join(f"{k.replace('_', ' ')} {v:.2f}" if isinstance(v, float) else f"{k} {v}"
                                  for k, v in facts.items() if not isinstance(v, dict))
                lines.append(f"| {case['title']} | {name} | {value} | {target(case)} |")
    return lines


# --- the chart -----------------------------------------------------------------------------------------------------


def chart(results):
    """Grouped bars: CPU per request as a ratio to nginx, a whisker for the middle half of the rounds."""
    cases = [c for c in results["cases"].values() if c["kind"] == "cpu" and c["baseline"] == "nginx" and c["summary"]]
    names = ordered({n for c in cases for n, e in c["summary"].items() if "ratio" in e})
    bar, gap, left, top, width = 15, 16, 290, 96, 940
    scale_max = max([1.3] + [min(e.get("high", 0), 4.0) for c in cases for e in c["summary"].values()])
    plot = width - left - 70
    groups = [(c, [n for n in names if "ratio" in c["summary"].get(n, {})]) for c in cases]
    height = top + sum(len(g) * bar + gap for _, g in groups) + 40

    def x(value):
        return left + plot * min(value, scale_max) / scale_max

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12">',
             f'<rect width="{width}" height="{height}" fill="#fff"/>',
             f'<text x="16" y="26" font-size="17" font-weight="600" fill="#222">CPU per request, nginx = 1 (shorter is better)</text>']
    at = 16
    for name in names:
        parts.append(f'<rect x="{at}" y="42" width="12" height="12" fill="{COLOURS.get(name, "#888")}"/>'
                     f'<text x="{at + 17}" y="52" fill="#222">{escape(name)}</text>')
        at += 34 + 7 * len(name)
    step = 0.25 if scale_max <= 2 else 0.5
    for n in range(int(math.floor(scale_max / step)) + 1):
        value = n * step
        strong = value == 1
        parts.append(f'<line x1="{x(value):.1f}" y1="{top - 8}" x2="{x(value):.1f}" y2="{height - 34}" '
                     f'stroke="{"#555" if strong else "#e3e3e3"}" stroke-width="1"/>'
                     f'<text x="{x(value):.1f}" y="{top - 14}" text-anchor="middle" fill="#555">{value:g}</text>')
    y = top
    for case, group in groups:
        middle = y + len(group) * bar / 2 + 4
        parts.append(f'<text x="{left - 10}" y="{middle:.1f}" text-anchor="end" fill="#222">{escape(case["title"])}</text>')
        for name in group:
            entry = case["summary"][name]
            parts.append(f'<rect x="{left}" y="{y + 1}" width="{x(entry["ratio"]) - left:.1f}" height="{bar - 2}" '
                         f'fill="{COLOURS.get(name, "#888")}"><title>{escape(name)}: {entry["ratio"]:.2f}</title></rect>')
            if entry["high"] - entry["low"] > 0.005:
                mid = y + bar / 2
                parts.append(f'<path d="M{x(entry["low"]):.1f} {mid}H{x(entry["high"]):.1f}M{x(entry["low"]):.1f} {mid - 3}v6'
                             f'M{x(entry["high"]):.1f} {mid - 3}v6" stroke="#222" fill="none"/>')
            parts.append(f'<text x="{max(x(entry["ratio"]), x(entry["high"])) + 6:.1f}" y="{y + bar - 4}" fill="#222" '
                         f'font-size="11">{entry["ratio"]:.2f}</text>')
            y += bar
        y += gap
    versions = ", ".join(f"{n} {v}" for n, v in results["versions"].items() if v)
    parts.append(f'<text x="16" y="{height - 12}" fill="#777" font-size="11">{escape(versions)}</text></svg>')
    return "\n".join(parts) + "\n"
