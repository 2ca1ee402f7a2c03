#include "cli/diagnostics.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/utf8.h"

namespace turnpike::cli {
namespace {

constexpr std::size_t kLongestLine = 200;  // longer ones are cut around the column

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The line with its number in front, and the caret below; tabs stay tabs, so that both stand alike.
std::string quote(const std::string& line, const resource::Position& at, const Terminal& terminal) {
  std::size_t column = std::min<std::size_t>(at.column == 0 ? 0 : at.column - 1, line.size());
  std::string_view shown = line;
  if (shown.size() > kLongestLine) {
    const std::size_t from = column > kLongestLine / 2 ? column - kLongestLine / 2 : 0;
    shown = shown.substr(from, kLongestLine);
    column -= from;
  }
  const std::string number = std::to_string(at.line);
  std::string below;
  for (const char c : shown.substr(0, column)) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80)
      below += c == '\t' ? '\t' : ' ';  // one per code point
  }
  return "  " + terminal.faint(number + " | ") + std::string(shown) + '\n' + "  " +
         terminal.faint(std::string(number.size(), ' ') + " | ") + below + terminal.green("^") + '\n';
}

std::string counted(std::size_t count, const char* word) {
  return std::to_string(count) + ' ' + word + (count == 1 ? "" : "s");
}

}  // namespace

void Sources::add(std::string name, std::string_view text) { files_[std::move(name)] = split(text); }

std::optional<std::string> Sources::line(const std::string& file, std::uint32_t number) {
  auto at = files_.find(file);
  if (at == files_.end()) {
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    if (in) text << in.rdbuf();
    at = files_.emplace(file, split(text.view())).first;
  }
  if (number == 0 || number > at->second.size()) return std::nullopt;
  // What would act on a terminal is not quoted: escaped it would no longer stand above its caret.
  const std::string& line = at->second[number - 1];
  std::string without_tabs = line;
  std::erase(without_tabs, '\t');
  if (printable(without_tabs) != without_tabs) return std::nullopt;
  return line;
}

std::string render(const resource::Diagnostic& diagnostic, Sources& sources, const Terminal& terminal) {
  const bool error = diagnostic.severity == resource::Severity::error;
  std::string out;
  if (diagnostic.position.file) out = terminal.bold(printable(diagnostic.position.text()) + ": ");
  out += error ? terminal.red("error: ") : terminal.yellow("warning: ");
  out += terminal.bold(printable(diagnostic.message));
  if (!diagnostic.resource.empty()) out += terminal.faint("  [" + printable(diagnostic.resource) + "]");
  out += '\n';
  if (diagnostic.position.file) {
    if (const auto line = sources.line(*diagnostic.position.file, diagnostic.position.line)) {
      out += quote(*line, diagnostic.position, terminal);
    }
  }
  if (!diagnostic.hint.empty()) out += "  hint: " + printable(diagnostic.hint) + '\n';
  return out;
}

std::string summary(std::span<const resource::Diagnostic> diagnostics) {
  const auto is_error = [](const resource::Diagnostic& d) { return d.severity == resource::Severity::error; };
  const auto errors =
      static_cast<std::size_t>(std::count_if(diagnostics.begin(), diagnostics.end(), is_error));
  const std::size_t warnings = diagnostics.size() - errors;
  std::string out;
  if (errors > 0) out = counted(errors, "error");
  if (warnings > 0) out += (out.empty() ? "" : " and ") + counted(warnings, "warning");
  return out;
}

std::string render(std::span<const resource::Diagnostic> diagnostics, Sources& sources,
                   const Terminal& terminal) {
  std::string out;
  for (const resource::Diagnostic& diagnostic : diagnostics) out += render(diagnostic, sources, terminal);
  if (!diagnostics.empty()) out += summary(diagnostics) + '\n';
  return out;
}

}  // namespace turnpike::cli
