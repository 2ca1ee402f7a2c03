// From nodes to resources, by the tables of schema.h. Reports everything that is wrong, not only the first.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "resource/diagnostic.h"
#include "resource/meta.h"
#include "resource/schema.h"
#include "resource/yaml.h"

namespace turnpike::resource {

// A diagnostic whose place is still relative to its document.
struct Finding {
  Severity severity = Severity::error;
  Mark mark;
  std::string message;
  std::string hint;
  std::string resource;
};

// What one document holds. Never changed once made, so that it can be shared from one snapshot to the next.
struct Decoded {
  std::vector<std::shared_ptr<const Object>> objects;
  std::vector<Finding> findings;
};

struct DecodeOptions {
  // Judges a regular expression: answers what is wrong with it, or "". Empty: expressions are not judged
  // here.
  std::function<std::string(std::string_view)> check_expression;
  std::size_t max_findings = 100;  // of one document; further ones are counted, not kept
};

// Reads a document: a resource, or a list of them (kind: List).
Decoded decode_document(const Node& root, const DecodeOptions& options);

// Collects findings for one document.
class Reporter {
 public:
  Reporter(Decoded& decoded, const DecodeOptions& options) : decoded_(decoded), options_(options) {}
  void report(Severity severity, Mark mark, std::string message, std::string hint = {});
  // After the last finding: says how many were left out.
  void finish();
  void set_resource(std::string resource) { resource_ = std::move(resource); }
  const DecodeOptions& options() const noexcept { return options_; }

 private:
  Decoded& decoded_;
  const DecodeOptions& options_;
  std::string resource_;
  std::size_t left_out_ = 0;
};

// Reads one object by its table; what is wrong goes to the reporter.
void decode_object(const Node& node, const Struct& table, void* at, Reporter& reporter);

// Given to the check of a struct: where its fields stand, and where to complain.
class Checker {
 public:
  Checker(const Node& node, Reporter& reporter) : node_(node), reporter_(reporter) {}

  // Whether the field was written (null counts as not written).
  bool has(std::string_view field) const noexcept;
  // An error at the value of `field`, or at the struct if the field is not there. `field` may be a path:
  // "path.value".
  void error(std::string_view field, std::string message, std::string hint = {});
  // The same for the `index`-th element of the list `field`, or a field of that element.
  void error_in(std::string_view field, std::size_t index, std::string_view inner, std::string message,
                std::string hint = {});
  void warning(std::string_view field, std::string message, std::string hint = {});
  // Complains if the text is no regular expression (see DecodeOptions::check_expression).
  void check_expression(std::string_view field, std::string_view expression);
  // An error unless exactly one of the fields is given (or at most one, if none may be missing).
  void exactly_one_of(std::span<const std::string_view> fields, bool may_be_none = false);

 private:
  const Node* find(std::string_view path) const noexcept;

  const Node& node_;
  Reporter& reporter_;
};

}  // namespace turnpike::resource
