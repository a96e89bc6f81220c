"""A publication: the durable job that makes one file a model under one AIR, as stages, policy and store.

Third parties who write an engine may use the names of ``__all__`` of these modules:

- :mod:`rw_hooks.publication.model`: a publication as it is shown and returned.
- :mod:`rw_hooks.publication.store`: what is stored of each publication, and the protocol of the store.
- :mod:`rw_hooks.publication.policy`: what a publication becomes next.
- :mod:`rw_hooks.publication.journey`: running the stages of one publication in this process.
- :mod:`rw_hooks.publication.stages`: the stages.
- :mod:`rw_hooks.publication.services`: what the stages need: settings, store, Runware client, observer.
- :mod:`rw_hooks.publication.observer`: who is told of the progress.
- :mod:`rw_hooks.publication.report`: making what is shown from what is stored.
- :mod:`rw_hooks.publication.option_codec`: options as they are stored.

Users of :func:`rw_hooks.publish` need only :class:`rw_hooks.Publication`.
"""
