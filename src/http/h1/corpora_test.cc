// The corpora desync and http1-probe at the level of the codec: what a parser alone can refuse. What takes a
// proxy (a closed connection, not a byte to the upstream) is shown end to end elsewhere.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "http/corpus.h"
#include "http/h1/transcript.h"
#include "http/path.h"

namespace turnpike::http::h1 {
namespace {

// What the bytes meet: an error's name, also of path normalisation; "ok" for messages read whole, "waits" for
// less.
std::string verdict(std::string_view bytes) {
  Transcript transcript(Transcript::Side::requests, best_scan());
  transcript.read(bytes);
  if (transcript.error() != ErrorKind::none) return std::string(name_of(transcript.error()));
  if (transcript.heads() == 0) return "waits";
  Arena arena;
  const RequestHead& head = transcript.request();
  if (head.method != Method::connect && !normalise_path(head.path, {}, arena)) return "bad_path";
  return transcript.messages() == transcript.heads() ? "ok" : "waits";
}

int status_of(const std::string& verdict) {
  static const std::map<std::string, int> kStatus = {{"ok", 200},
                                                     {"bad_request", 400},
                                                     {"bad_path", 400},
                                                     {"bad_version", 505},
                                                     {"head_too_large", 431},
                                                     {"request_line_too_long", 414},
                                                     {"body_too_large", 413},
                                                     {"unknown_transfer_coding", 501},
                                                     {"expectation_failed", 417}};
  const auto found = kStatus.find(verdict);
  return found == kStatus.end() ? 0 : found->second;
}

// --- http1-probe
// ---------------------------------------------------------------------------------------------------

// Whether a status is one of "400/405 or 2xx or close".
bool allows(const std::string& expected, const std::string& found) {
  const int status = status_of(found);
  if (expected.find("close") != std::string::npos && status >= 400)
    return true;                        // each of our refusals closes
  if (expected == "!101") return true;  // whether to switch is not the codec's question
  if (found == "waits") return expected.find("timeout") != std::string::npos;
  if (status == 200 &&
      (expected.find("2xx") != std::string::npos || expected.find("200") != std::string::npos))
    return true;
  return expected.find(std::to_string(status)) != std::string::npos;
}

TEST(Probe, EveryCase) {
  const auto file = corpus("http1-probe") / "cases.json";
  TURNPIKE_NEEDS_CORPUS(file);
  std::size_t count = 0;
  for (const auto& item : nlohmann::json::parse(read_whole(file))) {
    const std::string id = item["id"];
    std::string bytes;
    for (const char32_t c : [](const std::string& text) {  // Latin-1 in UTF-8
           std::u32string out;
           for (std::size_t i = 0; i < text.size(); ++i) {
             const auto byte = static_cast<unsigned char>(text[i]);
             out += byte < 0x80 ? byte : static_cast<char32_t>((byte & 0x03) << 6 | (text[++i] & 0x3f));
           }
           return out;
         }(item["rawRequest"].get<std::string>())) {
      bytes += static_cast<char>(c);
    }
    // The file has lost the bytes that this case is about (it says "caf??").
    if (id == "MAL-NON-ASCII-URL") bytes.replace(bytes.find("??"), 2, "\xc3\xa9");
    // CONNECT is refused by the proxy, which has no tunnels to offer; the codec reads it.
    if (id == "COMP-METHOD-CONNECT") continue;
    const std::string found = verdict(bytes);
    EXPECT_TRUE(allows(item["expected"], found)) << id << ": " << found << ", expected " << item["expected"];
    ++count;
  }
  EXPECT_EQ(count, 73u);
}

// --- desync
// --------------------------------------------------------------------------------------------------------

struct Case {
  std::string name, method, uri, version, tier;
  std::vector<std::pair<std::string, std::string>> headers;
};

std::string unquote(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.size() < 2 || (text.front() != '"' && text.front() != '\'') || text.back() != text.front())
    return std::string(text);
  const char quote = text.front();
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quote == '\'' || text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char escape = text[++i];
    if (escape == 'x') {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += escape == 'n'   ? '\n'
             : escape == 'r' ? '\r'
             : escape == 't' ? '\t'
             : escape == '0' ? '\0'
                             : escape;
    }
  }
  return out;
}

