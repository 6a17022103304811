"""Where sealed objects lie: a local directory, an S3 bucket, or memory, behind one protocol."""
