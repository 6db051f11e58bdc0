"""Plans public-employment service circles on real roads.

Import the rooms that you need: ``from planner import network, isochrones, optimize``.
"""

__version__ = "0.1.0"
