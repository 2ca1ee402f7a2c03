"""The command line of the finished program: exit codes, what is said where, machine-readable output."""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

GOOD = """\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop}
spec:
  gatewayClassName: turnpike
  listeners:
  - {name: http, port: 8080, protocol: HTTP}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: payments}
spec:
  parentRefs: [{name: shop}]
  rules:
  - matches: [{path: {type: PathPrefix, value: /payments}}]
    timeouts: {request: 2s}
    backendRefs: [{group: turnpike.dev, kind: Backend, name: payments, port: 9001}]
---
apiVersion: turnpike.dev/v1alpha1
kind: Backend
metadata: {name: payments}
spec:
  endpoints: [{address: 127.0.0.1, port: 9001}]
"""


@pytest.fixture
def turnpike(request, tmp_path):
    """turnpike("check", "gw.yaml", files={"gw.yaml": TEXT}) -> CompletedProcess."""
    binary = ROOT / request.config.getoption("--binary")  # an absolute path stays what it is
    slower = request.config.getoption("--slower")

    def run(*words, files=None, env=None):
        for name, text in (files or {}).items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return subprocess.run([binary, *map(str, words)], cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=20 * slower, env={**os.environ, **(env or {})})
    return run


def test_help_shows_examples_and_exit_codes(turnpike):
    done = turnpike("--help")
    assert done.returncode == 0 and not done.stderr
    for word in ("run", "check", "explain", "proxy", "exit codes", "turnpike check gateway.yaml"):
        assert word in done.stdout


@pytest.mark.parametrize("command", ["run", "check", "explain", "proxy", "reference", "version", "completion"])
def test_each_command_has_help(turnpike, command):
    done = turnpike(command, "--help")
    assert done.returncode == 0 and command in done.stdout


@pytest.mark.parametrize("words, says", [
    ((), "examples"),
    (("chekc", "gw.yaml"), "did you mean 'check'?"),
    (("run", "--conifg", "gw.yaml"), "did you mean '--config'?"),
    (("run",), "--config gateway.yaml"),
    (("run", "-c", "gw.yaml", "--admin", "0.0.0.0:9901"), "no log-in"),
    (("run", "-c", "gw.yaml", "--drain-delay", "soon"), "write 30s"),
    (("proxy", "--listen", ":8080"), "--to"),
    (("proxy", "--listen", ":8080", "--to", "nowhere"), "is no upstream"),
    (("explain", "gw.yaml", "/x"), "a method and a URL"),
    (("check",), "turnpike check gateway.yaml"),
])
def test_wrong_usage_teaches_and_ends_with_2(turnpike, words, says):
    done = turnpike(*words, files={"gw.yaml": GOOD})
    assert done.returncode == 2
    assert says in done.stderr and not done.stdout


def test_version(turnpike):
    assert turnpike("version").stdout.startswith("turnpike ")
    assert json.loads(turnpike("version", "-o", "json").stdout)["version"]


def test_check_good_prints_conditions(turnpike):
    done = turnpike("check", "gw.yaml", files={"gw.yaml": GOOD})
    assert done.returncode == 0, done.stderr
    assert "Gateway default/shop" in done.stdout and "HTTPRoute default/payments" in done.stdout
    assert "Accepted" in done.stdout and "1 route" in done.stdout
    assert "\x1b" not in done.stdout  # no terminal, no colour


def test_check_good_json(turnpike):
    done = turnpike("check", "-o", "json", "gw.yaml", files={"gw.yaml": GOOD})
    assert done.returncode == 0
    answer = json.loads(done.stdout)
    assert answer["ok"] is True and answer["diagnostics"] == []
    route = next(r for r in answer["resources"] if r["kind"] == "HTTPRoute")
    assert {c["type"]: c["status"] for c in route["status"]["parents"][0]["conditions"]} == {
        "Accepted": "True", "ResolvedRefs": "True"}


def test_check_reads_folders_and_several_paths(turnpike):
    gateway, route, backend = GOOD.split("---\n")
    done = turnpike("check", "base.yaml", "more", files={"base.yaml": gateway, "more/route.yaml": route,
                                                         "more/deep/backend.yml": backend, "more/.hidden.yaml": "not: [valid"})
    assert done.returncode == 0, done.stderr
    assert "HTTPRoute default/payments" in done.stdout


def test_check_names_place_and_nearest_name(turnpike):
    bad = GOOD.replace("backendRefs", "backendRef")
    done = turnpike("check", "gw.yaml", files={"gw.yaml": bad})
    assert done.returncode == 1
    line = next(n for n, text in enumerate(bad.splitlines(), 1) if "backendRef:" in text)
    assert f"gw.yaml:{line}:5: error: " in done.stderr
    assert "backendRefs" in done.stderr  # did you mean
    assert f"{line} | " in done.stderr and "^" in done.stderr  # the line, quoted
    assert "1 error" in done.stderr


def test_check_reports_every_error(turnpike):
    bad = GOOD.replace("backendRefs", "backendRef").replace("port: 8080", "port: 808080").replace("2s", "two")
    done = turnpike("check", "-o", "json", "gw.yaml", files={"gw.yaml": bad})
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert len([d for d in answer["diagnostics"] if d["severity"] == "error"]) == 3
    assert all(d["file"] == "gw.yaml" and d["line"] > 0 and d["column"] > 0 for d in answer["diagnostics"])


