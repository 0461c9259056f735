"""What a person proposes from a terminal: a model to serve a tier. Text and an exit code go out."""
