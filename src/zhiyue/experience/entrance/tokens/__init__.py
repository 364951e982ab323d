"""The page on which members make, see and end keys for their own programs."""
