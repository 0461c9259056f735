"""How tierwatch.yaml is read: a file comes in; checked sections, or every problem in it, go out.

It knows how values are written and where each one stood, and nothing of routing. Every section
reads by it, those of ``tierwatch.config`` too. Needs pydantic and yaml.
"""
