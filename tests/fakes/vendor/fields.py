"""The top-level fields of each wire, as the vendors' own SDKs list them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CHAT = _words(
    """audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens
    max_tokens messages metadata modalities model moderation n parallel_tool_calls prediction
    presence_penalty prompt_cache_key prompt_cache_options prompt_cache_retention reasoning_effort
    response_format safety_identifier seed service_tier stop store stream stream_options temperature
    tool_choice tools top_logprobs top_p user verbosity web_search_options"""
)
MESSAGES = _words(
    """cache_control container diagnostics inference_geo max_tokens messages metadata model
    output_config service_tier speed stop_sequences stream system temperature thinking tool_choice
    tools top_k top_p user_profile_id workspace_id"""
)
# Taken only beside an `anthropic-beta` header.
MESSAGES_BETA = _words(
    """billing_policy compaction context_management fallback_credit_token fallbacks
    mcp_servers"""
)
# `client_metadata` is Codex's: no SDK lists it.
RESPONSES = _words(
    """access_programs background background_options context_management conversation image include
    input instructions max_output_tokens max_tool_calls metadata model moderation
    parallel_tool_calls previous_response_id prompt prompt_cache_key prompt_cache_options
    prompt_cache_retention reasoning safety_identifier service_tier store stream stream_options
    temperature text tool_choice tools top_logprobs top_p truncation user client_metadata"""
)
