.PHONY: bench-matching
bench-matching: setup $(VENV)/.bench ## search against threatexchange and faiss; ARGS=--large for 100 million
	@$(PY) bench/matching.py $(ARGS)
