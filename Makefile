# The front door: everything behind it is CMake. `make demo` and `make test` need nothing but git, make and apt.

JOBS ?= $(shell nproc)

.PHONY: all deps build demo run test bench clean
all: build

deps:
	@packaging/install-deps.sh

build: deps
	@cmake --preset release --log-level=WARNING
	@cmake --build --preset release -j $(JOBS)

demo: build
	@tests/demo/demo.sh build/release/bin

# Master and agent in the foreground, until Ctrl-C.
run: build
	@tests/demo/run.sh build/release/bin

test: deps
	@tests/run.sh

bench: build
	@tests/bench/run.sh build/release/bin

clean:
	rm -rf build
