"""The base of processes."""


class BaseExtensionProcess:
    def __init__(self, process_id, job, config):
        self.process_id = process_id
        self.job = job
        self.config = config

    def run(self): ...
