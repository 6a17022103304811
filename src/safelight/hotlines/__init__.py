"""Reports out: what a hotline is told, checked before anything is sent. No server, no database."""
