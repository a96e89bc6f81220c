class Extension:
    uid: str
    name: str
    @classmethod
    def get_process(cls) -> type: ...
