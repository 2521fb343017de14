import pytest
from django.test import override_settings

from apps.filings.models import Filing
from tests import cast as casting
from tests.cast import Cast
from ydjy.desk.admin import person_search
from ydjy.desk.crypto import fields as crypto_fields
from ydjy.desk.crypto.fields import SealBroken, Sealed, blind_index, opened, seal, unseal
from ydjy.desk.models import StagedRow

NUMBER = casting.number(7)


def test_what_is_sealed_opens_again_and_never_looks_the_same_twice():
    first, second = seal("a.b", b"text"), seal("a.b", b"text")
    assert first != second
    assert unseal("a.b", first) == unseal("a.b", second) == b"text"


def test_a_ciphertext_moved_to_another_column_does_not_open():
    with pytest.raises(SealBroken, match="密钥"):
        unseal("a.c", seal("a.b", b"text"))


@pytest.mark.parametrize("at", [0, 5, -1])
def test_an_altered_ciphertext_does_not_open(at: int):
    altered = bytearray(seal("a.b", b"text"))
    altered[at] ^= 1
    with pytest.raises(SealBroken):
        unseal("a.b", bytes(altered))


def test_another_key_file_does_not_open_it(tmp_path):
    box = seal("a.b", b"text")
    crypto_fields._key.cache_clear()
    try:
        with override_settings(KEYS=tmp_path), pytest.raises(SealBroken):
            unseal("a.b", box)
    finally:
        crypto_fields._key.cache_clear()


def test_a_sealed_value_never_prints_itself():
    value = Sealed("a.b", clear=NUMBER)
    shown = [str(value), repr(value), f"{value}", f"{value!r}", str([value])]
    assert not any(NUMBER in text for text in shown)
    assert value.reveal() == NUMBER


def test_the_index_is_keyed_and_bound_to_its_purpose(tmp_path):
    index = blind_index("person.cert_no", NUMBER)
    assert len(index) == 32
    assert index == blind_index("person.cert_no", NUMBER)
    assert index != blind_index("other", NUMBER)
    assert blind_index("person.cert_no", "") == ""
    crypto_fields._key.cache_clear()
    try:
        with override_settings(KEYS=tmp_path):
            assert blind_index("person.cert_no", NUMBER) != index
    finally:
        crypto_fields._key.cache_clear()


def test_the_search_and_the_tables_use_one_index():
    from apps.filings.models import filing

    assert person_search.CERT_INDEX == filing.CERT_INDEX


@pytest.mark.django_db
def test_a_column_takes_text_and_gives_a_sealed_value(cast: Cast):
    row = casting.filing(cast, cert_no=NUMBER.lower(), phone="13800000000")
    found = Filing.objects.get(pk=row.pk)
    assert found.cert_no.reveal() == NUMBER
    assert found.phone == "13800000000"
    assert not found.residence
    assert Filing.objects.with_number(f" {NUMBER[:6]} {NUMBER[6:]}").get() == row


def test_bytes_are_refused_where_text_is_meant():
    field = Filing._meta.get_field("cert_no")
    with pytest.raises(TypeError, match="cert_no"):
        field.get_prep_value(b"x")


def test_a_structure_opens_as_it_was():
    value = StagedRow._meta.get_field("cells").wrap(["甲", ""])
    assert opened(value) == ["甲", ""]
    assert opened(StagedRow._meta.get_field("cells").wrap(None)) is None
