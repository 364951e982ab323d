"""What opens a course for a while without money: trials, gifts, and the terms of courses for them."""
