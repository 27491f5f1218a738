"""JupyterHub for one class on one Linux machine; read docs/instructors.md, "On JupyterHub".

People sign in with their accounts on the machine, and each one's server runs under that account.
Write the names of your class below; everything else can stay.
"""

c = get_config()  # noqa: F821  (provided by Jupyter)

INSTRUCTORS = ["instructor"]
LEARNERS = ["ann", "ben"]
COURSE = "downstream"  # as c.CourseDirectory.course_id in nbgrader_config.py

# Who may sign in. PAM, JupyterHub's default, asks the machine for the password.
c.Authenticator.allowed_users = {*INSTRUCTORS, *LEARNERS}

# nbgrader tells by these two groups who teaches and who takes the course.
c.JupyterHub.load_groups = {
    f"formgrade-{COURSE}": {"users": INSTRUCTORS},
    f"nbgrader-{COURSE}": {"users": LEARNERS},
}
# Each server may ask in which groups its own user is, besides what servers always may.
c.Spawner.server_token_scopes = [
    "access:servers!server",
    "users:activity!user",
    "read:users:name!user",
    "read:users:groups!user",
]

# Reached through a web server on this machine that adds HTTPS.
c.JupyterHub.bind_url = "http://127.0.0.1:8000"

# The models, fetched once for everybody.
c.Spawner.environment = {"DOWNSTREAM_CACHE": "/opt/downstream/.models"}

# A whole class may start at the same minute.
c.Spawner.start_timeout = 180  # seconds
c.Spawner.http_timeout = 120

# An idle chapter holds up to a gigabyte of memory: end kernels after an hour without use.
c.Spawner.args = ["--MappingKernelManager.cull_idle_timeout=3600"]
