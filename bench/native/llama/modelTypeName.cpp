#include "llama/modelTypeName.h"

#include "stock/stockTypes.h"

std::string modelTypeName(const llama_model* model) {
    char description[256] = {};
    llama_model_desc(model, description, sizeof(description));
    const std::string text(description);
    const size_t mixed = text.find("MixLLM ");
    if (mixed != std::string::npos)
        return text.substr(mixed);
    const llama_ftype type = llama_model_ftype(model);
    for (const auto& [name, value] : stockTypes()) {
        if (value == type)
            return name;
    }
    return llama_ftype_name(type);
}
