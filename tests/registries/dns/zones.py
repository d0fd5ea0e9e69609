"""The zones that the name server of the tests has. Addresses are those of documentation, and are never dialled."""

_HEAD = """
$TTL 300
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 192.0.2.53
"""

MANY = 600
"""How many records ``_many._tcp.shop.test`` has: far more than a datagram holds."""

_SHOP = f"""{_HEAD}
; Two priorities, several weights, addresses of both families and of one.
_http._tcp.checkout SRV 20 0 8083 spare
_http._tcp.checkout SRV 10 5 8081 light
_http._tcp.checkout SRV 10 60 8080 heavy
heavy A 192.0.2.1
heavy A 192.0.2.2
heavy AAAA 2001:db8::1
light A 192.0.2.3
spare AAAA 2001:db8::4

; Aliases as targets: RFC 2782 forbids them, and they are seen all the same.
_alias._tcp 60 SRV 0 1 8080 front
front CNAME heavy
_abroad._tcp SRV 0 1 8080 far
far CNAME front.depot.test.
_renamed._tcp 30 CNAME _http._tcp.checkout
_moved._tcp 30 CNAME _http._tcp.depot.test.
_round._tcp CNAME _about._tcp
_about._tcp CNAME _round._tcp
_ghost._tcp CNAME nowhere

; No instance, or none with an address that this server knows.
_none._tcp SRV 0 0 0 .
_lost._tcp SRV 0 1 8080 nowhere
_lost._tcp SRV 0 2 8080 words
_foreign._tcp SRV 0 1 8080 www.elsewhere.test.
_odd._tcp SRV 0 1 8080 a\\032b
words TXT "neither an address nor an SRV record"

; The same instance twice.
_twice._tcp SRV 0 1 8081 light
_twice._tcp SRV 5 1 8081 LIGHT
"""

_DEPOT = f"""{_HEAD}
front A 192.0.2.9
_http._tcp SRV 0 1 8080 front
"""

# bücher.test, as DNS has it.
_BOOKS = f"""{_HEAD}
_http._tcp SRV 0 1 8080 ns
"""

ZONES = {
    "shop.test": _SHOP + "".join(f"_many._tcp SRV 0 0 {1000 + n} many{n}\nmany{n} A 192.0.2.7\n" for n in range(MANY)),
    "depot.test": _DEPOT,
    "xn--bcher-kva.test": _BOOKS,
    "broken.test": "",
}
