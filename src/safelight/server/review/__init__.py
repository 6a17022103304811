"""Looking at media with the least possible harm: renderings, viewings, budgets, and who is told of what."""
