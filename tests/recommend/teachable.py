"""Which policies the small towns of the tests can teach."""

from zhiyue.recommend.policies import POLICIES

# Of the deep one there are too few people; how it stands among the others is in test_deep.
TAUGHT = tuple(name for name in POLICIES if name != "deep")
