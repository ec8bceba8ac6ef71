"""How fast layers are, how fast they could be on this machine, and how fast others are."""
