"""What the fixtures of this directory promise the other tests."""

from __future__ import annotations

from threading import Thread

from django.db import connection, transaction

from safelight.server.people.models import Person


def _join(name: str) -> None:
    with transaction.atomic():
        Person.objects.create_user(f"{name}@example.org")
    connection.close()


def test_threads_see_each_others_commits(committing_db: None) -> None:
    threads = [Thread(target=_join, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Person.objects.count() == 4


def test_commits_of_one_test_do_not_reach_the_next(db: None) -> None:
    assert not Person.objects.exists()
