"""The files that go to an instance and to the functions: archives, where they lie, and the script that fetches them."""
