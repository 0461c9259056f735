"""LiteLLM, speaking chat completions."""

import litellm_sdk

litellm_sdk.drive("openai", "/v1")
