"""tierwatch watches an LLM router: traffic comes in, alerts and better thresholds go out."""
