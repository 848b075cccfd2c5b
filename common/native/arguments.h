#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <napi.h>

namespace mixllm {

/**
 * A value that JavaScript passed, with the name it has in messages.
 *
 * Each reader throws a TypeError unless the value is what it reads, in one style: "options.threads must be an integer
 * from 1 to 2147483647, not 1.5".
 */
class Argument {
public:
    Argument(const Napi::Value& value, std::string name);

    /// The property of an object.
    Argument operator[](const std::string& property) const;

    /// Whether it is neither undefined nor null.
    bool is_given() const;

    /// An integer that `T` holds, at least `least`; without a `T`, one below 2^53.
    template <typename T = int64_t>
    T integer(int64_t least = 0) const {
        constexpr int64_t most =
            sizeof(T) < sizeof(int64_t) ? static_cast<int64_t>(std::numeric_limits<T>::max()) : (int64_t{1} << 53) - 1;
        return static_cast<T>(integer_between(least, most));
    }

    /// A finite number.
    double number() const;

    bool flag() const;

    std::string text() const;

    /// An array of strings.
    std::vector<std::string> texts() const;

    /// The bytes of a Uint8Array, as text.
    std::string bytes_as_text() const;

    /// A typed array's numbers; it stays alive as long as its job (see `start_job`).
    template <typename T>
    struct Numbers {
        T* data;
        size_t count;
    };

    /// A typed array of `T`s.
    template <typename T>
    Numbers<T> numbers() const {
        return {reinterpret_cast<T*>(typed_array(array_type<T>(), alignof(T))), count()};
    }

    /// A typed array of exactly `count` `T`s.
    template <typename T>
    T* numbers(size_t wanted) const {
        const Numbers<T> found = numbers<T>();
        expect_count(found.count, wanted);
        return found.data;
    }

    /// A Uint8Array that holds exactly `wanted` `T`s.
    template <typename T>
    T* bytes_of(size_t wanted) const {
        unsigned char* data = typed_array(napi_uint8_array, alignof(T));
        expect_count(count(), wanted * sizeof(T));
        return reinterpret_cast<T*>(data);
    }

    /// What `External<T>` holds.
    template <typename T>
    T& handle() const {
        if (!value_.IsExternal()) {
            fail("a handle of this addon");
        }
        return *value_.As<Napi::External<T>>().Data();
    }

    /// Says what the value must be, and what it is.
    [[noreturn]] void fail(const std::string& expected) const;

private:
    template <typename T>
    static constexpr napi_typedarray_type array_type() {
        if constexpr (std::is_same_v<T, uint8_t>) {
            return napi_uint8_array;
        } else if constexpr (std::is_same_v<T, int32_t>) {
            return napi_int32_array;
        } else if constexpr (std::is_same_v<T, float>) {
            return napi_float32_array;
        } else {
            static_assert(std::is_same_v<T, double>, "no typed array of this type is read");
            return napi_float64_array;
        }
    }

    int64_t integer_between(int64_t least, int64_t most) const;
    unsigned char* typed_array(napi_typedarray_type type, size_t alignment) const;
    size_t count() const { return value_.As<Napi::TypedArray>().ElementLength(); }
    void expect_count(size_t found, size_t wanted) const;

    Napi::Value value_;
    std::string name_;
};

} // namespace mixllm
