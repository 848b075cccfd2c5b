# Makes a JSON file and Markdown tables of the sweep's lines and llama-bench's CSV; see report.sh.

function round_to(value, digits) { return sprintf("%." digits "f", value) }

# How many times faster MixLLM's `ours` is than `peer` at this shape and number of tokens; empty where not measured.
function times_faster(shape, tokens, ours, peer) {
    if (!((shape, tokens, ours) in us) || !((shape, tokens, peer) in us)) return ""
    return us[shape, tokens, peer] / us[shape, tokens, ours]
}

function cell(value, digits, unit) { return value == "" ? "-" : round_to(value, digits) unit }

function goal(text, value, least, digits, unit) {
    if (value == "") return
    goals = goals "| " text " | " least unit " | " round_to(value, digits) unit " | " (value >= least ? "yes" : "no") " |\n"
}

FILENAME ~ /sweep\.tsv$/ {
    split($0, f, "\t")
    if (f[1] == "gpu") {
        multiprocessors = f[4]; copy = f[5]; peak = f[6]
    } else if (f[1] == "product" || f[1] == "experts") {
        shape = f[2] " x " f[3] (f[1] == "experts" ? ", " f[9] " of " f[8] " experts" : "")
        stacked[shape] = f[1] == "experts"
        if (!(shape in seen)) { seen[shape] = 1; shapes[++n_shapes] = shape }
        if (!(f[4] in seen_tokens)) { seen_tokens[f[4]] = 1; token_list[++n_tokens] = f[4] }
        us[shape, f[4], f[5]] = f[6]
        limit[shape, f[4], f[5]] = f[7]
        of_stack = f[1] == "experts" ? sprintf("\"experts\": %d, \"of_token\": %d, ", f[8], f[9]) : ""
        products = products (products == "" ? "" : ",") sprintf("\n    {\"n\": %d, \"k\": %d, %s\"tokens\": %d, \"contender\": \"%s\", \"us\": %s, \"limit_us\": %s}", f[2], f[3], of_stack, f[4], f[5], f[6], f[7])
    }
    next
}

