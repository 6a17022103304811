"""People: who they are, what they may do, and the acts that take two of them."""
