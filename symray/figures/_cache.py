"""Where Matplotlib keeps its cache of fonts where it may not write to the user's home folder.

By itself it makes a temporary one in every process, and warns of it.
"""

import os

from symray.folders import users_cache, users_folder

if "MPLCONFIGDIR" not in os.environ and users_folder(".config") is None:
    os.environ["MPLCONFIGDIR"] = str(users_cache() / "matplotlib")
