"""Hash lists as the server keeps them: who may change them, what they hit, and what they say of the past."""
