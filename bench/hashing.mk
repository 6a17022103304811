.PHONY: bench-hashing
bench-hashing: setup $(VENV)/.bench ## hashing against pdqhash and threatexchange, and what the sandbox costs
	@$(PY) bench/folder.py
	@$(PY) bench/hashing.py $(ARGS)
