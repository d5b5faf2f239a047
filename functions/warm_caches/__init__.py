"""
Fetch what builds will ask for, through the external connections, before they ask.

The engine, in the deployed function and in ``steward warm`` alike:

- :mod:`~warm_caches.warming` warms packages of a repository (``engine``: what it is told and gives
  back; ``values``, ``wanting``, ``tally``), step by step (``steps``, with ``presence``,
  ``progress``, ``crew``, ``connections`` and ``archiving``).
- Pure: what is missing and what became of it (``decision``, ``newest``, ``verifying``, ``poms``).
- :mod:`~warm_caches.fetching` asks the endpoints, by ``asking`` and the modules of ``formats``;
  ``explaining`` says why a package is blocked.

The deployed side:

- :mod:`~warm_caches.app`: a message (``messages``) starts runs (``plans``, by ``planning`` with
  ``objects``), or warms a batch of one (``worker``); both are counted and sent on (``settling``,
  ``queue``), and people hear of it (``telling``).
- Between messages: ``runs`` and ``outages`` (values), kept by ``runs_table`` and ``outages_table``
  in one ``table``.
"""
