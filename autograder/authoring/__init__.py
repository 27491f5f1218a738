"""Writing quizzes: a new one to begin with, and how it looks while it is written."""
