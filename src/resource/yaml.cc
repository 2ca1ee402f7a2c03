#include "resource/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <istream>
#include <streambuf>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/utf8.h"

namespace turnpike::resource {

namespace {

// Thrown out of the parser's callbacks and caught in Document::parse: yaml-cpp knows no other way to be
// stopped.
struct Refused {
  YamlError error;
};

[[noreturn]] void refuse(Mark mark, std::string message, std::string hint = {}) {
  throw Refused{{mark, std::move(message), std::move(hint)}};
}

Mark mark_of(const YAML::Mark& mark) {
  if (mark.line < 0 || mark.column < 0) return {0, 1};
  return {static_cast<std::uint32_t>(mark.line), static_cast<std::uint32_t>(mark.column) + 1};
}

// Reads from a view without copying it, and then the end marker where one is needed: yaml-cpp does not see
// that a quote is still open when the text ends with a line end.
class ViewBuffer : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    const std::size_t last_line = text.find_last_of('\n') + 1;  // npos + 1 is 0
    if (text.find_first_not_of(" \t\r", last_line) == std::string_view::npos) {
      rest_ = last_line == text.size() ? "...\n" : "\n...\n";
    }
    set(text);
  }

 protected:
  int_type underflow() override {
    if (rest_.empty()) return traits_type::eof();
    set(rest_);
    rest_ = {};
    return traits_type::to_int_type(*gptr());
  }

 private:
  void set(std::string_view text) {
    char* first = const_cast<char*>(text.data());  // only ever read
    setg(first, first, first + text.size());
  }

  std::string_view rest_;
};

// Builds nodes from yaml-cpp's events.
class Builder : public YAML::EventHandler {
 public:
  Builder(Arena& arena, const YamlLimits& limits) : arena_(arena), limits_(limits) {}

