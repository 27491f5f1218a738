"""What an author should know of a quiz before learners do: guessing, writing, leaks."""
