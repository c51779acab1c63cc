// System calls that fail, or kill the caller, when a test says so. The test program's own write, fsync,
// rename, renameat2, unlink, mkdir and ftruncate stand in for libc's. Tests only.
#pragma once

namespace sutra::supervisor::testing {

/// The `count`th (from 1) of those calls made from now on, in any order, ends the process with kCrashed
/// before it does anything. Use it in a child.
inline constexpr int kCrashed = 77;
void crash_at(int count);

enum class Call { kWrite, kFsync, kRename, kRenameat2, kUnlink, kMkdir, kFtruncate };
/// The `count`th `call` made from now on fails with `errnum`; with kWrite and errnum 0 it writes only half.
void fail_at(Call call, int count, int errnum);

void no_faults();

}  // namespace sutra::supervisor::testing
