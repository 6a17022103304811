"""Files that stay with the platform: compared by their hashes, and delivered once they matched."""
