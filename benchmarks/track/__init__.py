"""Has anything become slower? Ratios inside one run, which say so on a busy machine as well."""
