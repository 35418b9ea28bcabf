# mxtorch: the developer's manual. Every command works right after `git clone`: the first one makes .venv and installs what it needs.
# Without make: `python3 tools/dev.py COMMAND`. Further arguments: make test ARGS="tests/ndarray -k slice"

PYTHON ?= $(shell command -v python3 || command -v python || echo python3)
ARGS ?=
DEV = $(PYTHON) tools/dev.py

.PHONY: help demo test test-all test-gpu check fix bench stubs docs fuzz pending install clean

help:       ## this list
	@$(DEV) help

demo:       ## the main job on real data: sparse recommender, float16 classifier; writes demo/report.html
	@$(DEV) demo $(ARGS)

test:       ## all quick tests, two processes
	@$(DEV) test $(ARGS)

test-all:   ## all tests, slow ones too
	@$(DEV) test-all $(ARGS)

test-gpu:   ## the tests that need a GPU
	@$(DEV) test-gpu $(ARGS)

check:      ## style, format, import layers, types, generated stubs
	@$(DEV) check

fix:        ## format and sort imports, mend what the linter can, write the stubs
	@$(DEV) fix

bench:      ## the benchmarks; one of them: make bench ARGS="dispatch --rounds 3"
	@$(DEV) bench $(ARGS)

stubs:      ## write the .pyi stubs of all operators
	@$(DEV) stubs $(ARGS)

docs:       ## write the operator pages to build/docs, docs/ops/coverage.md and the list of error texts
	@$(DEV) docs $(ARGS)

fuzz:       ## the fuzz tests with many more examples
	@$(DEV) fuzz $(ARGS)

pending:    ## take out of the lists of pending cases and missing operators what works now
	@$(DEV) pending $(ARGS)

install:    ## only make or update the virtual environment
	@$(DEV) install

clean:      ## remove the virtual environment and caches
	@$(DEV) clean