# llama-bench's CSV: every field in quotes, the names first.
FNR == 1 {
    n = split($0, names, ",")
    for (i = 1; i <= n; i++) column[names[i]] = i
    next
}
{
    line = $0
    sub(/^"/, "", line); sub(/"$/, "", line)
    split(line, f, /","/)
    model = f[column["model_filename"]]
    sub(/.*\//, "", model); sub(/\.gguf$/, "", model)
    size = model; sub(/-.*/, "", size)
    type = model; sub(/^[^-]*-/, "", type)
    if (type ~ /^p[0-9]+$/) type = "MixLLM " type
    layers = f[column["n_gpu_layers"]]
    what = f[column["n_prompt"]] > 0 ? "pp" f[column["n_prompt"]] : "tg" f[column["n_gen"]]
    row = size SUBSEP type SUBSEP layers
    if (!(row in seen_row)) { seen_row[row] = 1; rows[++n_rows] = row }
    speed[row, what] = f[column["avg_ts"]]
    deviation[row, what] = f[column["stddev_ts"]]
    bytes[row] = f[column["model_size"]]
    what = what ""
    if (!((size, layers, what) in seen_what)) {
        seen_what[size, layers, what] = 1
        whats[size, layers] = whats[size, layers] (whats[size, layers] == "" ? "" : " ") what
    }
    if (!((size, layers) in seen_group)) { seen_group[size, layers] = 1; groups[++n_groups] = size SUBSEP layers }
    figures = figures (figures == "" ? "" : ",") sprintf("\n    {\"model\": \"%s\", \"type\": \"%s\", \"gpu_layers\": %d, \"test\": \"%s\", \"tokens_per_second\": %s, \"deviation\": %s}", size, type, layers, what, speed[row, what], deviation[row, what])
}

END {
    command = "cuda/tools/gpu-check"
    reasons = skipped
    gsub(/"/, "\\\"", reasons)
    gsub(/\n/, "\", \"", reasons)
    printf "{\n  \"gpu\": \"%s\",\n  \"date\": \"%s\",\n  \"commit\": \"%s\",\n  \"command\": \"%s\",\n  \"driver\": \"%s\",\n  \"flash_attention\": %s,\n  \"cuda\": \"%s\",\n  \"multiprocessors\": %d,\n  \"copy_gb_per_s\": %s,\n  \"int8_peak_tops\": %s,\n  \"skipped\": [%s],\n  \"products\": [%s\n  ],\n  \"models\": [%s\n  ]\n}\n", \
        gpu, date, commit, command, driver, attention == "OFF" ? "false" : "true", toolkit, multiprocessors, copy + 0, peak + 0, \
        reasons == "" ? "" : "\"" reasons "\"", products, figures > json

    printf "# %s, %s\n\n", gpu, date > markdown
    printf "Commit %s, driver %s; `%s`.\n", commit, driver, command > markdown
    if (products != "") printf "Copying within its memory: %s GB/s read plus written; int8 peak: %s TOPS.\n", copy, peak > markdown
    if (figures != "" && attention == "OFF") printf "Models were measured without fused attention, all types alike.\n" > markdown
    if (skipped != "") { text = skipped; gsub(/\n/, "; ", text); printf "Skipped: %s.\n", text > markdown }

    ours = "MixLLM p10"
    big = "14336 x 4096"
    if ((big, 1, ours " kernel") in us)
        goal("1 token, " big ": share of its limit", 100 * limit[big, 1, ours " kernel"] / us[big, 1, ours " kernel"], 85, 0, " %")
    goal("1 token, " big ", against Q4_K", times_faster(big, 1, ours, "Q4_K"), 1.05, 2, "x")
    for (i = 1; i <= n_tokens; i++) {
        tokens = token_list[i]
        if (tokens >= 8 && tokens <= 64 && (big, tokens, ours) in us)
            goal(tokens " tokens, " big ", 1.3x the time of 1, against its own", 1.3 * us[big, 1, ours] / us[big, tokens, ours], 1, 2, "x")
    }
    goal("512 tokens, " big ", against Q4_K", times_faster(big, 512, ours, "Q4_K"), 2, 2, "x")
    goal("512 tokens, " big ", against cuBLAS F16", times_faster(big, 512, ours, "cuBLAS F16"), 1, 2, "x")
    for (i = 1; i <= n_tokens; i++)
        if (token_list[i] >= 2048)
            goal(token_list[i] " tokens, " big ", against cuBLAS F16", times_faster(big, token_list[i], ours, "cuBLAS F16"), 1.2, 2, "x")
    if (goals != "")
        printf "\n## Goals\n\n| case | goal | measured | met |\n| --- | --- | --- | --- |\n%s", goals > markdown

    for (s = 1; s <= n_shapes; s++) {
        shape = shapes[s]
        printf "\n## Products, N x K = %s\n\nMicroseconds, the quantization of x%s included; against the others: how many times faster p10 is.\n\n", shape, stacked[shape] ? " and the ordering by expert" : "" > markdown
        printf "| tokens | p0 | p10 | p100 | p10, kernel alone | of its limit | by mma.sync | cuBLAS F16 | Q4_0 | Q4_K | Q8_0 |\n" > markdown
        printf "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n" > markdown
        for (i = 1; i <= n_tokens; i++) {
            t = token_list[i]
            if (!((shape, t, ours) in us)) continue
            alone = us[shape, t, ours " kernel"]
            printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", t, \
                cell(us[shape, t, "MixLLM p0"], 1, ""), cell(us[shape, t, ours], 1, ""), cell(us[shape, t, "MixLLM p100"], 1, ""), \
                cell(alone, 1, ""), cell(alone > 0 ? 100 * limit[shape, t, ours " kernel"] / alone : "", 0, " %"), \
                cell(us[shape, t, ours " mma.sync"], 1, ""), \
                cell(times_faster(shape, t, ours, "cuBLAS F16"), 2, "x"), cell(times_faster(shape, t, ours, "Q4_0"), 2, "x"), \
                cell(times_faster(shape, t, ours, "Q4_K"), 2, "x"), cell(times_faster(shape, t, ours, "Q8_0"), 2, "x") > markdown
        }
    }

    for (g = 1; g <= n_groups; g++) {
        split(groups[g], of, SUBSEP)
        n = split(whats[of[1], of[2]], tests, " ")
        printf "\n## Synthetic %s, %s\n\nTokens a second by llama-bench, mean and standard deviation.\n\n| type | GiB |", \
            of[1] == "moe" ? "Qwen3-30B-A3B of 8 layers" : "Llama of " toupper(of[1]), of[2] == 99 ? "all layers on the GPU" : of[2] " layers on the GPU" > markdown
        for (i = 1; i <= n; i++) printf " %s |", tests[i] > markdown
        printf "\n| --- | --- |" > markdown
        for (i = 1; i <= n; i++) printf " --- |" > markdown
        printf "\n" > markdown
        for (r = 1; r <= n_rows; r++) {
            split(rows[r], key, SUBSEP)
            if (key[1] != of[1] || key[3] != of[2]) continue
            printf "| %s | %.2f |", key[2], bytes[rows[r]] / 1073741824 > markdown
            for (i = 1; i <= n; i++) printf " %s ± %s |", round_to(speed[rows[r], tests[i]], 1), round_to(deviation[rows[r], tests[i]], 1) > markdown
            printf "\n" > markdown
        }
    }
    if (n_products == 0 && products == "" && figures == "") exit 1
}
