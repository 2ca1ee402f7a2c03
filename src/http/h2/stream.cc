#include "http/h2/stream.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/free_list.h"

namespace turnpike::http::h2 {

// --- StreamTable

StreamTable::~StreamTable() {
  for_each([](Stream& stream) { free_list_release(&stream, sizeof(Stream)); });
  if (slots_ != nullptr) free_list_release(slots_, capacity_ * sizeof(Stream*));
}

Stream& StreamTable::add(StreamId id) {
  if ((size_ + 1) * 2 > capacity_) resize(capacity_ == 0 ? 8 : capacity_ * 2);
  auto* const stream = new (free_list_allocate(sizeof(Stream))) Stream;
  stream->id = id;
  std::uint32_t slot = slot_of(id);
  while (slots_[slot] != nullptr) slot = (slot + 1) & (capacity_ - 1);
  slots_[slot] = stream;
  ++size_;
  return *stream;
}

void StreamTable::remove(Stream& stream) noexcept {
  const std::uint32_t mask = capacity_ - 1;
  std::uint32_t hole = slot_of(stream.id);
  while (slots_[hole] != &stream) hole = (hole + 1) & mask;
  // What was pushed behind its place moves up, so that no look-up ends too early.
  for (std::uint32_t slot = (hole + 1) & mask; slots_[slot] != nullptr; slot = (slot + 1) & mask) {
    const std::uint32_t wanted = slot_of(slots_[slot]->id);
    if (((slot - wanted) & mask) >= ((slot - hole) & mask)) {
      slots_[hole] = slots_[slot];
      hole = slot;
    }
  }
  slots_[hole] = nullptr;
  --size_;
  free_list_release(&stream, sizeof(Stream));
  if (size_ == 0) {
    free_list_release(slots_, capacity_ * sizeof(Stream*));
    slots_ = nullptr;
    capacity_ = 0;
  }
}

Stream* StreamTable::find_above(StreamId id) const noexcept {
  for (std::uint32_t slot = 0; slot < capacity_; ++slot) {
    if (slots_[slot] != nullptr && slots_[slot]->id > id) return slots_[slot];
  }
  return nullptr;
}

void StreamTable::resize(std::uint32_t capacity) {
  Stream** const old =
      std::exchange(slots_, static_cast<Stream**>(free_list_allocate(capacity * sizeof(Stream*))));
  const std::uint32_t old_capacity = std::exchange(capacity_, capacity);
  std::fill_n(slots_, capacity, nullptr);
  for (std::uint32_t i = 0; i < old_capacity; ++i) {
    if (old[i] == nullptr) continue;
    std::uint32_t slot = slot_of(old[i]->id);
    while (slots_[slot] != nullptr) slot = (slot + 1) & (capacity - 1);
    slots_[slot] = old[i];
  }
  if (old != nullptr) free_list_release(old, old_capacity * sizeof(Stream*));
}

// --- WriteQueue

namespace {

// Whether `a` is served before `b`: by urgency; then one after the other those that want it so, in the order
// in which they came; then those that share.
bool goes_before(const Stream& a, const Stream& b) noexcept {
  if (a.priority.urgency != b.priority.urgency) return a.priority.urgency < b.priority.urgency;
  if (a.priority.incremental != b.priority.incremental) return b.priority.incremental;
  return !a.priority.incremental && a.id < b.id;
}

}  // namespace

void WriteQueue::add(Stream& stream) noexcept {
  Stream* before = last_;
  while (before != nullptr && goes_before(stream, *before)) before = before->before;
  stream.before = before;
  stream.behind = before == nullptr ? first_ : before->behind;
  (stream.before == nullptr ? first_ : stream.before->behind) = &stream;
  (stream.behind == nullptr ? last_ : stream.behind->before) = &stream;
  stream.queued = true;
}

void WriteQueue::remove(Stream& stream) noexcept {
  if (!stream.queued) return;
  (stream.before == nullptr ? first_ : stream.before->behind) = stream.behind;
  (stream.behind == nullptr ? last_ : stream.behind->before) = stream.before;
  stream.before = stream.behind = nullptr;
  stream.queued = false;
}

// --- ClosedStreams

ClosedStreams::~ClosedStreams() {
  if (ids_ != nullptr) free_list_release(ids_, kKept * sizeof(std::uint32_t));
}

void ClosedStreams::add(StreamId id, bool reset_by_us) {
  if (ids_ == nullptr) {
    ids_ = static_cast<std::uint32_t*>(free_list_allocate(kKept * sizeof(std::uint32_t)));
    std::fill_n(ids_, kKept, 0u);
  }
  std::uint32_t& slot = ids_[next_++ % kKept];
  if ((slot & kByUs) != 0) forgotten_reset_ = std::max(forgotten_reset_, slot & ~kByUs);
  slot = id | (reset_by_us ? kByUs : 0);
}

ClosedStreams::How ClosedStreams::find(StreamId id) const noexcept {
  for (std::uint32_t i = 0; ids_ != nullptr && i < kKept; ++i) {
    if ((ids_[i] & ~kByUs) == id) return (ids_[i] & kByUs) != 0 ? How::reset_by_us : How::ended;
  }
  // We have reset more streams than are kept: this one may be among them.
  return id <= forgotten_reset_ ? How::reset_by_us : How::forgotten;
}

}  // namespace turnpike::http::h2
