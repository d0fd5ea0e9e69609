"""The rules about this client: whatever they find, the target is not to be blamed for it.

That a process of ours died is certain (`client_workers`), and so is what our own kernel refused, whatever the verdict
(`client_limits`). That this client was too slow, or that
its host dropped packets, is a finding only where that explains an end that would otherwise be held against the target
(`client_speed`): a healthy run on a busy machine has none.
"""

from tcpgoon.judge import client_limits, client_speed, client_workers

RULES = (client_workers.died, *client_limits.RULES, *client_speed.RULES, client_limits.other_errors)
"""What is our own failure first, then what made a run impossible, what was refused, what was spoiled, and last what
nobody understands."""
