"""The series report: one page on how the nights of a series went, from what is stored about them."""
