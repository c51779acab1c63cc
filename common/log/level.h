// What a log line may be, as the configuration names it. Both processes.
#pragma once

namespace sutra {

enum class LogFormat { kText, kJson };  ///< logging.format
enum class LogLevel { kTrace, kDebug, kInfo, kWarning, kError };

}  // namespace sutra
