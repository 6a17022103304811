"""What a person found in a file: independent axes, and the schemes whose codes follow from them."""
