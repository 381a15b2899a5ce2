def document(figures):
    return repr(figures)
