"""The day somebody has an account: two nights, a window that closes and a restore on AWS itself."""
