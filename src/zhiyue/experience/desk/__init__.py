"""The pages of staff: how active the academy is, one act on its way round the loop, background work."""
