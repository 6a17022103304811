.PHONY: bench-server bench-pages
bench-server: setup $(VENV)/.bench ## the server against a bare Flask, pdqhash and faiss; two workers each
	@$(PY) bench/server.py $(ARGS)

bench-pages: setup $(VENV)/.bench ## the console's pages with ten thousand open cases
	@$(PY) bench/server_pages.py $(ARGS)
