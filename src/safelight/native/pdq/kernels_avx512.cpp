#define KERNELS_NAME kernels_avx512
#define KERNELS_LANES 16
#include "kernels.inl"
