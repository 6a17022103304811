"""What somebody must be told without looking: kinds, state, and the ways in which it is told."""
