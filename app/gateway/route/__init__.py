"""Who answers: a request comes in, a decision and the conversation's turn go out."""
