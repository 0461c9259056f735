"""What a prompt needs: messages come in, a confidence for each tier and a task type go out."""
