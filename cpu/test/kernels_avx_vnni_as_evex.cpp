// The AVX-VNNI path in AVX512VL's encoding, so that processors with AVX512-VNNI but no AVX-VNNI test it too.
#define MIXLLM_AVX_VNNI_AS_EVEX
#include "../src/kernels_avx_vnni.cpp"
