"""Webhooks: other systems are told what happens here, by signed messages to addresses that staff name. What there is to
tell is said by the rooms above: see `topics`."""
