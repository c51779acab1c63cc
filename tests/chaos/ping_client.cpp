#include "tests/chaos/ping_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>

namespace sutra::chaos {
namespace {

constexpr int kAnswerWithinMs = 5000;

UniqueFd connect_to(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

/// Empty when PONG came back, else what went wrong.
std::string ping(const UniqueFd& connection) {
  if (!connection) return std::string("connect: ") + std::strerror(errno);
  if (::send(connection.get(), "PING\r\n", 6, MSG_NOSIGNAL) != 6)
    return std::string("send: ") + std::strerror(errno);
  pollfd readable{connection.get(), POLLIN, 0};
  if (::poll(&readable, 1, kAnswerWithinMs) != 1) return "no answer";
  char buffer[64];
  const ssize_t n = ::recv(connection.get(), buffer, sizeof buffer, 0);
  if (n <= 0) return n == 0 ? "connection closed" : std::string("receive: ") + std::strerror(errno);
  const std::string_view answer(buffer, static_cast<std::size_t>(n));
  return answer.find("PONG") != std::string_view::npos ? "" : "answer: " + std::string(answer);
}

}  // namespace

PingClient::PingClient(std::map<std::string, std::uint16_t> ports, Journal& journal)
    : ports_(std::move(ports)), journal_(journal), thread_([this] { run(); }) {}

PingClient::~PingClient() {
  stop_ = true;
  thread_.join();
  journal_.count("pings", asked_);
  journal_.count("pings failed", failed_);
  journal_.at_least("slowest ping, us", slowest_us_);
}

void PingClient::run() {
  std::map<std::string, UniqueFd> kept;
  for (const auto& [node, port] : ports_) kept[node] = connect_to(port);
  while (!stop_) {
    for (const auto& [node, port] : ports_) {
      ask(node, kept[node], "a connection that was kept");
      ask(node, connect_to(port), "a new connection");
    }
    ::poll(nullptr, 0, 2);
  }
}

void PingClient::ask(const std::string& node, const UniqueFd& connection, const char* which) {
  const auto began = std::chrono::steady_clock::now();
  const std::string fault = ping(connection);
  const auto took = std::chrono::steady_clock::now() - began;
  ++asked_;
  slowest_us_ = std::max(
      slowest_us_,
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
  if (fault.empty()) return;
  ++failed_;
  journal_.violation("ping failed", node + " on " + which + ": " + fault);
}

}  // namespace sutra::chaos
