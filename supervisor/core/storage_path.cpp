#include "supervisor/core/storage_path.h"

#include <algorithm>
#include <optional>

#include "common/text.h"

namespace sutra::supervisor::core {
namespace {

constexpr std::string_view kAdvice = "send an empty or a relative storage_path";
constexpr std::size_t kShown = 300;  // more than any path that can be placed

std::string quoted(std::string_view path) { return "\"" + printable(path, kShown) + "\""; }

/// The parts joined by single slashes, without a leading one; nothing when one of them is "..".
std::optional<std::string> joined_parts(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (part == "..") return std::nullopt;
    if (part.empty() || part == ".") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

std::string beneath(const std::string& directory, const std::string& parts) {
  if (parts.empty()) return directory;
  return (directory == "/" ? directory : directory + "/") + parts;
}

bool contains(const std::string& directory, const std::string& path) {
  return path.size() > directory.size() && path.starts_with(directory == "/" ? directory : directory + "/");
}

/// Whether `sent` names the same path as one of the placeholders, in whatever spelling.
bool is_placeholder(std::string_view sent, const AdmissionPolicy& policy) {
  const auto same = [&](const std::string& placeholder) {
    const auto parts = joined_parts(sent);
    return parts && parts == joined_parts(placeholder) &&
           sent.starts_with('/') == placeholder.starts_with('/');
  };
  return !sent.empty() && std::any_of(policy.placeholder_paths.begin(), policy.placeholder_paths.end(), same);
}

/// data_path first, without a slash at the end. A root that is not an absolute, normal path is ignored.
std::vector<std::string> roots_of(const AdmissionPolicy& policy) {
  std::vector<std::string> roots;
  const auto add = [&](const std::string& root) {
    const auto parts = joined_parts(root);
    const bool usable = root.starts_with('/') && parts;
    if (usable) roots.push_back("/" + *parts);
    return usable;
  };
  if (!add(policy.data_path)) return {};
  for (const std::string& root : policy.allowed_storage_roots) (void)add(root);
  return roots;
}

std::string listed(const std::vector<std::string>& roots) {
  std::string out;
  for (const std::string& root : roots) out += (out.empty() ? "" : ", ") + root;
  return out;
}

/// The longest of the roots above `path`; nullptr when there is none.
const std::string* root_above(const std::string& path, const std::vector<std::string>& roots) {
  const std::string* nearest = nullptr;
  for (const std::string& root : roots) {
    if (contains(root, path) && (nearest == nullptr || root.size() > nearest->size())) nearest = &root;
  }
  return nearest;
}

std::optional<std::string> text_fault(std::string_view sent) {
  if (first_malformed(sent) != std::string_view::npos) return "is not UTF-8";
  for (std::string_view rest = sent; !rest.empty(); rest.remove_prefix(utf8_front(rest))) {
    if (is_control(rest, utf8_front(rest))) return "contains a control character";
  }
  return std::nullopt;
}

/// Why `path` cannot be a node's directory, by the roots alone.
std::optional<std::string> root_fault(const std::string& path, const std::vector<std::string>& roots) {
  for (const std::string& root : roots) {
    if (path == root) return "is a storage root itself; a node needs a directory beneath one: ";
    if (contains(path, root)) return "contains the storage root " + root + "; ";
  }
  return std::nullopt;
}

std::optional<std::string> neighbour_fault(const NodeId& node_id, const std::string& path,
                                           std::span<const KnownNode> known) {
  for (const KnownNode& other : known) {
    if (other.node_id == node_id) continue;
    const std::string& taken = other.placement.storage_path;
    if (path == taken) return "is the directory of node " + other.node_id + " already";
    if (contains(taken, path)) return "lies in " + taken + ", the directory of node " + other.node_id;
    if (contains(path, taken)) return "contains " + taken + ", the directory of node " + other.node_id;
  }
  return std::nullopt;
}

/// The path that a well-formed `sent` comes to, or why it is not beneath a root.
std::variant<std::string, Refusal> resolve(std::string_view sent, const std::vector<std::string>& roots) {
  const std::string name = "storage_path " + quoted(sent);
  const auto parts = joined_parts(sent);
  if (!parts) return Refusal{name + " has a \"..\" in it"};
  const std::string path = sent.starts_with('/') ? "/" + *parts : beneath(roots.front(), *parts);
  if (root_above(path, roots) != nullptr) return path;
  for (const std::string& root : roots) {
    if (path == root) return path;  // root_fault() refuses it with a better message
  }
  return Refusal{name + " lies outside the storage roots (" + listed(roots) + ")"};
}

Refusal with_remedies(const Refusal& outside, std::string_view sent, const std::string& own) {
  const bool normal = joined_parts(sent).has_value();
  return {outside.text + "; " + std::string(kAdvice) +
          (normal ? ", or add the directory above it to storage.allowed_storage_roots" : "") +
          ", or set storage.outside_storage_path = \"ignore\" to have " + own + " used instead"};
}

}  // namespace

std::variant<Place, Refusal> place(const NodeId& node_id, std::string_view sent,
                                   const AdmissionPolicy& policy, std::span<const KnownNode> known) {
  if (const auto fault = text_fault(sent)) {
    return Refusal{"storage_path " + quoted(sent) + " " + *fault + "; " + std::string(kAdvice)};
  }
  const std::vector<std::string> roots = roots_of(policy);
  if (roots.empty())
    return Refusal{"storage.data_path " + quoted(policy.data_path) + " is not an absolute path"};
  const std::string own = beneath(roots.front(), node_id);
  Place place;
  if (is_placeholder(sent, policy)) {
    place.note = "storage_path " + quoted(sent) +
                 " means an empty one (storage.placeholder_storage_paths): " + own + " is used";
    sent = {};
  }
  auto resolved = sent.empty() ? own : resolve(sent, roots);
  if (const auto* outside = std::get_if<Refusal>(&resolved)) {
    if (!policy.ignore_outside) return with_remedies(*outside, sent, own);
    place.warning = outside->text + "; it is ignored (storage.outside_storage_path) and " + own + " is used";
    resolved = own;
  }
  place.path = std::get<std::string>(std::move(resolved));
  const std::string name = "storage_path " + quoted(place.path);
  if (place.path.size() > kStoragePathMax) {
    return Refusal{name + " has " + std::to_string(place.path.size()) + " bytes; at most " +
                   std::to_string(kStoragePathMax) + " are allowed: send a shorter one"};
  }
  if (const auto fault = root_fault(place.path, roots))
    return Refusal{name + " " + *fault + std::string(kAdvice)};
  if (const auto fault = neighbour_fault(node_id, place.path, known)) {
    return Refusal{name + " " + *fault + "; " + std::string(kAdvice) + " of its own"};
  }
  place.root = *root_above(place.path, roots);
  return place;
}

}  // namespace sutra::supervisor::core
