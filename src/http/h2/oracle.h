// nghttp2, the oracle: for tests, benchmarks and fuzzers, never part of the product. The only place that
// includes it.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace turnpike::http::h2::oracle {

inline std::string_view text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}
inline std::uint8_t* bytes(std::string_view text) {
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
}

using FieldList = std::vector<std::pair<std::string, std::string>>;

class Inflater {
 public:
  explicit Inflater(std::size_t table = 4096) {
    nghttp2_hd_inflate_new(&inflater_);
    if (table != 4096) nghttp2_hd_inflate_change_table_size(inflater_, table);
  }
  ~Inflater() { nghttp2_hd_inflate_del(inflater_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Nothing if the block is broken.
  std::optional<FieldList> inflate(std::string_view block) {
    FieldList fields;
    const std::uint8_t* at = bytes(block);
    std::size_t left = block.size();
    for (;;) {
      nghttp2_nv nv;
      int flags = 0;
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &nv, &flags, at, left, 1);
      if (used < 0) return std::nullopt;
      at += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        fields.emplace_back(text(nv.name, nv.namelen), text(nv.value, nv.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return fields;
  }
  // The same without keeping anything: how many bytes of names and values there are.
  std::size_t skim(std::string_view block) {
    std::size_t size = 0;
    const std::uint8_t* at = bytes(block);
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv nv;
      const ssize_t used = nghttp2_hd_inflate_hd2(
          inflater_, &nv, &flags, at, block.size() - static_cast<std::size_t>(at - bytes(block)), 1);
      if (used < 0) break;
      at += used;
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) size += nv.namelen + nv.valuelen;
    }
    nghttp2_hd_inflate_end_headers(inflater_);
    return size;
  }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

inline std::vector<nghttp2_nv> name_values(const FieldList& fields) {
  std::vector<nghttp2_nv> list;
  list.reserve(fields.size());
  for (const auto& [name, value] : fields)
    list.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  return list;
}

class Deflater {
 public:
  explicit Deflater(std::size_t table = 4096) { nghttp2_hd_deflate_new(&deflater_, table); }
  ~Deflater() { nghttp2_hd_deflate_del(deflater_); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  std::string deflate(const FieldList& fields) {
    const std::vector<nghttp2_nv> list = name_values(fields);
    std::string out(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater_, bytes(out), out.size(), list.data(), list.size());
    out.resize(static_cast<std::size_t>(size));
    return out;
  }
  void change_table_size(std::size_t size) { nghttp2_hd_deflate_change_table_size(deflater_, size); }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

}  // namespace turnpike::http::h2::oracle
