# What plans and writes synthetic models, free of Node: for the addon and for cuda/tools.
set(MIXLLM_SYNTHETIC_SOURCES fillRows.cpp planMixedWeight.cpp planTensors.cpp writeSyntheticModel.cpp)
list(TRANSFORM MIXLLM_SYNTHETIC_SOURCES PREPEND "${CMAKE_CURRENT_LIST_DIR}/")
