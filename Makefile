# The words people type. Each brings what it needs on a bare Debian machine (tools/need).
#
#   make build     build/trawl, build/trawl-supervisor, build/libtrawl.so
#   make demo      search the space of a real model on real data, in about five minutes
#   make check     every gate and every test; ends with "N passed, N failed"
#   make soak      what takes long: a thousand kill rounds, long fuzzing
#   make bench     the figures of bench/README.md
#   make install   into PREFIX (default /usr/local; DESTDIR is honoured)
#   make clean     remove every build folder

PREFIX ?= /usr/local

.PHONY: all build demo check soak bench install clean
all: build

build:
	@tools/need build
	@tools/build build -Dtests=false

demo:
	@tools/need demo
	@tools/build build -Dtests=false
	@sh examples/fashion/demo.sh

check:
	@tools/need check
	@tools/check

soak:
	@tools/need check
	@tools/soak

bench:
	@tools/need bench
	@tools/build build -Dtests=false
	@sh bench/run.sh

install:
	@tools/need build
	@tools/build build -Dtests=false --prefix '$(PREFIX)'
	@meson install -C build --no-rebuild

clean:
	rm -rf build build-*
