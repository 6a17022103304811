"""A bucket that strangers can read is refused, and every failure tells the operator what to do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import obstore
import pytest

from safelight.errors import ObjectExists, ObjectMissing, StoreUnavailable, StoreUnsafe, UsageError
from safelight.ids import uuid7
from safelight.vault.stores import s3_exposure
from safelight.vault.stores.s3 import S3Store, _connect
from safelight.vault.stores.s3_exposure import exposure, refuse_public
from safelight.vault.stores.s3_settings import S3Settings
from safelight.vault.stores.s3_signature import signed_headers

if TYPE_CHECKING:
    from seaweedfs import S3Server

pytestmark = pytest.mark.xdist_group("seaweedfs")


def _put_anyway(put: Callable[..., object], client: object, name: str, body: bytes, **_: object) -> object:
    return put(client, name, body)


@pytest.fixture
def unchecked(s3_server: S3Server) -> None:
    """Buckets come to be with their first object."""
    for bucket in ("listable", "readable"):
        with suppress(obstore.exceptions.AlreadyExistsError):
            obstore.put(_connect(s3_server.settings(bucket)), "known", b"x", mode="create")


@pytest.mark.parametrize("bucket", ["listable", "readable"])
def test_a_bucket_that_strangers_can_read_is_refused_at_the_start(s3_server: S3Server, bucket: str) -> None:
    with pytest.raises(StoreUnsafe, match="Block public access"):
        S3Store(s3_server.settings(bucket))


@pytest.mark.usefixtures("unchecked")
def test_what_is_known_of_each_bucket(s3_server: S3Server) -> None:
    S3Store(s3_server.settings())
    obstore.put(_connect(s3_server.settings()), "known", b"x")
    private = exposure(s3_server.settings(), "known")
    assert (private.anonymous_list, private.anonymous_get, private.is_public) == (False, False, False)
    assert exposure(s3_server.settings("listable"), "known").anonymous_list is True
    assert exposure(s3_server.settings("readable"), "known").anonymous_get is True


def test_a_probe_leaves_nothing_behind(s3_server: S3Server) -> None:
    settings = s3_server.settings(prefix="clean/")
    S3Store(settings)
    with pytest.raises(StoreUnsafe):
        S3Store(s3_server.settings("listable", prefix="clean/"))
    for one in (settings, s3_server.settings("listable", prefix="clean/")):
        assert [page for page in obstore.list(_connect(one), prefix="clean/") if page] == []


@pytest.mark.parametrize("wrong", [{"secret_access_key": "wrong"}, {"access_key_id": "nobody"}])
def test_wrong_credentials_say_what_to_check(s3_server: S3Server, wrong: dict[str, str]) -> None:
    with pytest.raises(StoreUnavailable, match="Check the access key") as caught:
        S3Store(s3_server.settings(**wrong))
    assert "a-secret-of-the-tests" not in str(caught.value)


def test_a_server_that_is_down_says_what_to_check() -> None:
    settings = S3Settings("private", "http://127.0.0.1:1", "key", "secret")
    with pytest.raises(StoreUnavailable, match="Check the address"):
        S3Store(settings)
    with pytest.raises(StoreUnavailable, match="did not answer"):
        refuse_public(settings, "known")


def test_a_server_that_goes_down_fails_the_put_and_the_read(s3_server: S3Server) -> None:
    store = S3Store(s3_server.settings())
    store._client = _connect(S3Settings("private", "http://127.0.0.1:1", "key", "secret"))
    object_id = UUID(uuid7())
    for call in (
        partial(store.put, object_id, [b"x"]),
        partial(store.get, object_id, 0, 1),
        partial(store.size, object_id),
        partial(store.delete, object_id),
        partial(next, store.ids()),
    ):
        with pytest.raises(StoreUnavailable, match="Check the address"):
            call()


def test_an_unclear_answer_is_not_taken_for_a_private_bucket(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_exposure, "_ask", lambda *_, **__: s3_exposure._Answer(503, b""))
    with pytest.raises(StoreUnavailable, match="could not be checked"):
        S3Store(s3_server.settings())


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("policyStatus=", b"<PolicyStatus><IsPublic>TRUE</IsPublic></PolicyStatus>"),
        ("acl=", b"<URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI>"),
    ],
)
def test_a_policy_or_grant_that_opens_the_bucket_to_others_is_refused(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch, query: str, body: bytes
) -> None:
    ask = s3_exposure._ask

    def answer(settings: S3Settings, name: str, asked: str, *, signed: bool) -> s3_exposure._Answer:
        return s3_exposure._Answer(200, body) if asked == query else ask(settings, name, asked, signed=signed)

    monkeypatch.setattr(s3_exposure, "_ask", answer)
    with pytest.raises(StoreUnsafe):
        S3Store(s3_server.settings())


def test_a_service_that_overwrites_in_spite_of_the_condition_is_refused(
    s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = obstore.put
    monkeypatch.setattr(obstore, "put", partial(_put_anyway, put))
    with pytest.raises(StoreUnsafe, match="If-None-Match"):
        S3Store(s3_server.settings())


def test_a_claim_whose_writer_was_killed_reads_as_missing_and_uses_up_its_id(s3_server: S3Server) -> None:
    store, object_id = S3Store(s3_server.settings(prefix="claims/"), single_put=10), UUID(uuid7())
    store._create(object_id, store._name(object_id), b"")
    with pytest.raises(ObjectMissing):
        store.size(object_id)
    with pytest.raises(ObjectMissing):
        store.get(object_id, 0, 1)
    assert list(store.ids()) == []
    for size in (5, 50):
        with pytest.raises(ObjectExists):
            store.put(object_id, [bytes(size)])


def test_requests_are_signed_as_the_service_documents() -> None:
    """The example "GET Bucket Lifecycle" of the Amazon S3 API reference, with its made-up credentials."""
    from datetime import UTC, datetime

    settings = S3Settings(
        "examplebucket",
        "https://examplebucket.s3.amazonaws.com",
        "AKIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    )
    headers = signed_headers(settings, "GET", "/", "lifecycle=", datetime(2013, 5, 24, tzinfo=UTC))
    assert headers["Authorization"].endswith(
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    )


def test_settings_are_read_from_a_url_and_the_environment() -> None:
    secrets = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hidden"}
    settings = S3Settings.from_url(
        "s3://evidence/case/files?endpoint=https://s3.example.org&region=eu", secrets
    )
    assert settings == S3Settings(
        "evidence", "https://s3.example.org", "key", "hidden", region="eu", prefix="case/files/"
    )
    assert "hidden" not in repr(settings)
    assert (
        S3Settings.from_url("s3://b?region=eu-west-1", secrets).endpoint
        == "https://s3.eu-west-1.amazonaws.com"
    )


@pytest.mark.parametrize(
    "url", ["https://bucket", "s3:///prefix", "s3://b?secret=x", "s3://b?endpoint=ftp://x"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError):
        S3Settings.from_url(url, {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hidden"})


def test_missing_credentials_are_named() -> None:
    with pytest.raises(UsageError, match="AWS_ACCESS_KEY_ID"):
        S3Settings.from_url("s3://b", {})
