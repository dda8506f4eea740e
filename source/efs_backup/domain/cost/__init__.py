"""What a series costs: operations, metering, prices."""
