"""The C++ kernels and the image worker."""
