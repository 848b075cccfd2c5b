# What plans and writes synthetic models, free of Node: for the addon and for cuda/tools.
set(MIXLLM_SYNTHETIC_SOURCES fill_rows.cpp plan_model.cpp write_synthetic_model.cpp)
list(TRANSFORM MIXLLM_SYNTHETIC_SOURCES PREPEND "${CMAKE_CURRENT_LIST_DIR}/")
