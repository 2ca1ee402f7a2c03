// The transport that OpenSSL sees: the stream below, read and written in place.
#include <new>

#include "tls/callbacks.h"

namespace turnpike::tls {

int Callbacks::bio_read(BIO* bio, char* into, std::size_t size, std::size_t* got) noexcept {
  auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *got = 0;
  // A stream that has said "nothing now" is not asked again: that would cost a system call.
  io::IoResult result{.status = io::IoStatus::would_block};
  if (stream.inner_->ready(io::Direction::read)) result = stream.inner_->read({into, size});
  switch (result.status) {
    case io::IoStatus::ok:
      if (stream.first_byte_ == 0) stream.first_byte_ = *into;
      *got = result.bytes;
      return 1;
    case io::IoStatus::would_block:
      stream.read_starved_ = true;
      BIO_set_retry_read(bio);
      return 0;
    case io::IoStatus::eof:
      stream.inner_ended_ = true;
      return 0;
    case io::IoStatus::error:
      break;
  }
  stream.failed_ = true;
  stream.inner_error_ = result.error;
  return -1;
}

int Callbacks::bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* put) noexcept {
  auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  *put = 0;
  io::IoResult result{.status = io::IoStatus::would_block};
  if (!stream.write_blocked_ || stream.inner_->ready(io::Direction::write)) {
    result = stream.inner_->write(std::string_view(from, size));
    stream.write_blocked_ = result.bytes < size;
  }
  if (result.status == io::IoStatus::error) {
    stream.failed_ = true;
    stream.inner_error_ = result.error;
    return -1;
  }
  if (result.bytes == 0) {
    BIO_set_retry_write(bio);
    return 0;
  }
  *put = result.bytes;
  return 1;
}

// Of an EOF OpenSSL is not told: it would refuse to write from then on, though only the peer's direction has
// ended.
long Callbacks::bio_control(BIO*, int command, long, void*) noexcept {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

bio_method_st* TlsStream::method() {
  static BIO_METHOD* const made = [] {
    BIO_METHOD* const m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (m == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(m, Callbacks::bio_read);
    BIO_meth_set_write_ex(m, Callbacks::bio_write);
    BIO_meth_set_ctrl(m, Callbacks::bio_control);
    BIO_meth_set_create(m, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return m;
  }();
  return made;
}

}  // namespace turnpike::tls
