#include "control/signals.h"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

namespace turnpike::control {

Signals::Signals(io::Loop& loop, std::initializer_list<int> numbers, std::function<void(int)> f)
    : loop_(loop), f_(std::move(f)) {
  sigset_t mask;
  sigemptyset(&mask);
  for (const int number : numbers) sigaddset(&mask, number);
  pthread_sigmask(SIG_BLOCK, &mask, nullptr);
  fd_ = ::signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
  if (fd_ < 0 || !loop_.add(fd_, *this))
    throw std::runtime_error(std::string("signals: ") + std::strerror(errno));
}

Signals::~Signals() {
  loop_.remove(fd_, *this);
  ::close(fd_);
}

void Signals::on_ready(std::uint32_t) {
  signalfd_siginfo info{};
  while (::read(fd_, &info, sizeof info) == sizeof info) f_(static_cast<int>(info.ssi_signo));
}

}  // namespace turnpike::control
