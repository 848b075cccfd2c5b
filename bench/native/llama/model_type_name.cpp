#include "llama/model_type_name.h"

#include "stock/stock_types.h"

std::string model_type_name(const llama_model* model) {
    char description[256] = {};
    llama_model_desc(model, description, sizeof(description));
    const std::string text(description);
    const size_t mixed = text.find("MixLLM ");
    if (mixed != std::string::npos) {
        return text.substr(mixed);
    }
    const llama_ftype type = llama_model_ftype(model);
    for (const auto& [name, value] : stock_types()) {
        if (value == type) {
            return name;
        }
    }
    return llama_ftype_name(type);
}
