// Checks in a pause without faults: the state of the host is as it should be. Chaos tests only.
#pragma once
#include <map>
#include <string>

#include "tests/chaos/host.h"

namespace sutra::chaos {

/// Waits until every node that should run has a server that answers, comms answers, and no zombie of the
/// supervisor's is left; a condition that is not met in time is a violation. Then compares the deaths with the
/// event log, and the agent's answers with /proc.
void check_quiet(Host& host);

/// Compares, for every node, the servers that died with the "died" lines of events.jsonl. `all_gone`: also for nodes
/// that crash by themselves.
void check_deaths(Host& host, bool all_gone);

/// Tells the agent to stop, and checks that nothing of it is left.
void check_orderly_stop(Host& host);

/// Pid by node of the servers that run and do not crash by themselves.
[[nodiscard]] std::map<std::string, pid_t> leaders(const Host& host);

}  // namespace sutra::chaos
