import msgspec

from tcpgoon.record.tls_facts import TlsFacts


def test_they_survive_the_way_through_json() -> None:
    facts = TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384", alpn="h2", expires_at="2049-12-31T23:59:59Z")

    assert msgspec.json.decode(msgspec.json.encode(facts), type=TlsFacts) == facts
    assert TlsFacts(version="TLSv1.2", cipher="X") == TlsFacts(version="TLSv1.2", cipher="X", alpn="", expires_at="")
