"""An append-only record of what was done, provable row by row, holding no content and no names."""
