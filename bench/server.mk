.PHONY: bench-server
bench-server: setup $(VENV)/.bench ## the server against a bare Flask, pdqhash and faiss; two workers each
	@$(PY) bench/server.py $(ARGS)
