.PHONY: bench-matching
bench-matching: setup $(VENV)/.bench ## search against threatexchange and faiss; ARGS=--large for 100 million
	@$(PY) bench/matching.py $(ARGS)

ifeq ($(wildcard bench/common.mk),)
$(VENV)/.bench: $(VENV)/.packages requirements-bench.lock
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-bench.lock
	@touch $@
endif
