"""The forms of both templates. Nothing here needs the CDK but `form.py`, which makes parameters of them."""
