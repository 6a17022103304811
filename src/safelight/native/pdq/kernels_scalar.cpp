#define KERNELS_NAME kernels_scalar
#define KERNELS_LANES 8
#include "kernels.inl"
