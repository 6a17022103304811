#define KERNELS_NAME kernels_avx2
#define KERNELS_LANES 8
#include "kernels.inl"
