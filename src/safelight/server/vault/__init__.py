"""Evidence: what the database knows of sealed objects."""
