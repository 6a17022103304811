"""Hash lists: the store protocol, the embedded store, and the forms in which lists arrive."""
