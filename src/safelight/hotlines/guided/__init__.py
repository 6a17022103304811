"""Any hotline that has a form: its fields, order and limits as a TOML file, filled in by a person."""
