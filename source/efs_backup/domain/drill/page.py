"""p"""


def page(r):
    return "<html>"