  const Node* root() const noexcept { return root_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node* node = place(mark_of(mark), Node::Type::null);
    if (node != nullptr && node->key_mark.written() && node->text.empty()) node->mark = node->key_mark;
    remember(anchor, node, 1);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    Frame* frame = stack_.empty() ? nullptr : &stack_.back();
    if (frame != nullptr && frame->node->type == Node::Type::mapping && !frame->has_key) {
      frame->has_key = true;
      frame->key = arena_.copy(value);
      frame->key_mark = mark_of(mark);
      if (frame->key == "<<" && tag == "?") {
        refuse(frame->key_mark, "merge keys ('<<') are not supported", "write the fields out");
      }
      count(1, frame->key_mark);
      return;
    }
    const bool is_plain = tag == "?";
    Node* node = place(mark_of(mark), is_plain ? Node::Type::plain : Node::Type::quoted);
    node->text = arena_.copy(value);
    remember(anchor, node, 1);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark_of(mark), "an alias may not stand inside its own anchor");
    const Node& from = *found->second.node;
    count(found->second.weight, mark_of(mark));
    if (stack_.size() + found->second.depth > limits_.depth) refuse_depth(mark_of(mark));
    Node* node = place(mark_of(mark), from.type);
    // The children are shared; the marks within them stay those of the anchor.
    node->size = from.size;
    node->text = from.text;
    node->first = from.first;
    if (!stack_.empty()) stack_.back().deepest = std::max(stack_.back().deepest, found->second.depth);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Type::sequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Type::mapping);
  }
  void OnMapEnd() override {
    refuse_duplicates(*stack_.back().node);
    close();
  }

 private:
  struct Frame {
    Node* node = nullptr;
    Node* last = nullptr;
    bool has_key = false;
    std::string_view key;
    Mark key_mark;
    YAML::anchor_t anchor = 0;
    std::size_t nodes_before = 0;
    std::size_t deepest = 0;  // levels of the deepest child
  };
  struct Anchored {
    const Node* node;
    std::size_t weight;  // nodes it stands for
    std::size_t depth;   // levels
  };

  void count(std::size_t nodes, Mark mark) {
    nodes_ += nodes;
    if (nodes_ > limits_.nodes) {
      refuse(mark, "the document has more than " + std::to_string(limits_.nodes) +
                       " values (aliases counted in full)");
    }
  }

  [[noreturn]] void refuse_depth(Mark mark) {
    refuse(mark, "the document is nested deeper than " + std::to_string(limits_.depth) + " levels");
  }

  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    refuse(mark_of(mark), "tags such as '" + tag + "' are not supported");
  }

  // Makes a node and hangs it under the innermost open one.
  Node* place(Mark mark, Node::Type type) {
    if (stack_.empty()) {
      if (root_ != nullptr)
        refuse(mark, "a second document begins here", "separate documents with a line '---'");
      count(1, mark);
      Node* node = arena_.make<Node>();
      node->type = type;
      node->mark = mark;
      root_ = node;
      return node;
    }
    Frame& frame = stack_.back();
    if (frame.node->type == Node::Type::mapping && !frame.has_key) {
      refuse(mark, type == Node::Type::null ? "a key is missing before ':'" : "a key must be a plain text");
    }
    count(1, mark);
    Node* node = arena_.make<Node>();
    node->type = type;
    node->mark = mark;
    if (frame.node->type == Node::Type::mapping) {
      node->key = frame.key;
      node->key_mark = frame.key_mark;
      frame.has_key = false;
    }
    (frame.last == nullptr ? frame.node->first : frame.last->next) = node;
    frame.last = node;
    ++frame.node->size;
    return node;
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Type type) {
    refuse_tag(mark, tag);
    if (stack_.size() >= limits_.depth) refuse_depth(mark_of(mark));
    const std::size_t before = nodes_;
    Node* node = place(mark_of(mark), type);
    Frame frame;
    frame.node = node;
    frame.anchor = anchor;
    frame.nodes_before = before;
    stack_.push_back(frame);
  }

  void close() {
    const Frame frame = stack_.back();
    stack_.pop_back();
    const std::size_t depth = frame.deepest + 1;
    if (!stack_.empty()) stack_.back().deepest = std::max(stack_.back().deepest, depth);
    // Only now: a node that is still open may not be referred to from within.
    if (frame.anchor != 0) anchors_[frame.anchor] = {frame.node, nodes_ - frame.nodes_before, depth};
  }

  void remember(YAML::anchor_t anchor, const Node* node, std::size_t weight) {
    if (anchor != 0) anchors_[anchor] = {node, weight, 0};
  }

  static void refuse_duplicates(const Node& mapping) {
    if (mapping.size < 2) return;
    if (mapping.size <= 16) {
      for (const Node* node = mapping.first; node != nullptr; node = node->next) {
        for (const Node* earlier = mapping.first; earlier != node; earlier = earlier->next) {
          if (earlier->key == node->key) refuse_duplicate(*node, *earlier);
        }
      }
      return;
    }
    std::unordered_map<std::string_view, const Node*, StringHash> seen(mapping.size);
    for (const Node& node : mapping) {
      const auto [at, is_new] = seen.emplace(node.key, &node);
      if (!is_new) refuse_duplicate(node, *at->second);
    }
  }

  [[noreturn]] static void refuse_duplicate(const Node& node, const Node& earlier) {
    // The line is within the document; the reader of the message sees the later key's absolute position next
    // to it.
    const std::uint32_t lines = node.key_mark.line - earlier.key_mark.line;
    refuse(node.key_mark, "'" + std::string(node.key) + "' is given twice",
           lines == 0
               ? "the first is on the same line"
               : "the first is " + std::to_string(lines) + (lines == 1 ? " line above" : " lines above"));
  }

  Arena& arena_;
  const YamlLimits& limits_;
  Node* root_ = nullptr;
  std::size_t nodes_ = 0;
  std::vector<Frame> stack_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
};

