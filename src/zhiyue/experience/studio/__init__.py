"""The creators' surface: courses, their outline and their lessons."""
