"""Past events from elsewhere: a file and a mapping become events of the log, row by row judged, undone as a whole.

`running.import_file` brings one in, `undoing.undo` takes it out again. Courses and lessons are known higher up, so
whoever calls brings them along as `Places`.
"""
