"""Evidence handed out to an authority: to whom, who asked, who released, and what became of it."""
