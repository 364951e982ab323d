"""活跃度监测: how active the academy is, day by day. It measures; it never acts on people."""
