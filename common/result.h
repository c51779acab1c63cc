// Errors as values. Each has the operation, its object, the cause and advice for the operator. Both
// processes.
#pragma once
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace sutra {

/// One failed operation. message() returns "OPERATION SUBJECT: CAUSE; REMEDY".
struct Error {
  std::string operation;  ///< "open", "start node"
  std::string subject;    ///< the object: a path, a node_id
  int errnum = 0;         ///< errno, 0 when no system call failed
  std::string cause;      ///< when empty, message() shows strerror(errnum)
  std::string remedy;     ///< what the operator can do; may be empty

  [[nodiscard]] std::string message() const;
};

/// An error of a system call that just failed. Reads errno, so call it before anything else can change it.
[[nodiscard]] Error errno_error(std::string operation, std::string subject, std::string remedy = {});

/// An error whose cause is not an errno.
[[nodiscard]] Error make_error(std::string operation, std::string subject, std::string cause,
                               std::string remedy = {});

/// A value, or the Error that prevented it. Check ok() before value().
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design
  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  [[nodiscard]] Error& error() & { return std::get<1>(state_); }
  [[nodiscard]] const Error& error() const& { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success, or the Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit by design
  [[nodiscard]] bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const { return *error_; }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace sutra
