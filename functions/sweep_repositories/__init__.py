"""
Bring a whole domain to what the policy says: list it, plan, and apply the plan.

- :mod:`~sweep_repositories.plan_lines`: what is to be changed, as values and as JSON.
- :mod:`~sweep_repositories.gathering`: what every automation wants of one package, from one list of
  its versions, with the functions that decide on events.
- :mod:`~sweep_repositories.applying`: the lines of a package, carried out; again, if need be.

The deployed side, whose order ``sweep.asl.yaml`` says: :mod:`~sweep_repositories.app` reads,
:mod:`~sweep_repositories.apply_app` writes; what they hand on lies in files (``objects`` and
``keys``).
"""
