"""The rules about this client: whatever they find, the target is not to be blamed for it.

What our own kernel refused is certain, whatever the verdict (`client_limits`). That this client was too slow, or that
its host dropped packets, is a finding only where that explains an end that would otherwise be held against the target
(`client_speed`): a healthy run on a busy machine has none.
"""

from tcpgoon.judge import client_limits, client_speed

RULES = (*client_limits.RULES, *client_speed.RULES, client_limits.other_errors)
"""What made a run impossible first, then what was refused, what was spoiled, and last what nobody understands."""
