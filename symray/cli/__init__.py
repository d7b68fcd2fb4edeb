"""The command line: words in, words out."""

from symray.collector import collect_less_often

collect_less_often()  # here for commands, before the first of them imports anything
