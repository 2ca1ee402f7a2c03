// std::stable_sort of libstdc++ 12 rests on a deprecated function that clang complains of.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace turnpike::resource {

// Sorts; equal elements keep their order. Cheap when the elements are in order already, which reloads mostly
// find.
template <class T, class Less>
void stable_sort(std::vector<T>& elements, const Less& less) {
  if (std::is_sorted(elements.begin(), elements.end(), less)) return;
  std::vector<std::size_t> order(elements.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (less(elements[a], elements[b])) return true;
    if (less(elements[b], elements[a])) return false;
    return a < b;
  });
  std::vector<T> sorted;
  sorted.reserve(elements.size());
  for (const std::size_t index : order) sorted.push_back(std::move(elements[index]));
  elements = std::move(sorted);
}

}  // namespace turnpike::resource
