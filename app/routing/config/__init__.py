"""The routing half of tierwatch.yaml as immutable values. Nothing here imports the router."""
