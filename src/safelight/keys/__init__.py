"""One root key a workspace, kept outside it, and the subkeys derived from it."""
