"""Every decoder runs here: a warm parent a media family, a confined child a file."""
