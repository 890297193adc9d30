sora-mcp batch products.jsonl > results.jsonl
