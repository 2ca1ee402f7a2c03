// Gathers resources and makes a Store of them.
#pragma once

#include <memory>
#include <vector>

#include "resource/decode.h"
#include "resource/store.h"

namespace turnpike::resource {

class StoreBuilder {
 public:
  // Adds a resource. Which of two with the same kind, namespace and name stays is the one added first.
  void add(std::shared_ptr<const Object> object, const Origin& origin);
  // Sorts, indexes and hands over. Resources given twice become errors that name both places. Call once.
  std::shared_ptr<const Store> finish(std::vector<Diagnostic>& diagnostics);

 private:
  template <class T>
  void finish_table(std::vector<Diagnostic>& diagnostics);
  void index_slices();

  std::shared_ptr<Store> store_ = std::make_shared<Store>();
};

// "HTTPRoute default/payments".
std::string describe(const Object& object);

}  // namespace turnpike::resource
