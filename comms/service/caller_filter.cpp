#include "comms/service/caller_filter.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <chrono>
#include <utility>

#include "common/log/logging.h"

namespace sutra::comms {
namespace {

constexpr std::chrono::milliseconds kLookupInterval{60000};

std::string address_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
  } else if (address->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
  }
  return text;
}

}  // namespace

std::string peer_address(std::string_view peer) {
  const auto colon = peer.find(':');
  const auto port = peer.rfind(':');
  if (colon == std::string_view::npos || port <= colon) return {};
  const auto family = peer.substr(0, colon);
  auto host = peer.substr(colon + 1, port - colon - 1);
  if (family == "ipv4") return std::string(host);
  if (family != "ipv6") return {};
  for (const std::string_view open : {"%5B", "["}) {
    if (host.starts_with(open)) host.remove_prefix(open.size());
  }
  for (const std::string_view close : {"%5D", "]"}) {
    if (host.ends_with(close)) host.remove_suffix(close.size());
  }
  return std::string(host);
}

void CallerFilter::permit_only(std::set<std::string> addresses) {
  const std::lock_guard lock(mutex_);
  restricted_ = true;
  addresses_ = std::move(addresses);
}

bool CallerFilter::permits(std::string_view peer) const {
  const std::lock_guard lock(mutex_);
  return !restricted_ || addresses_.contains(peer_address(peer));
}

struct MasterAddresses::Lookup {
  uv_getaddrinfo_t request{};
  MasterAddresses* owner = nullptr;
  std::weak_ptr<bool> owner_alive;
  std::string host;
};

MasterAddresses::MasterAddresses(EventLoop& loop, std::vector<HostPort> hosts, CallerFilter& filter)
    : loop_(loop), hosts_(std::move(hosts)), filter_(filter), timer_(loop, [this] { look_up_all(); }) {
  filter_.permit_only({});  // permit nobody until the first names are resolved
  look_up_all();
}

MasterAddresses::~MasterAddresses() = default;

void MasterAddresses::look_up_all() {
  timer_.after(kLookupInterval);
  for (const auto& host : hosts_) look_up(host.host);
}

void MasterAddresses::look_up(const std::string& host) {
  auto* lookup = new Lookup{{}, this, alive_, host};
  lookup->request.data = lookup;
  const int error = uv_getaddrinfo(
      loop_.raw(), &lookup->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        const std::unique_ptr<Lookup> done(static_cast<Lookup*>(request->data));
        std::set<std::string> addresses;
        for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
          addresses.insert(address_text(entry->ai_addr));
        }
        uv_freeaddrinfo(found);
        if (done->owner_alive.expired()) return;  // MasterAddresses was destroyed meanwhile
        if (status != 0) {
          log::warning("Resolve the Master's name " + done->host + ": " + uv_strerror(status) +
                       "; the addresses that it had before stay permitted");
          return;
        }
        done->owner->resolved(done->host, std::move(addresses));
      },
      host.c_str(), nullptr, nullptr);
  if (error != 0) {
    delete lookup;
    log::warning("Resolve the Master's name " + host + ": " + uv_strerror(error));
  }
}

void MasterAddresses::resolved(const std::string& host, std::set<std::string> addresses) {
  known_[host] = std::move(addresses);
  std::set<std::string> all;
  for (const auto& [name, found] : known_) all.insert(found.begin(), found.end());
  filter_.permit_only(std::move(all));
}

}  // namespace sutra::comms
