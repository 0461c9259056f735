"""What a person proposes from a terminal, a model say, or takes to a router. Text goes out."""
