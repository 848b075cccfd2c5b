#pragma once

#include "tests/require_success.h"

#include <cuda_runtime.h>

#include <vector>

// An array in device memory, exactly as long as its elements, so that an access past the end is one the checks see.
template <class T>
class DeviceArray {
public:
    explicit DeviceArray(size_t count) : count(count) {
        if (count > 0) {
            require_success(cudaMalloc(reinterpret_cast<void**>(&data), count * sizeof(T)), "cudaMalloc");
        }
    }
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
        if (count > 0) {
            require_success(cudaMemcpy(data, values.data(), count * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
        }
    }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;
    ~DeviceArray() { cudaFree(data); }

    T* get() const { return data; }

    std::vector<T> values() const {
        std::vector<T> result(count);
        if (count > 0) {
            require_success(cudaMemcpy(result.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
        }
        return result;
    }

private:
    size_t count;
    T* data = nullptr;
};
