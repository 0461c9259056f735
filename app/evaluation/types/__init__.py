"""Task types: groups of prompts whose misroute rates differ, and what a type adds to a chance."""
