// Mutual TLS between the Master, its agents and its operators: the three PEM texts and gRPC's credentials from them.
#pragma once
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "common/result.h"

namespace sutra::grid_testing {

struct TlsPems {
  std::string ca;    ///< who signs the others' certificates
  std::string cert;  ///< our own chain
  std::string key;
};

/// Reads the three files; none of the paths given: plaintext (nullopt). Some but not all: an error.
[[nodiscard]] Result<std::optional<TlsPems>> load_tls(const std::string& ca_file,
                                                      const std::string& cert_file,
                                                      const std::string& key_file);

/// nullopt: plaintext.
[[nodiscard]] std::shared_ptr<grpc::ChannelCredentials> channel_credentials(
    const std::optional<TlsPems>& tls);
/// Callers must present a certificate of the CA. nullopt: plaintext.
[[nodiscard]] std::shared_ptr<grpc::ServerCredentials> server_credentials(const std::optional<TlsPems>& tls);

}  // namespace sutra::grid_testing
