.PHONY: bench-quality
bench-quality: setup ## which copies of benign files are found, and what else is: the documentation's tables
	@$(PY) bench/quality.py $(ARGS)
