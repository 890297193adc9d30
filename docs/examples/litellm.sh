export SORA_MCP_BASE_URL=http://127.0.0.1:4000/v1
export SORA_MCP_API_KEY="$LITELLM_MASTER_KEY"
export SORA_MCP_MODEL=wan
export SORA_MCP_PRICES='{"127.0.0.1:4000": {"wan": 0.05}}'
export SORA_MCP_MAX_COST_USD=0.50
export SORA_MCP_DAILY_BUDGET_USD=0.90
sora-mcp generate "A paper boat drifts down a rainy street" --dry-run
sora-mcp generate "A paper boat drifts down a rainy street"
