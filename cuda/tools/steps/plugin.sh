# A MixLLM file through the plugin: CUDA must continue a text as the CPU does. Builds the plugin's own runtime.

step_plugin() {
    if ! command -v node >/dev/null; then
        skip "there is no Node.js"
        return
    fi
    if [ ! -d "$root/node_modules/vitest" ]; then
        skip "this package's dependencies are not installed (npm ci)"
        return
    fi
    (cd "$root" && npx vitest run plugin/api/cudaParity.test.ts)
}
