# What the addons share: jobs off the main thread, the checks of their arguments, and models that llama.cpp loads.
# job.h and workers.h need neither Node nor llama.cpp.
set(MIXLLM_ADDON_SOURCES arguments.cpp llama_model.cpp start_job.cpp)
list(TRANSFORM MIXLLM_ADDON_SOURCES PREPEND "${CMAKE_CURRENT_LIST_DIR}/")
