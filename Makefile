# The front door: everything behind it is CMake. `make demo` and `make test` need nothing but git, make and apt.

JOBS ?= $(shell nproc)
PROGRAMS = sutra-agent sutra-agent-comms sutra-node-launch sutra-agentctl sutra-grid-master sutra-grid-cli

.PHONY: all deps build demo run test bench soak clean
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

bench: build
	@cmake --build --preset release -j $(JOBS) --target sutra-bench
	@tests/bench/run.sh build/release/bin

# Faults for as long as asked: make soak SECONDS_BUDGET=3600 [SEED=1].
SECONDS_BUDGET ?= 3600
soak: build
	@cmake --build --preset release -j $(JOBS) --target sutra-chaos
	@cmake --build --preset release --target help | grep -q '^sutra-simulation:' && \
	  cmake --build --preset release -j $(JOBS) --target sutra-simulation || true
	@tests/soak.sh build/release/bin $(SECONDS_BUDGET) $(SEED)

clean:
	rm -rf build
