#define KERNELS_NAME kernels_scalar
#define KERNELS_LANES 4
#include "kernels.inl"
