"""The table of real clients: what is installed for each, and which script drives it."""

from typing import NamedTuple


class Client(NamedTuple):
    """A client; one folder of installed packages serves all that name the same one."""

    name: str
    driver: str
    # "pip" or "npm"
    kind: str
    packages: tuple[str, ...]
    # The package whose version stands in the table.
    versioned: str
    more: tuple[str, ...] = ()


def _python(name: str, driver: str, *packages: str, more: tuple[str, ...] = ()) -> Client:
    return Client(name, f"{driver}.py", "pip", packages, packages[0].partition("[")[0], more)


def _node(name: str, driver: str, *packages: str, more: tuple[str, ...] = ()) -> Client:
    return Client(name, f"{driver}.mjs", "npm", packages, packages[0], more)


# The newest npm packages want node 22, which the registry has as a package of its own.
NODE = "node@22"

CLIENTS = (
    _python("openai (Python), chat", "openai_chat", "openai"),
    _python("openai (Python), responses", "openai_responses", "openai"),
    _node("openai (node), chat", "openai_chat", "openai", "zod"),
    _node("openai (node), responses", "openai_responses", "openai", "zod"),
    _python("anthropic (Python)", "anthropic_messages", "anthropic"),
    _node("anthropic (node)", "anthropic_messages", "@anthropic-ai/sdk", "zod"),
    _python("LiteLLM SDK, openai/", "litellm_openai", "litellm[proxy]"),
    _python("LiteLLM SDK, anthropic/", "litellm_anthropic", "litellm[proxy]"),
    _python("LiteLLM proxy before it", "litellm_proxy", "litellm[proxy]"),
    _python("LangChain, openai", "langchain_on_chat", "langchain-openai", "langchain"),
    _python("LangChain, anthropic", "langchain_on_messages", "langchain-anthropic", "langchain"),
    _python("LlamaIndex, OpenAILike", "llamaindex", "llama-index-llms-openai-like",
            "llama-index-core"),
    _python("pydantic-ai, chat", "pydantic_ai_chat", "pydantic-ai-slim[openai,anthropic]"),
    _python("pydantic-ai, responses", "pydantic_ai_responses",
            "pydantic-ai-slim[openai,anthropic]"),
    _python("pydantic-ai, anthropic", "pydantic_ai_anthropic",
            "pydantic-ai-slim[openai,anthropic]"),
    _python("openai-agents, its default", "openai_agents", "openai-agents"),
    _python("openai-agents, chat", "openai_agents_chat", "openai-agents"),
    _node("Vercel ai, openai chat", "vercel_chat", "ai", "@ai-sdk/openai", "@ai-sdk/anthropic",
          "zod"),
    _node("Vercel ai, openai", "vercel_openai", "ai", "@ai-sdk/openai", "@ai-sdk/anthropic", "zod"),
    _node("Vercel ai, anthropic", "vercel_anthropic", "ai", "@ai-sdk/openai", "@ai-sdk/anthropic",
          "zod"),
    _python("instructor", "instructor_both", "instructor", "anthropic"),
    _python("smolagents", "smolagents_both", "smolagents[openai]"),
    _python("autogen", "autogen_agents", "autogen-agentchat", "autogen-ext[openai]"),
    _python("llm", "llm_cli", "llm"),
    _python("aider", "aider_cli", "aider-chat"),
    _node("Claude Code", "claude_code", "@anthropic-ai/claude-code"),
    _node("Codex", "codex", "@openai/codex"),
)  # fmt: skip
