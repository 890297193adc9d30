export SORA_MCP_BASE_URL=http://127.0.0.1:8091/v1
sora-mcp doctor
sora-mcp generate "A paper boat drifts down a rainy street" --size 832x480 --seconds 5 \
  --option num_inference_steps=30 --option negative_prompt="blurry, text" --option seed=7 \
  --out boat.mp4
