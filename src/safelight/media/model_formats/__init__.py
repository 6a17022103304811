"""Where the tensors lie in each format of model file: bounded readers of headers, which run nothing."""
