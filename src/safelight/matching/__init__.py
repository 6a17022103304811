"""Indexes derived from a list store, and the matches found in them."""
