"""What the templates of review can say."""
