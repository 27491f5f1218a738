"""What a quiz tells its instructor about the class, and about its own questions."""
