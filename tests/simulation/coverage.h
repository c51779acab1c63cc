// Counts what happened in a campaign; a campaign that did not cover everything fails.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sutra::simulation {

/// Events that must happen in a campaign. States and effects of the core are counted, too.
enum class Mark : std::uint8_t {
  kDirectoryFails,
  kLaunchFails,
  kLockHeld,
  kLauncherFails,
  kLauncherKilled,
  kLauncherQuick,
  kExecFails,
  kGateClosed,
  kLaunchGivenUp,
  kServerExits,
  kServerKilled,
  kServerOutOfMemory,
  kServerForks,
  kServerDaemonizes,
  kServerClosesLock,
  kSigtermIgnored,
  kTreeOutlivesLeader,
  kPidReused,
  kCgroupBusy,
  kStateWriteFails,
  kRuntimeWriteFails,
  kEventAppendFails,
  kForgetFails,
  kStateDeleted,
  kRuntimeDeleted,
  kBothDeleted,
  kFactsLostInReboot,
  kSupervisorKilledIdle,
  kSupervisorKilledInStep,
  kSupervisorKilledAtGate,
  kSupervisorKilledInRecovery,
  kReload,
  kReloadWhileLaunching,
  kShutdown,
  kRebootKeepsRuntime,
  kRebootClearsRuntime,
  kWallClockJumps,
  kCommsDies,
  kMessageRepeated,
  kReadyInvented,
  kUnresponsiveInvented,
  kUnresponsiveHeeded,
  kReadinessRanOut,
  kRequestRefusedByDisk,
  kRequestRefusedByAdmission,
  kProcessCannotBeLookedAt,
  kDeathOfAdopted,
  kDeathRepeatDropped,
  kAdopted,
  kAdoptedLauncher,
  kLeftoversFound,
  kUnmanagedFound,
  kQuarantined,
  kStopAnswered,
  kStartAnswered,
  kRestartAnswered,
};
inline constexpr std::size_t kMarks = static_cast<std::size_t>(Mark::kRestartAnswered) + 1;
inline constexpr std::size_t kStates = 8;
inline constexpr std::size_t kEffects = 14;

struct Coverage {
  std::uint64_t histories = 0;
  std::uint64_t steps = 0;       ///< of the simulated host
  std::uint64_t core_steps = 0;  ///< of the state machine
  std::array<std::uint64_t, kMarks> marks{};
  std::array<std::uint64_t, kStates> states{};    ///< by core::State, after a step
  std::array<std::uint64_t, kEffects> effects{};  ///< by the effect's index in core::Effect

  void see(Mark mark) { ++marks[static_cast<std::size_t>(mark)]; }
  void add(const Coverage& other);
  /// One line each: how often.
  [[nodiscard]] std::string text() const;
  /// What was seen less than `least` times.
  [[nodiscard]] std::vector<std::string> missing(std::uint64_t least) const;
};

}  // namespace sutra::simulation
