"""What people do with lessons: open, read, finish, keep a list, go on where they left."""
