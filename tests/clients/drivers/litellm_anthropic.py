"""LiteLLM, speaking messages."""

import litellm_sdk

litellm_sdk.drive("anthropic", "")
