#include "common/result.h"

#include <cstring>

namespace sutra {

std::string Error::message() const {
  std::string text = operation;
  if (!subject.empty()) text += (text.empty() ? "" : " ") + subject;
  std::string why = cause;
  if (why.empty() && errnum != 0) why = std::strerror(errnum);
  if (!why.empty()) text += (text.empty() ? "" : ": ") + why;
  if (!remedy.empty()) text += "; " + remedy;
  return text;
}

Error errno_error(std::string operation, std::string subject, std::string remedy) {
  const int errnum = errno;
  return Error{std::move(operation), std::move(subject), errnum, {}, std::move(remedy)};
}

Error make_error(std::string operation, std::string subject, std::string cause, std::string remedy) {
  return Error{std::move(operation), std::move(subject), 0, std::move(cause), std::move(remedy)};
}

}  // namespace sutra
