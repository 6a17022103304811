.PHONY: bench-models
bench-models: setup ## the tensors of a model file, digested in the sandbox, against plain SHA-256
	@$(PY) bench/model_files.py $(ARGS)
