"""The services of AWS: moto behind HTTP, set right where it differs, and filled in where it has nothing."""
