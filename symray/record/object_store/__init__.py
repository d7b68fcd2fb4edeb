"""Studies on an object store, for clusters whose nodes share no folder.

``SYMRAY_STORE`` names it. Under it lies what otherwise lies under ``SYMRAY_HOME``, which is then a
working copy on each node. Nothing is renamed there: an object is there whole or not at all, every
object has one writer, and a checkpoint's manifest is its last object.
"""

from symray.record.object_store.objects import Store

__all__ = ["Store"]
