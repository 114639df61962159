"""``remora demo``; that its quick form goes the whole way is tested on the installed wheel."""

from __future__ import annotations


def test_too_few_digits_say_nothing_of_the_accuracy(remora):
    answer = remora("demo", "--limit", "199")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: --limit 199: give 200 digits or more, fewer say too little of the accuracy\n"
