"""Operating the server: health, metrics, logs, limits on bodies, backups."""
