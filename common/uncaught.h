// What a program says when an exception ends it. The supervisor and the operator's tool.
#pragma once

namespace sutra {

/// From now on an exception that nobody catches, in whatever thread, ends the program with "PROGRAM: ended by
/// an exception: WHAT" on stderr and exit status 1. No destructor runs: a supervisor that unwinds would end
/// what its death must leave alone. `program` must outlive the process.
void report_uncaught(const char* program);

}  // namespace sutra
