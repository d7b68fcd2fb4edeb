"""Ray decides where and when: the only room that imports it.

A source of tasks comes in, and workers train them wherever Ray Tune has put them.
"""

from symray.collector import collect_less_often

collect_less_often()  # here for workers, which import this room and no command
