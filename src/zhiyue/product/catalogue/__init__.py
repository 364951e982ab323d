"""What the academy offers: topics, teachers, courses, chapters, lessons. No prices are charged here."""