// The first byte that YAML text may not hold (bad UTF-8, control characters), or npos. Also keeps yaml-cpp
// from guessing UTF-16 and UTF-32.
std::size_t find_bad_byte(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) return i;
      // A line end to YAML, but none to those who count lines: documents would be split at different places.
      if (c == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return i;
      ++i;
      continue;
    }
    const std::size_t length = utf8_size(text.substr(i, 4));
    if (length == 0) return i;
    i += length;
  }
  return std::string_view::npos;
}

std::size_t count_indicators(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    count += c == '[' || c == ']' || c == '{' || c == '}' || c == ',' || c == ':' || c == '?' || c == '&' ||
             c == '*' || c == '!' || c == '"' || c == '\'';
  }
  return count;
}

Mark mark_at(std::string_view text, std::size_t offset) {
  Mark mark{0, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    if (text[i] == '\n') {
      ++mark.line;
      mark.column = 1;
    } else {
      ++mark.column;
    }
  }
  return mark;
}

// A document indicator can only be the one that ViewBuffer adds: files were split at all others.
std::string message_for(const std::string& message) {
  const bool open_quote =
      message.find("document indicator") != std::string::npos || message == "illegal EOF in scalar";
  if (open_quote) return "a quoted text is not closed";
  if (message == "end of map not found") return "this line does not continue the mapping above it";
  if (message == "end of sequence not found") return "this line does not continue the list above it";
  return message;
}

// Whether the indentation of a line has a tab in it, which YAML does not allow (1.2.2 §6.1).
bool is_indented_by_tab(std::string_view text, std::uint32_t line) {
  for (; line > 0 && !text.empty(); --line)
    text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(0, begin).find('\t') != std::string_view::npos;
}

// What usually is behind yaml-cpp's messages.
std::string hint_for(std::string_view message) {
  if (message.starts_with("end of map not found") || message.starts_with("end of sequence not found") ||
      message.starts_with("illegal map value") || message.starts_with("illegal block entry")) {
    return "check the indentation of this line and of the one above";
  }
  if (message.starts_with("illegal flow end")) return "this ']' or '}' closes nothing: was it opened?";
  if (message.starts_with("end of map flow") || message.starts_with("end of sequence flow")) {
    return "a '}' or ']' is missing";
  }
  if (message.find("tab") != std::string_view::npos) return "indent with spaces";
  if (message.starts_with("unknown token")) return "put the text in quotes";
  return {};
}

}  // namespace

const Node* Node::find(std::string_view name) const noexcept {
  if (type != Type::mapping) return nullptr;
  for (const Node* node = first; node != nullptr; node = node->next) {
    if (node->key == name) return node;
  }
  return nullptr;
}

std::optional<YamlError> Document::parse(std::string_view text, const YamlLimits& limits) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (const std::size_t bad = find_bad_byte(text); bad != std::string_view::npos) {
    return YamlError{
        mark_at(text, bad),
        text[bad] == '\r' ? "a carriage return without a line feed" : "this byte is not part of a UTF-8 text",
        {}};
  }
  if (text.size() > limits.indicators && count_indicators(text) > limits.indicators) {
    return YamlError{{0, 1}, "the document has too many values", "divide it by lines '---'"};
  }
  try {
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    Builder builder(arena_, limits);
    while (parser.HandleNextDocument(builder)) {
    }
    root_ = builder.root();
    if (root_ != nullptr && root_->type == Node::Type::null) root_ = nullptr;
    return std::nullopt;
  } catch (const Refused& refused) {
    return refused.error;
  } catch (const YAML::Exception& error) {
    const Mark mark = mark_of(error.mark);
    if (is_indented_by_tab(text, mark.line))
      return YamlError{mark, "a tab in the indentation", "indent with spaces"};
    return YamlError{mark, message_for(error.msg), hint_for(error.msg)};
  }
}

}  // namespace turnpike::resource