@pytest.mark.parametrize("text", ["", "a: [", "\t", "kind: Gateway", "\x00", "- 1\n- 2"])
def test_check_of_what_is_no_configuration_is_an_error_not_a_crash(turnpike, text):
    done = turnpike("check", "gw.yaml", files={"gw.yaml": text})
    assert done.returncode in (0, 1)
    assert done.returncode == 0 or "error: " in done.stderr


def test_check_warns_of_a_reference_to_nothing_and_strict_refuses_it(turnpike):
    text = GOOD.replace("kind: Backend, name: payments", "kind: Backend, name: paymnts")
    done = turnpike("check", "gw.yaml", files={"gw.yaml": text})
    assert done.returncode == 0 and "warning: " in done.stderr and "--strict" in done.stdout
    done = turnpike("check", "--strict", "gw.yaml")
    assert done.returncode == 1 and "did you mean 'payments'" in done.stderr and not done.stdout


def test_a_regular_expression_is_judged_where_it_stands(turnpike):
    text = GOOD.replace("type: PathPrefix, value: /payments", "type: RegularExpression, value: '/pay('")
    done = turnpike("check", "gw.yaml", files={"gw.yaml": text})
    assert done.returncode == 1 and "gw.yaml:15:" in done.stderr and "missing )" in done.stderr


def test_check_of_a_missing_file(turnpike):
    done = turnpike("check", "missing.yaml")
    assert done.returncode == 1 and "missing.yaml: error: cannot be read: No such file" in done.stderr


@pytest.mark.parametrize("text", ["", "# nothing\n", GOOD.replace("gatewayClassName: turnpike", "gatewayClassName: nginx")])
def test_check_says_that_nothing_would_be_served(turnpike, text):
    done = turnpike("check", "gw.yaml", files={"gw.yaml": text})
    assert done.returncode == 0 and "warning: nothing would be served" in done.stderr
    assert "is good" not in done.stdout
    assert turnpike("check", "--strict", "gw.yaml").returncode == 1


def test_what_stands_in_a_file_does_not_act_on_the_terminal(turnpike):
    done = turnpike("check", "gw.yaml", files={"gw.yaml": 'apiVersion: v1\nkind: "Fo\\e[31mo"\nmetadata: {name: "a\\e[2Jb"}\n'})
    assert done.returncode == 1 and "\x1b" not in done.stderr and "Fo\\x1b[31mo" in done.stderr


def test_explain(turnpike):
    done = turnpike("explain", "gw.yaml", "GET", "http://localhost:8080/payments/1", files={"gw.yaml": GOOD})
    assert done.returncode == 0, done.stderr
    for word in ("default/shop/http", "default/payments", "gw.yaml:", "127.0.0.1:9001", "2s"):
        assert word in done.stdout


def test_explain_json_of_what_nobody_serves(turnpike):
    done = turnpike("explain", "gw.yaml", "GET", "http://localhost:8080/other", "-o", "json", files={"gw.yaml": GOOD})
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == 404


def test_explain_json_of_a_bad_configuration(turnpike):
    done = turnpike("explain", "gw.yaml", "GET", "/", "-o", "json", files={"gw.yaml": GOOD.replace("rules", "rulez")})
    assert done.returncode == 1 and not done.stderr
    assert json.loads(done.stdout)["diagnostics"][0]["line"] == 14


def test_explain_of_a_bad_configuration(turnpike):
    done = turnpike("explain", "gw.yaml", "GET", "/", files={"gw.yaml": GOOD.replace("rules", "rulez")})
    assert done.returncode == 1 and "rulez" in done.stderr


def test_run_refuses_a_bad_configuration(turnpike):
    done = turnpike("run", "-c", "gw.yaml", "--admin", "off", files={"gw.yaml": GOOD.replace("rules", "rulez")})
    assert done.returncode == 1 and "gw.yaml:" in done.stderr and "did you mean" in done.stderr


def test_reference_is_the_checked_in_page(turnpike):
    page = ROOT / "docs" / "configuration.md"
    assert turnpike("reference").stdout == page.read_text(), "run: build/release/turnpike reference > docs/configuration.md"


@pytest.mark.parametrize("shell, name", [("bash", "turnpike.bash"), ("zsh", "_turnpike"), ("fish", "turnpike.fish")])
def test_completion_is_the_packaged_script(turnpike, shell, name):
    script = turnpike("completion", shell).stdout
    packaged = ROOT / "packaging" / "completion" / name
    assert script == packaged.read_text(), f"run: build/release/turnpike completion {shell} > packaging/completion/{name}"


def bash_completes(script, *words):
    """What bash offers for the last word."""
    line = (f"{script}\nCOMP_WORDS=(turnpike {' '.join(repr(w) for w in words)}); COMP_CWORD={len(words)}; _turnpike; "
            'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_bash_completion_works(turnpike):
    script = turnpike("completion", "bash").stdout
    assert "check" in bash_completes(script, "ch") and "run" not in bash_completes(script, "ch")
    assert bash_completes(script, "run", "--work") == ["--workers"]
    assert bash_completes(script, "check", "-o", "j") == ["json"]
    assert bash_completes(script, "completion", "f") == ["fish"]


def test_no_color_and_no_terminal_mean_no_escapes(turnpike):
    done = turnpike("check", "gw.yaml", files={"gw.yaml": GOOD.replace("rules", "rulez")}, env={"TERM": "xterm"})
    assert "\x1b" not in done.stderr
