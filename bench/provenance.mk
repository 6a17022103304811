.PHONY: bench-provenance
bench-provenance: setup $(VENV)/.bench ## evidence of origin: milliseconds a file, false marks, and exiftool
	@command -v exiftool >/dev/null || apt-get install -y -q libimage-exiftool-perl >/dev/null
	@$(PY) bench/provenance.py $(ARGS)
