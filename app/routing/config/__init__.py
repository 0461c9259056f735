"""The routing half of tierwatch.yaml: a file comes in, one immutable `routing.Routing` goes out.

One module a section, with its keys, what one of its values demands of another, and what follows
from it; ``routing`` joins them. Nothing here imports the router. Imported when a file is read, and
not before: by ``Router.from_config`` and by ``tierwatch.config``, since it needs pydantic and yaml.
"""
