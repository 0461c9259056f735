"""The first file: what a person says or LiteLLM's file has, as a commented `tierwatch.yaml`.

Answers, options or a LiteLLM configuration come in; a file that `tierwatch check` accepts goes out,
and what shells need to complete our commands. Called by the command alone.
"""
