"""nbgrader for everybody on the hub; goes to /etc/jupyter/nbgrader_config.py."""

from nbgrader.auth import JupyterHubAuthPlugin

c = get_config()  # noqa: F821  (provided by Jupyter)

c.CourseDirectory.course_id = "downstream"
c.Exchange.root = "/srv/nbgrader/exchange"
c.Authenticator.plugin_class = JupyterHubAuthPlugin  # only who is in the course sees its quizzes
