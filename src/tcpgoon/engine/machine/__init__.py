"""What this machine is, has and allows: its addresses and ports, the limits of process, cgroup and host, what it drops.

All of it is read, nothing is set but the soft limit of descriptors; `preflight` and `strain` put it together.
"""
