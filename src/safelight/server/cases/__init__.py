"""Cases and decisions."""
