// Quiescent moments: nobody is hurt, and what ought to be true is. Chaos tests only.
#pragma once
#include <map>
#include <string>

#include "tests/chaos/host.h"

namespace sutra::chaos {

/// Waits until every node that should run has a server that answers, comms answers, and no zombie of the
/// supervisor's is left; what does not come true in time is a violation. Then the deaths are compared with
/// the event log, and what the agent tells with what /proc shows.
void check_quiet(Host& host);

/// Servers that died and lines that say so, of every node; with all servers gone also of those that crash by
/// themselves.
void check_deaths(Host& host, bool all_gone);

/// Tells the agent to stop, and checks that nothing of it is left.
void check_orderly_stop(Host& host);

/// pid by node of what runs and does not end by itself.
[[nodiscard]] std::map<std::string, pid_t> leaders(const Host& host);

}  // namespace sutra::chaos
