"""Every connection that the server opens to somebody else's machine, and what it may fetch with one."""