// As much of YAML as these files use: a list of maps of scalars, with the list `headers` and the map
// `expected`.
std::vector<Case> read_cases(const std::filesystem::path& file) {
  std::vector<Case> cases;
  std::istringstream in(read_whole(file));
  bool headers = false;
  for (std::string line; std::getline(in, line);) {
    const std::size_t indent = line.find_first_not_of(' ');
    if (indent == std::string::npos || line[indent] == '#') continue;
    std::string text = line.substr(indent);
    const bool item = text.starts_with("- ");
    if (item) text = text.substr(2);
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = text.substr(0, colon);
    const std::size_t start = text.find_first_not_of(' ', colon + 1);
    const std::string value = start == std::string::npos ? "" : unquote(text.substr(start));
    if (item && indent == 0) cases.emplace_back();
    if (cases.empty()) continue;
    Case& current = cases.back();
    if (indent <= 2 && key == "headers") headers = true;
    if (indent <= 2 && key == "expected") headers = false;
    if (headers && indent > 2) {
      if (key == "name") current.headers.emplace_back(value, "");
      if (key == "value") current.headers.back().second = value;
    } else if (key == "name" && indent == 0) {
      current.name = value;
    } else if (key == "uri") {
      current.uri = value;
    } else if (key == "method") {
      current.method = value;
    } else if (key == "version") {
      current.version = value;
    } else if (key == "tier" && !headers) {
      current.tier = value;
    }
  }
  return cases;
}

std::string bytes_of(const Case& item) {
  std::string bytes = item.method + " " + item.uri + " " + item.version + "\r\n";
  bool host = false;
  for (const auto& [name, value] : item.headers) host |= name == "Host";
  if (!host) bytes += "Host: localhost\r\n";
  for (const auto& [name, value] : item.headers) bytes.append(name).append(": ").append(value).append("\r\n");
  return bytes + "\r\n";
}

// Compliant to that guard, which only judges, but not to a gateway, which must find an end and a route.
const std::map<std::string, std::string> kRefusedThoughCompliant = {
    // A gateway that cannot decode gzip cannot check what is inside; lists of codings over several fields
    // even less.
    {"Different Transfer-Encoding headers", "bad_request"},
    {"Different Transfer-Encoding headers combined", "unknown_transfer_coding"},
    {"Transfer-Encoding with a param: chunked;custom_param",
     "bad_request"},                          // RFC 9112 §7.1: chunked has none
    {"Compliant URL", "bad_request"},         // has a fragment, which no request target has: RFC 9112 §3.2
    {"International in URI", "bad_request"},  // raw UTF-8; RFC 3986 §2 and http1-probe's MAL-NON-ASCII-URL
    {"Empty URI", "bad_request"},
};

TEST(Desync, SevereIsRefusedAndCompliantRead) {
  TURNPIKE_NEEDS_CORPUS(corpus("desync"));
  std::map<std::string, int> tiers;
  std::size_t compliant_refused = 0;
  for (const char* file : {"acceptable", "ambiguous", "edge-cases", "real-life-test-cases", "rfc-compliant",
                           "severe", "uri-specific-test-cases"}) {
    for (const Case& item : read_cases(corpus("desync") / (std::string(file) + ".yaml"))) {
      const std::string found = verdict(bytes_of(item));
      const bool refused = found != "ok" && found != "waits";
      ++tiers[item.tier];
      if (item.tier == "Severe") {
        EXPECT_TRUE(refused) << item.name << ": " << found;
      } else if (item.tier == "Compliant") {
        compliant_refused += refused;
        const auto listed = kRefusedThoughCompliant.find(item.name);
        EXPECT_EQ(refused ? found : "", listed == kRefusedThoughCompliant.end() ? "" : listed->second)
            << item.name;
      }
    }
  }
  EXPECT_EQ(compliant_refused, kRefusedThoughCompliant.size());
  EXPECT_EQ(tiers["Severe"], 51);
  EXPECT_EQ(tiers["Compliant"], 18);
  EXPECT_EQ(tiers["Ambiguous"], 53);
  EXPECT_EQ(tiers["Acceptable"], 11);
}

}  // namespace
}  // namespace turnpike::http::h1
