"""The base of extensions."""


class Extension:
    name = None
    uid = None

    @classmethod
    def get_process(cls): ...
