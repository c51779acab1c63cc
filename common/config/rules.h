// What single texts of a configuration must look like. Each returns what is wrong, or nothing. Pure. Both
// processes.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sutra::config {

inline constexpr std::size_t kLabelMax = 128;  ///< characters of agent_id and platform
inline constexpr std::size_t kPathMax = 255;   ///< bytes; the launcher's and the wire's limit
inline constexpr std::size_t kRuntimeDirMax =
    94;  ///< bytes; "/control.sock" must still fit in a socket address
inline constexpr std::size_t kDataPathMax = 190;  ///< bytes; "/NODE_ID" must still fit in kPathMax

[[nodiscard]] std::optional<std::string> label_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> address_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> host_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> user_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> liveness_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> path_fault(std::string_view text);
[[nodiscard]] std::optional<std::string> environment_name_fault(std::string_view text);

/// A template replaces {port} {storage_path} {node_id} {memory_mb} {listen_address}; any other "{word}" is a
/// fault, and braces around anything but a word stand for themselves. {listen_address} needs
/// storage.listen_address.
[[nodiscard]] std::optional<std::string> template_fault(std::string_view text, bool listen_address_set);

/// `path` against `working_directory`, lexically normal, without a slash at the end.
[[nodiscard]] std::string absolute_path(std::string_view path, std::string_view working_directory);

}  // namespace sutra::config
