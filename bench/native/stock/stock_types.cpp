#include "stock/quantize_stock.h"

namespace mixllm {

const std::vector<std::pair<std::string, llama_ftype>>& stock_types() {
    static const std::vector<std::pair<std::string, llama_ftype>> types = {
        {"F32", LLAMA_FTYPE_ALL_F32},          {"BF16", LLAMA_FTYPE_MOSTLY_BF16},
        {"F16", LLAMA_FTYPE_MOSTLY_F16},       {"Q8_0", LLAMA_FTYPE_MOSTLY_Q8_0},
        {"Q6_K", LLAMA_FTYPE_MOSTLY_Q6_K},     {"Q5_K_M", LLAMA_FTYPE_MOSTLY_Q5_K_M},
        {"Q5_K_S", LLAMA_FTYPE_MOSTLY_Q5_K_S}, {"Q5_1", LLAMA_FTYPE_MOSTLY_Q5_1},
        {"Q5_0", LLAMA_FTYPE_MOSTLY_Q5_0},     {"Q4_K_M", LLAMA_FTYPE_MOSTLY_Q4_K_M},
        {"Q4_K_S", LLAMA_FTYPE_MOSTLY_Q4_K_S}, {"Q4_1", LLAMA_FTYPE_MOSTLY_Q4_1},
        {"Q4_0", LLAMA_FTYPE_MOSTLY_Q4_0},     {"IQ4_NL", LLAMA_FTYPE_MOSTLY_IQ4_NL},
        {"IQ4_XS", LLAMA_FTYPE_MOSTLY_IQ4_XS}, {"Q3_K_L", LLAMA_FTYPE_MOSTLY_Q3_K_L},
        {"Q3_K_M", LLAMA_FTYPE_MOSTLY_Q3_K_M}, {"Q3_K_S", LLAMA_FTYPE_MOSTLY_Q3_K_S},
        {"IQ3_M", LLAMA_FTYPE_MOSTLY_IQ3_M},   {"IQ3_S", LLAMA_FTYPE_MOSTLY_IQ3_S},
        {"IQ3_XS", LLAMA_FTYPE_MOSTLY_IQ3_XS}, {"IQ3_XXS", LLAMA_FTYPE_MOSTLY_IQ3_XXS},
        {"Q2_K", LLAMA_FTYPE_MOSTLY_Q2_K},     {"Q2_K_S", LLAMA_FTYPE_MOSTLY_Q2_K_S},
        {"IQ2_M", LLAMA_FTYPE_MOSTLY_IQ2_M},   {"IQ2_S", LLAMA_FTYPE_MOSTLY_IQ2_S},
        {"IQ2_XS", LLAMA_FTYPE_MOSTLY_IQ2_XS}, {"IQ2_XXS", LLAMA_FTYPE_MOSTLY_IQ2_XXS},
        {"IQ1_M", LLAMA_FTYPE_MOSTLY_IQ1_M},   {"IQ1_S", LLAMA_FTYPE_MOSTLY_IQ1_S},
    };
    return types;
}

} // namespace mixllm
