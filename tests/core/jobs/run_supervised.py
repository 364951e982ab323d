"""A supervisor with one child: `run_command.py` with the same words. Writes the child's pid, then waits."""

import os
import subprocess
import sys
from pathlib import Path

pid_file, *words = sys.argv[1:]
environment = {**os.environ, "ZHIYUE_SUPERVISOR_PID": str(os.getpid())}
command = [sys.executable, str(Path(__file__).with_name("run_command.py")), *words]
child = subprocess.Popen(command, env=environment)
Path(pid_file).write_text(str(child.pid))
child.wait()
