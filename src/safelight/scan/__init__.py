"""One file, one observation, one verdict: the pipeline and the policy."""
