"""The cost of a series: operations, metering, prices."""
