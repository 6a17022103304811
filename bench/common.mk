# What every benchmark needs: the peers, in the same environment, and nothing else running.
$(VENV)/.bench: $(VENV)/.packages requirements-bench.lock
	@echo "Installing the peers to measure against ..."
	@$(PY) -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements-bench.lock
	@touch $@
