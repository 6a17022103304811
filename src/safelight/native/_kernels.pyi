"""Native kernels of Safelight (see kernels.cpp)."""
