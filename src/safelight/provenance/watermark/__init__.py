"""Invisible marks that generating programs leave in pixels, as far as their decoders are open."""
