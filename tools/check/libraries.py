"""Each external library is included from one folder, so that it can be replaced in one place."""

from pathlib import Path

from result import Result
from source import cpp_files, includes

# header prefix -> (library, folders of src/ that may include it)
LIBRARIES = {
    "yaml-cpp/": ("yaml-cpp", {"resource"}),
    "re2/": ("RE2", {"route"}),
    "ares": ("c-ares", {"upstream"}),
    "openssl/": ("OpenSSL", {"crypto", "tls"}),
    "fmt/": ("fmt", set()),
    "spdlog/": ("spdlog", set()),
    "CLI/": ("CLI11", {"cli"}),
    "nlohmann/": ("nlohmann-json", {"control"}),
    "boost/": ("Boost", {"io"}),
    "nghttp2/": ("nghttp2", {"http"}),
    "http_parser.h": ("http-parser", set()),
    "sys/epoll.h": ("epoll", {"io"}),
}
# Tests, benchmarks and fuzzers may compare with a library that the product does not use.
COMPARED = {"http_parser.h", "nlohmann/"}


def run(root):
    findings = []
    for name in cpp_files(root):
        parts = name.split("/")
        if parts[0] != "src" or len(parts) < 3:
            continue
        beside = name.endswith(("_test.cc", "_bench.cc", "_fuzz.cc"))
        for line, _, target in includes(str(Path(root) / name)):
            for prefix, (library, folders) in LIBRARIES.items():
                if not target.startswith(prefix) or parts[1] in folders or (beside and prefix in COMPARED):
                    continue
                where = " and ".join(sorted(folders)) or "no folder (tests only)"
                findings.append(f"{name}:{line}: <{target}>: {library} is included from {where} only")
    return Result(findings)
