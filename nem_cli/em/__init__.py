"""Algorithm 1 on arrays: families, injections, screens, cooling, starts, stop rules and the loop.

Arrays are batches of trials: data are ``(trials, samples)``, parameters ``(trials, components)`` and
responsibilities ``(components, trials, samples)``. Nothing here knows of files, configs or Monte-Carlo plans.
"""
