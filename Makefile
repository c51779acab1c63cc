# The front door: everything behind it is CMake. `make demo` and `make test` need nothing but git, make and apt.

JOBS ?= $(shell nproc)
PROGRAMS = sutra-agent sutra-agent-comms sutra-node-launch sutra-agentctl sutra-grid-master sutra-grid-cli

.PHONY: all deps build demo run test lint faults endurance soak bench errors-page clean
all: build

deps:
	@packaging/install-deps.sh

build: deps
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release -j $(JOBS) --target $(PROGRAMS)

demo: build
	@tests/demo/demo.sh build/release/bin

# Master and agent in the foreground, until Ctrl-C.
run: build
	@tests/demo/run.sh build/release/bin

test: deps
	@tests/run.sh

# clang-format, shellcheck, and clang-tidy on what differs from the main branch; ALL=1: on all; QUICK=1: without it.
lint:
	@packaging/install-deps.sh --only clang-format shellcheck $(if $(QUICK),,clang-tidy)
	@tests/lint.sh $(if $(QUICK),--quick,$(if $(ALL),--all))

# A fault at every system call; `make test` takes one in six, other ones each day.
faults: deps
	@cmake --preset plain --log-level=WARNING
	@cmake --build --preset plain -j $(JOBS) --target faults_tests
	@SUTRA_FAULT_STRIDE=1 ctest --test-dir build/plain -R '^(SupervisorKilledAtEveryCall|CommsKilledAtEveryCall|LauncherFaultAtEveryCall|Each/ErrorAtEveryCall)' \
	  -j $$((3 * $(JOBS))) --output-on-failure

# All of it, where `make test` starts a tenth of the storage servers on pids that are used again.
endurance: deps
	@cmake --preset plain --log-level=WARNING
	@cmake --build --preset plain -j $(JOBS) --target endurance_tests
	@SUTRA_ENDURANCE_PERCENT=100 build/plain/bin/endurance_tests

bench: build
	@cmake --build --preset release -j $(JOBS) --target sutra-bench
	@tests/bench/run.sh build/release/bin

# docs/ERRORS.md, from what the tests see.
errors-page: deps
	@cmake --preset dev --log-level=WARNING
	@cmake --build --preset dev -j $(JOBS) --target errors_tests
	@rm -rf build/dev/errors
	@build/dev/bin/errors_tests --gtest_brief=1
	@tests/errors/errors_page.py --write build/dev/errors docs/ERRORS.md

# Faults for as long as asked: make soak SECONDS_BUDGET=3600 [SEED=1].
SECONDS_BUDGET ?= 3600
soak: build
	@cmake --build --preset release -j $(JOBS) --target sutra-chaos
	@cmake --build --preset release -j $(JOBS) --target sutra-simulation
	@tests/soak.sh build/release/bin $(SECONDS_BUDGET) $(SEED)

clean:
	rm -rf build
