from autograder.nbgrader_plugin import configure

c = get_config()  # noqa: F821  (provided by Jupyter)

c.CourseDirectory.course_id = "downstream"
c.CourseDirectory.release_directory = "quizzes"
configure(c)
