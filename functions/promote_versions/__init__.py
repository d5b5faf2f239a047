"""
Copy the versions that pass the policy's gates from one repository to another, and no others.

Three handlers, each with a role of its own, which meet in the records and on queues alone:

- :mod:`~promote_versions.app`, the judge, for each package :mod:`~promote_versions.package`: what
  is there and known (``seen``), which versions are open (``settled``), what they need (``closure``,
  ``dependencies``), the facts (``gather``, ``osv``, ``topology``), the decision (``decision``,
  ``gates``, ``bypass``), what is written and ordered (``recorded``), who hears of it (``telling``).
  Its other messages: ``due`` and ``recheck`` (with ``findings``).
- :mod:`~promote_versions.approvals`: what a person says, by ``approval_decision``.
- :mod:`~promote_versions.copier`: an order is carried out by ``copying`` (with ``assets`` and
  ``bringing_back``) at a pace; what became of it goes through ``copy_outcomes``.

Between them: ``records`` (values), ``records_table`` with ``record_items`` and ``record_limits``;
``messages`` and ``queues``. For commands: ``repository``.
"""
