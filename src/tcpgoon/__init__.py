"""tcpgoon: can one instance carry N TCP connections at the same time, and if not, whose limit is it?"""
