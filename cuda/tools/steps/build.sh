# Builds everything for $arch into $bin, unless it is there: from an earlier run, or carried here from another machine.

step_source() {
    if ! has_llama_cpp; then
        skip "there are no sources of llama.cpp at $bundle (--llama-cpp-bundle says where they are), so only the kernels are built"
        return
    fi
    prepare_llama_cpp
}

find_nvcc() {
    echo "${NVCC:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}"
}

has_llama_cpp() {
    [ -f "$bundle" ] || [ -e "$work/llama.cpp.state" ]
}

step_build() {
    local with_llama=
    ! has_llama_cpp || with_llama=yes
    if [ "$(cat "$bin/sources" 2>/dev/null)" = "$key" ] && { [ -z "$with_llama" ] || [ -x "$bin/llama-bench" ]; }; then
        echo "built before"
        return
    fi
    local nvcc
    nvcc=$(find_nvcc)
    if [ ! -x "$nvcc" ]; then
        echo "there is no nvcc; install a CUDA toolkit (13 is what the kernels are tested with) or set NVCC" >&2
        return 1
    fi
    if ! command -v cmake >/dev/null; then
        echo "there is no cmake; install CMake 3.19 or later" >&2
        return 1
    fi
    # One architecture, as machine code alone; 12x has instructions that only the architecture's own code may use.
    local code=$arch-real
    [ "$arch" -lt 120 ] || code=${arch}a-real
    local options=("-DCMAKE_CUDA_COMPILER=$nvcc" "-DCMAKE_CUDA_ARCHITECTURES=$code")
    if [ -n "$with_llama" ]; then
        prepare_llama_cpp || return 1
        options+=("-DMIXLLM_LLAMA_CPP_DIR=$work/llama.cpp" "-DMIXLLM_FLASH_ATTENTION=$attention")
    else
        options+=("-DMIXLLM_LLAMA_CPP_DIR=")
        skip "without llama.cpp, only the kernels are built"
    fi
    command -v ninja >/dev/null && options+=(-G Ninja)
    cmake -S "$tools" -B "$work/build" "${options[@]}" >"$work/configure.log" 2>&1 || {
        tail -n 30 "$work/configure.log" >&2
        return 1
    }
    # An interrupted build goes on where it stopped.
    cmake --build "$work/build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}" >"$work/build.log" 2>&1 || {
        grep -E -A 12 'error|FAILED' "$work/build.log" | head -n 60 >&2
        echo "the whole log is $work/build.log" >&2
        return 1
    }
    rm -rf "$bin"
    mkdir -p "$bin"
    cp -P "$work/build/bin/"* "$bin/" || return 1
    # The CUDA runtime beside them, so that the kernels' tests need nothing but a driver.
    local runtime
    runtime=$(LD_LIBRARY_PATH=$(toolkit_libraries) ldd "$bin/kernel-test" | sed -n 's/.*libcudart[^ ]* => \(.*\) (.*/\1/p')
    cp -L "$runtime" "$bin/" || return 1
    find "$bin" -type f -exec strip --strip-unneeded {} +
    git -C "$root" rev-parse --short HEAD >"$bin/commit" 2>/dev/null || echo "${MIXLLM_COMMIT:-unknown}" >"$bin/commit"
    echo "$attention" >"$bin/flash-attention"
    "$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p' >"$bin/toolkit"
    echo "$key" >"$bin/sources"
    du -sh "$bin"
}

# The sources of $bundle in $work/llama.cpp, with the patches that lie beside it and those of this repository. Without the
# bundle, as an earlier run or another machine has left them there.
prepare_llama_cpp() {
    local own theirs patch state=
    own=$(cat "$root"/patches/*.patch | sha256sum)
    if [ -f "$bundle" ]; then
        theirs=$(ls "$(dirname "$bundle")"/patches/*.diff 2>/dev/null) || true
        state="$own $(cat "$bundle" $theirs | sha256sum)"
    fi
    local before
    before=$(cat "$work/llama.cpp.state" 2>/dev/null) || true
    if [ -z "$state" ] && [ "${before%% *}" != "${own%% *}" ]; then
        echo "the sources in $work/llama.cpp have other patches than this repository; remove them and llama.cpp.state" >&2
        return 1
    fi
    [ -n "$state" ] && [ "$before" != "$state" ] || return 0
    rm -rf "$work/llama.cpp" "$work/llama.cpp.state"
    git -c advice.detachedHead=false clone -q "$bundle" "$work/llama.cpp" || return 1
    for patch in $theirs "$root"/patches/*.patch; do
        git -C "$work/llama.cpp" apply --ignore-whitespace "$patch" || return 1
    done
    # Two thirds of it, which no build reads.
    (cd "$work/llama.cpp" && rm -rf .git .github docs media models)
    echo "$state" >"$work/llama.cpp.state"
}
