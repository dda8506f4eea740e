"""An AWS on one machine: moto, and the parts of AWS that it lacks."""
