"""Evidence for an authority: one sealed file that proves itself, offline and with standard tools too."""
