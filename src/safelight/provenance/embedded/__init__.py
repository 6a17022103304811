"""What a file's own fields claim about where it came from: easily forged, easily lost, often telling."""
