# Through the plugin's own runtime, which this builds: CUDA must continue a text as the CPU does, and convert a model as
# well as the CPU does.

step_plugin() {
    if ! command -v node >/dev/null; then
        skip "there is no Node.js"
        return
    fi
    if [ ! -d "$root/node_modules/vitest" ]; then
        skip "this package's dependencies are not installed (npm ci)"
        return
    fi
    (cd "$root" && npx vitest run cudaParity)
}
