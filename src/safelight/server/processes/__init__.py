"""The processes that `safelight serve` starts, watches and restarts."""
