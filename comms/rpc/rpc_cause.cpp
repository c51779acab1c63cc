#include "comms/rpc/rpc_cause.h"

#include <array>
#include <string_view>

#include "common/text.h"

namespace sutra::comms {
namespace {

constexpr std::size_t kCauseMax = 300;

struct Phrase {
  std::string_view sign;   // a part of gRPC's text
  std::string_view words;  // our text
};

// The first sign that is found decides, so causes come before their consequences. Texts of gRPC 1.51.
constexpr std::array kUnavailable{
    Phrase{"Connection refused", "connection refused: nothing listens there; is the Master running?"},
    Phrase{"No route to host", "no route to the host"},
    Phrase{"Network is unreachable", "the network is unreachable"},
    Phrase{"DNS resolution failed", "its name cannot be resolved"},
    Phrase{"Domain name not found", "its name cannot be resolved"},
    Phrase{"wrong version number", "the peer does not speak TLS"},
    Phrase{"oo many pings", "the Master complains about keepalive pings"},
    Phrase{"oo_many_pings", "the Master complains about keepalive pings"},
    Phrase{"keepalive watchdog timeout",
           "the Master does not answer keepalive pings: it hangs, or the network is cut"},
    Phrase{"ping timeout", "the Master does not answer keepalive pings: it hangs, or the network is cut"},
    Phrase{"Trying to connect an http1.x server", "the peer speaks HTTP/1, not gRPC"},
    Phrase{"connection attempt timed out before receiving SETTINGS",
           "the peer accepts connections, but says nothing: it hangs, or does not speak gRPC"},
    Phrase{"SETTINGS frame", "the peer does not speak gRPC (HTTP/2)"},
    Phrase{"Failed parsing HTTP/2", "the peer does not speak gRPC (HTTP/2)"},
    Phrase{"tcp handshaker shutdown", "no answer to the connection attempt: the host is down or drops it"},
    Phrase{"Timeout occurred: FD Shutdown",
           "no answer to the connection attempt: the host is down or drops it"},
    Phrase{"Connection reset by peer", "the peer closed the connection (Connection reset by peer)"},
    Phrase{"GOAWAY", "the Master closed the connection"},
    Phrase{"Broken pipe", "the peer closed the connection (Broken pipe)"},
    Phrase{"Socket closed", "the peer closed the connection (Socket closed)"},
};

bool contains(std::string_view text, std::string_view sign) {
  return text.find(sign) != std::string_view::npos;
}

}  // namespace

std::string cause_of(const grpc::Status& status) {
  const std::string text = printable(status.error_message(), kCauseMax);
  switch (status.error_code()) {
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "no answer in time";
    case grpc::StatusCode::CANCELLED:
      return "cancelled";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "the peer answers, but is not a Grid Master (" + text + ")";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      if (contains(text, "larger than max"))
        return "the answer is larger than a Master's answers are (" + text + ")";
      return text;
    case grpc::StatusCode::INTERNAL:
      if (text.empty()) return "the answer cannot be understood";
      return "the answer cannot be understood (" + text + ")";
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::UNKNOWN:
      for (const auto& phrase : kUnavailable) {
        if (contains(status.error_message(), phrase.sign)) return std::string(phrase.words);
      }
      return text.empty() ? "no reason given" : text;
    case grpc::StatusCode::OK:
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::DATA_LOSS:
    case grpc::StatusCode::DO_NOT_USE:
      break;
  }
  return "the Master answered with status " + std::to_string(status.error_code()) +
         (text.empty() ? "" : " (" + text + ")");
}

bool complains_about_pings(const grpc::Status& status) {
  return contains(status.error_message(), "oo many pings") ||
         contains(status.error_message(), "oo_many_pings") ||
         contains(status.error_message(), "ENHANCE_YOUR_CALM") ||
         contains(status.error_details(), "oo_many_pings");
}

}  // namespace sutra::comms
