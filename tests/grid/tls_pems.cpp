#include "tests/grid/tls_pems.h"

#include <fstream>
#include <iterator>

namespace sutra::grid_testing {
namespace {

Result<std::string> read_pem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file.is_open() || file.bad()) return errno_error("read", path);
  if (text.empty()) return make_error("read", path, "the file is empty", "give a file in PEM format");
  return text;
}

}  // namespace

Result<std::optional<TlsPems>> load_tls(const std::string& ca_file, const std::string& cert_file,
                                        const std::string& key_file) {
  if (ca_file.empty() && cert_file.empty() && key_file.empty()) return std::optional<TlsPems>();
  if (ca_file.empty() || cert_file.empty() || key_file.empty()) {
    return make_error("set up", "TLS", "only some of the three files were given",
                      "give --tls-ca, --tls-cert and --tls-key, or none");
  }
  TlsPems pems;
  for (const auto& [path, text] :
       {std::pair{&ca_file, &pems.ca}, std::pair{&cert_file, &pems.cert}, std::pair{&key_file, &pems.key}}) {
    auto read = read_pem(*path);
    if (!read) return read.error();
    *text = std::move(read).value();
  }
  return std::optional<TlsPems>(std::move(pems));
}

std::shared_ptr<grpc::ChannelCredentials> channel_credentials(const std::optional<TlsPems>& tls) {
  if (!tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = tls->ca;
  options.pem_cert_chain = tls->cert;
  options.pem_private_key = tls->key;
  return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const std::optional<TlsPems>& tls) {
  if (!tls) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = tls->ca;
  options.pem_key_cert_pairs.push_back({tls->key, tls->cert});
  return grpc::SslServerCredentials(options);
}

}  // namespace sutra::grid_testing
