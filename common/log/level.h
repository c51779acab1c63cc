// The formats and levels of the log, as in the configuration. Both processes.
#pragma once

namespace sutra {

enum class LogFormat { kText, kJson };  ///< logging.format
enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

}  // namespace sutra
