.PHONY: bench-provenance
bench-provenance: setup $(VENV)/.bench ## evidence of origin: milliseconds a file, false marks, and exiftool
	@command -v exiftool >/dev/null || tools/debian.sh libimage-exiftool-perl
	@$(PY) bench/provenance.py $(ARGS)
